"""The image and the compose file agree with the settings and with the tree; no daemon is needed to see it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from github_metrics.environment import unknown_variables
from github_metrics.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "examples" / "docker-compose.yaml"
VARIABLE = re.compile(r"\bMETRICS_[A-Z_]+\b")


def services(text: str) -> dict[str, Any]:
    return dict(yaml.safe_load(text)["services"])


def environment(service: dict[str, Any]) -> dict[str, str]:
    return dict(item.replace("${POSTGRES_PASSWORD}", "s3cret").split("=", 1) for item in service["environment"])


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, rest in (line.split(None, 1) for line in lines)]


def last_stage() -> dict[str, str]:
    stages = instructions()
    start = max(index for index, (word, _) in enumerate(stages) if word == "FROM")
    return dict(stages[start:])


@pytest.mark.parametrize("file", ["Dockerfile", "examples/docker-compose.yaml"])
def test_every_variable_named_is_a_setting(file: str) -> None:
    names = VARIABLE.findall((ROOT / file).read_text())
    assert names
    assert unknown_variables(Settings, names) == []


def test_compose_starts_the_service_after_its_database() -> None:
    postgres, service = services(COMPOSE.read_text()).values()
    assert postgres["image"] == "postgres:16-alpine"
    assert "pg_isready -U metrics -d github_metrics" in postgres["healthcheck"]["test"]
    assert postgres["ports"] == ["127.0.0.1:5432:5432"]
    assert service["depends_on"] == {"github-metrics-postgres": {"condition": "service_healthy"}}
    assert service["ports"] == ["8080:8080"]


def test_composes_settings_are_valid_and_name_its_database() -> None:
    postgres, service = services(COMPOSE.read_text()).values()
    settings = load_settings(environment(service))
    database = environment(postgres)
    assert (settings.db_host, settings.db_port) == ("github-metrics-postgres", 5432)
    assert (settings.db_name, settings.db_user) == (database["POSTGRES_DB"], database["POSTGRES_USER"])
    assert settings.db_password is not None
    assert settings.db_password.get_secret_value() == database["POSTGRES_PASSWORD"]


def test_what_compose_offers_in_comments_is_valid_too() -> None:
    uncommented = COMPOSE.read_text().replace("# - METRICS_", "- METRICS_")
    settings = load_settings(environment(services(uncommented)["github-metrics"]))
    assert settings.setup_webhook
    assert settings.repositories == ("org/repo1", "org/repo2")


def test_the_image_runs_as_a_fixed_ordinary_user_and_stops_on_sigterm() -> None:
    stage = last_stage()
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage["USER"])
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["ENTRYPOINT"] == '["python", "entrypoint.py"]'
    assert "/health" in stage["HEALTHCHECK"]


def test_alembic_works_in_the_images_directory() -> None:
    stage = last_stage()
    copied = " ".join(rest for word, rest in instructions() if word == "COPY")
    assert stage["WORKDIR"] == "/app"
    assert "/app/.venv/bin:$PATH" in stage["ENV"]
    assert "pyproject.toml" in copied
    assert "alembic ./alembic" in copied


def test_what_is_copied_is_not_ignored() -> None:
    allowed = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    for word, rest in instructions():
        if word == "COPY" and "--from" not in rest:
            assert set(rest.split()[:-1]) <= allowed


def test_the_health_check_is_python() -> None:
    _, _, code = last_stage()["HEALTHCHECK"].partition('"-c", "')
    compile(code.removesuffix('"]'), "HEALTHCHECK", "exec")


def test_the_check_script_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
