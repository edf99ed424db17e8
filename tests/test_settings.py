"""Settings: where they come from, what is refused, and how it is said."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import ValidationError

from github_metrics.environment import unknown_variables
from github_metrics.settings import Settings, as_written, load_settings, setting_rows
from replay.errors import SettingsError

DATABASE = {"METRICS_DB_NAME": "metrics", "METRICS_DB_USER": "me", "METRICS_DB_PASSWORD": "p@:%/ 'x"}


def faults(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(environ)
    return str(raised.value).splitlines()


def test_nothing_given_means_the_documented_defaults_and_the_embedded_database() -> None:
    settings = load_settings({})
    assert settings.embedded
    assert (settings.db_host, settings.db_port, settings.db_pool_size) == ("localhost", 5432, 20)
    assert (settings.server_host, settings.server_port, settings.server_workers) == ("0.0.0.0", 8080, 4)
    assert settings.mcp_enabled
    assert settings.api_keys == settings.webhook_secret == settings.repositories == ()
    assert {settings.verify_github_ips, settings.verify_cloudflare_ips, settings.setup_webhook} == {False}
    assert settings.production_environments == ("production", "prod")
    assert settings.data_dir.is_absolute()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings({}).server_port = 1


def test_a_database_is_connected_to_with_any_password() -> None:
    parameters = conninfo_to_dict(load_settings(DATABASE).conninfo())
    assert parameters["password"] == "p@:%/ 'x"
    assert parameters["dbname"] == "metrics"


@pytest.mark.parametrize("given", ["DB_NAME", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT"])
def test_a_half_given_database_names_what_is_missing(given: str) -> None:
    lines = faults(**{f"METRICS_{given}": "5433"})
    missing = [name for name in DATABASE if name != f"METRICS_{given}"]
    assert lines == [f"{name} is missing, although METRICS_{given} is given" for name in missing]


def test_a_pool_size_alone_is_no_database() -> None:
    assert load_settings({"METRICS_DB_POOL_SIZE": "5"}).embedded


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_SERVER_PORT", "0"),
        ("METRICS_SERVER_PORT", "65536"),
        ("METRICS_SERVER_PORT", "http"),
        ("METRICS_DB_PORT", "-1"),
        ("METRICS_SERVER_WORKERS", "0"),
        ("METRICS_SERVER_WORKERS", "65"),
        ("METRICS_DB_POOL_SIZE", "0"),
        ("METRICS_MCP_ENABLED", "perhaps"),
        ("METRICS_LOG_FORMAT", "xml"),
        ("METRICS_REPOSITORIES", "good/one,bad"),
        ("METRICS_WEBHOOK_URL", "example.org/metrics"),
        ("METRICS_CORS_ORIGINS", "https://example.org/path"),
    ],
)
def test_each_bad_value_is_one_line_that_names_the_variable(name: str, value: str) -> None:
    (line,) = faults(**DATABASE, **{name: value})
    assert line.startswith(f"{name}: ")
    assert value.removeprefix("good/one,") in line


def test_every_fault_is_told_at_once() -> None:
    assert len(faults(METRICS_SERVER_PORT="x", METRICS_SERVER_WORKERS="x", METRICS_DB_POOL_SIZE="x")) == 3


def test_setting_webhooks_up_needs_token_url_and_repositories() -> None:
    lines = faults(METRICS_SETUP_WEBHOOK="true")
    assert [line.split()[0] for line in lines] == [
        "METRICS_GITHUB_TOKEN",
        "METRICS_WEBHOOK_URL",
        "METRICS_REPOSITORIES",
    ]


def test_lists_are_separated_by_commas() -> None:
    settings = load_settings({"METRICS_REPOSITORIES": "org/a, org/b,", "METRICS_WEBHOOK_SECRET": "new,old"})
    assert settings.repositories == ("org/a", "org/b")
    assert [secret.get_secret_value() for secret in settings.webhook_secret] == ["new", "old"]


def test_an_empty_value_is_not_given() -> None:
    assert load_settings({"METRICS_DB_PASSWORD": "", "METRICS_SERVER_PORT": ""}).embedded


@pytest.mark.parametrize("name", ["METRICS_WEBHOOK_SECRET", "METRICS_API_KEYS", "METRICS_GITHUB_TOKEN"])
def test_a_secret_may_be_in_a_file(tmp_path: Path, name: str) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n")
    value = getattr(load_settings({f"{name}_FILE": str(file)}), name.removeprefix("METRICS_").lower())
    secret = value[0] if isinstance(value, tuple) else value
    assert secret.get_secret_value() == "s3cret"


def test_the_database_password_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from file\n")
    given = {name: value for name, value in DATABASE.items() if name != "METRICS_DB_PASSWORD"}
    settings = load_settings({**given, "METRICS_DB_PASSWORD_FILE": str(file)})
    assert conninfo_to_dict(settings.conninfo())["password"] == "from file"
    assert faults(**DATABASE, METRICS_DB_PASSWORD_FILE=str(file)) == [
        "METRICS_DB_PASSWORD and METRICS_DB_PASSWORD_FILE are both given: give one of them"
    ]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (line,) = faults(METRICS_API_KEYS_FILE=str(tmp_path / "none"))
    assert line.startswith("METRICS_API_KEYS_FILE: cannot read ")


def test_no_fault_and_no_representation_shows_a_secret() -> None:
    secret = {"METRICS_WEBHOOK_SECRET": "hush,hush2", "METRICS_GITHUB_TOKEN": "hush3", "METRICS_API_KEYS": "hush4"}
    assert "hush" not in "\n".join(faults(**secret, METRICS_SERVER_PORT="x"))
    settings = load_settings(secret)
    assert "hush" not in repr(settings) + "".join(as_written(value) for _, value in settings)


def test_dotenv_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("METRICS_SERVER_PORT=9001\nMETRICS_SERVER_WORKERS=2\nPOSTGRES_PASSWORD=x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METRICS_SERVER_WORKERS", "3")
    monkeypatch.delenv("METRICS_SERVER_PORT", raising=False)
    settings = load_settings()
    assert (settings.server_port, settings.server_workers) == (9001, 3)


def test_the_older_name_of_the_teams_file_is_understood(tmp_path: Path) -> None:
    assert load_settings({"METRICS_SIG_TEAMS_CONFIG": str(tmp_path / "a")}).teams_file == tmp_path / "a"
    assert load_settings({"METRICS_TEAMS_FILE": str(tmp_path / "b")}).teams_file == tmp_path / "b"


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    names = ["METRICS_SERVER_PROT", "METRICS_TEST_DATABASE_URL", "METRICS_API_KEYS_FILE", "PATH", *DATABASE]
    assert unknown_variables(Settings, names) == [
        "METRICS_SERVER_PROT is not a setting: did you mean METRICS_SERVER_PORT?"
    ]


def test_every_setting_is_described() -> None:
    rows = setting_rows()
    assert len(rows) == len(Settings.model_fields)
    assert all(name.startswith("METRICS_") and description for name, _, description in rows)
    assert ("METRICS_DB_POOL_SIZE", "20") in [row[:2] for row in rows]


@pytest.mark.parametrize("name", ["METRICS_WEBHOOK_SECRET", "METRICS_API_KEYS"])
def test_a_secret_that_is_empty_is_a_fault_and_not_an_open_door(name: str, tmp_path: Path) -> None:
    empty = tmp_path / "secret"
    empty.write_text("\n")
    with pytest.raises(SettingsError, match=f"{name}_FILE.*is empty"):
        load_settings({f"{name}_FILE": str(empty)})
    with pytest.raises(SettingsError, match=name):
        load_settings({name: ","})
