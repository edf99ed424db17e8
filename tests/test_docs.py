"""The documentation says what the code does: tables are compared, commands are looked up, examples are run."""

import ast
import importlib.util
import re
import shlex
import subprocess
import sys
import threading
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import typer
from psycopg import errors
from psycopg.conninfo import make_conninfo
from sqlalchemy import Column
from sqlalchemy.dialects import postgresql

import projections
from github_metrics.api.health import VERSION
from github_metrics.api.webhooks import WebhookEvent
from github_metrics.app import create_app
from github_metrics.commands.cli import app
from github_metrics.postgresql.database import migrate
from github_metrics.settings import Settings, load_settings, setting_rows
from projections import catalog, usage
from projections.catalog import active_projections, all_projections
from projections.decode import decode
from replay.event import Source
from replay.projector import Projector
from replay.tables import metadata
from tests.events import payload, pull_request, simple, user
from tests.service import running

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
BY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    return (ROOT / name).read_text()


def blocks(page: Path | str, *languages: str) -> list[str]:
    """The fenced blocks of a page in some of the languages."""
    found = FENCE.findall(page.read_text() if isinstance(page, Path) else text(page))
    return [content for language, content in found if language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text())


def cells(page: str, first: str) -> list[list[str]]:
    """The rows, under whatever heading, whose first cell matches `first` as a whole."""
    rows = [re.split(r" ?(?<!\\)\| ?", line)[1:-1] for line in text(page).splitlines() if line.startswith("|")]
    return [row for row in rows if re.fullmatch(first, row[0].strip())]


def sections(page: str, level: str = "##") -> dict[str, str]:
    """Heading -> what stands below it, to the next heading of its level."""
    parts = re.split(rf"^{level} (.*)$", text(page), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def code(cell: str) -> str:
    return cell.strip().strip("`")


# ── Every page ────────────────────────────────────────────────────────────────────────────────────────────────────


def anchors(page: Path) -> set[str]:
    """As GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@BY_PAGE
def test_every_relative_link_resolves(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{page.name}: {link} leads out of the repository"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: there is no heading for {link}"


@BY_PAGE
def test_nothing_refers_to_what_is_not_in_the_repository(page: Path) -> None:
    told = page.read_text()
    for alien in ("../shared", str(ROOT), str(Path.home()), "/tmp/"):
        assert alien not in told, f"{page.name} speaks of {alien}"


@BY_PAGE
def test_every_file_that_is_named_is_there(page: Path) -> None:
    for name in re.findall(
        r"`((?:\.ci|alembic|docs|examples|github_metrics|projections|replay|tests)/[\w./-]*)`", prose(page)
    ):
        assert name == "projections/issues.py" or (ROOT / name).exists(), f"{page.name}: there is no {name}"


@BY_PAGE
def test_json_examples_are_json(page: Path) -> None:
    for example in blocks(page, "json"):
        orjson.loads(example)


def test_the_readme_leads_to_every_page() -> None:
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)", text("README.md")))
    assert linked >= {f"docs/{page.name}" for page in DOCS.glob("*.md")} - {"docs/benchmarks.md"}


# ── Commands ──────────────────────────────────────────────────────────────────────────────────────────────────────


def leaves(command: Any, *path: str) -> Iterator[str]:
    """Every command that does something."""
    if not hasattr(command, "commands"):
        yield " ".join(path)
        return
    for name, below in command.commands.items():
        yield from leaves(below, *path, name)


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    documented = [code(row[0]) for row in cells("docs/operating.md", r"`[a-z]+( [a-z]+)?`") if len(row) == 2]
    assert sorted(documented) == sorted(leaves(typer.main.get_command(app)))


def shell_lines() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        for block in blocks(page, "bash"):
            found += [(page.name, line) for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    return found


@BY_PAGE
def test_shell_examples_can_be_parsed(page: Path) -> None:
    for block in blocks(page, "bash"):
        parsed = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
        assert parsed.returncode == 0, parsed.stderr


OURS = [(name, line) for name, line in shell_lines() if "entrypoint.py" in line]


@pytest.mark.parametrize(("page", "line"), OURS, ids=[line for _, line in OURS])
def test_our_commands_in_examples_exist_with_their_options(page: str, line: str) -> None:
    _, _, rest = line.partition("entrypoint.py")
    words = shlex.split(rest, comments=True)
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        if words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        elif command.name == "replay":
            command = command.commands["run"]
        else:
            assert not words, f"{page}: there is no command {words[0]}"
            return
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    if command.name in ("run", "verify", "rollback", "drop"):
        names = [word for word in words if re.fullmatch(r"[a-z]+_[a-z_]+", word)]
        assert set(names) <= {projection.name for projection in all_projections()}


def test_the_test_command_of_the_readme_is_what_ci_calls() -> None:
    assert "uv run pytest" in blocks("README.md", "bash")[-1].splitlines()
    assert "uv run pytest" in text(".ci/run")


# ── Settings ──────────────────────────────────────────────────────────────────────────────────────────────────────


def documented_settings() -> dict[str, str]:
    return {code(row[0]): code(row[1]) for row in cells("README.md", r"`METRICS_\w+`")}


def test_settings_are_documented_with_their_defaults() -> None:
    assert documented_settings() == {name: default for name, default, _ in setting_rows()}
    assert len(cells("README.md", r"`METRICS_\w+`")) == len(documented_settings()), "one is documented twice"


def test_settings_without_effect_are_said_to_be_so() -> None:
    used = set()
    for path in (ROOT / "github_metrics").rglob("*.py"):
        if path.name != "settings.py":
            used |= set(re.findall(r"\b(?:settings|current)\.(\w+)", path.read_text()))
    # These are read through conninfo() and `embedded`.
    used |= {"db_name", "db_user", "db_password", "db_host", "db_port"}
    reserved = {
        code(cell)
        for cell in re.findall(r"^\| (`METRICS_\w+`)", sections("README.md", "###")["Reserved"], re.MULTILINE)
    }
    assert reserved == {f"METRICS_{name.upper()}" for name in Settings.model_fields if name not in used}


def test_every_variable_that_is_named_is_a_setting() -> None:
    known = {name for name, _, _ in setting_rows()} | {"METRICS_SIG_TEAMS_CONFIG", "METRICS_TEST_DATABASE_URL"}
    known |= {f"METRICS_{name}_FILE" for name in ("DB_PASSWORD", "WEBHOOK_SECRET", "API_KEYS", "GITHUB_TOKEN")}
    for page in PAGES:
        named = set(re.findall(r"METRICS_[A-Z_]*[A-Z]\b", page.read_text())) - {"METRICS_DB", "METRICS_VERIFY"}
        assert named <= known, page.name


# ── The API ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    document: dict[str, Any] = create_app(load_settings({}), "").api.openapi()
    return document


def operations(openapi: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
    }


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_every_endpoint_is_documented(openapi: dict[str, Any], page: str) -> None:
    rows = [row for row in cells(page, "GET|POST|PUT|DELETE") if len(row) == 3]
    assert {(row[0].strip(), code(row[1])) for row in rows} == operations(openapi).keys()
    assert [code(row[1]) for row in cells(page, "WS") if len(row) == 3] == ["/metrics/ws"]
    if page == "docs/api.md":
        named = {(row[0].strip(), code(row[1])): code(row[2]) for row in rows}
        assert named == {where: operation["operationId"] for where, operation in operations(openapi).items()}


PARAMETER = re.compile(r"^\| `([\w-]+)` \| ([\w-]*) ?\| (.*) \|$", re.MULTILINE)


def shown(default: Any) -> str:
    """As it stands in an address."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_parameter_is_documented_with_its_default_and_bounds(openapi: dict[str, Any]) -> None:
    """In the section of its endpoint, or once for all where it means the same everywhere."""
    described = sections("docs/api.md")
    common = {name: default for name, default, _ in PARAMETER.findall(described["In common"])}
    for (method, path), operation in operations(openapi).items():
        section = described[f"{method} {path}"]
        if path == "/metrics":
            wanted = {parameter["name"] for parameter in operation["parameters"]}
            assert wanted <= set(re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE))
            continue
        rows = PARAMETER.findall(section.partition("Answer")[0])
        parameters = {parameter["name"]: parameter for parameter in operation.get("parameters", [])}
        defaults = {name: shown(parameter["schema"].get("default", "")) for name, parameter in parameters.items()}
        own = {name: default for name, default, _ in rows}
        assert len(own) == len(rows), path
        assert own.items() <= defaults.items(), path
        assert {name: default for name, default in defaults.items() if name not in own}.items() <= common.items(), path
        for name, _, meaning in rows:
            if name in ("page", "page_size"):
                schema = parameters[name]["schema"]
                (most,) = {one["maximum"] for one in (schema, *schema.get("anyOf", ())) if "maximum" in one}
                assert f"{most}" in meaning.replace(",", "")


def fields(openapi: dict[str, Any], schema: Any) -> set[str]:
    """The names of all fields within a schema, however deep."""
    if isinstance(schema, list):
        return set().union(*(fields(openapi, part) for part in schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    if reference := schema.get("$ref"):
        return fields(openapi, openapi["components"]["schemas"][reference.rpartition("/")[2]])
    within = [
        part for key, part in schema.items() if key in ("items", "anyOf", "allOf", "oneOf", "additionalProperties")
    ]
    properties = schema.get("properties", {})
    return set(properties) | fields(openapi, within) | fields(openapi, list(properties.values()))


def test_every_field_is_documented(openapi: dict[str, Any]) -> None:
    """In the section of its endpoint, in one that it refers to, or once for all."""
    described = sections("docs/api.md")
    listing = described["GET /api/metrics/webhooks"].partition("Answer")[2]
    assert re.findall(r"^\| `(\w+)` \|", listing, re.MULTILINE) == list(WebhookEvent.model_fields)
    by_anchor = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-"): heading for heading in described}
    for (method, path), operation in operations(openapi).items():
        section = described[f"{method} {path}"]
        referred = [
            described[by_anchor[anchor]] for anchor in re.findall(r"\(#([\w-]+)\)", section) if anchor in by_anchor
        ]
        told = "".join([section, described["In common"], *referred])
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        for field in sorted(fields(openapi, answer)):
            assert re.search(rf'[`"]{field}[`"]', told), f"{method} {path}: {field}"
    for field in usage.UsageReport.__struct_fields__:
        assert f"`{field}`" in described["POST /api/metrics/usage"], field


def test_the_event_of_the_readme_has_fields_that_there_are() -> None:
    (example,) = [found for found in map(orjson.loads, blocks("README.md", "json")) if "data" in found]
    (event,) = example["data"]
    assert WebhookEvent.model_validate(
        {"position": 1, "source": "webhook", "event_at": None, "suspect_replay": False, "repeats": 0, **event}
    )
    assert event.keys() <= WebhookEvent.model_fields.keys()


def test_the_tools_of_the_readme_are_those_that_there_are(openapi: dict[str, Any]) -> None:
    section = sections("README.md")["Ask an assistant"]
    named = re.findall(r"`(\w+)`", section.partition("The tools so far:")[2])
    reads = [where for where in operations(openapi) if where[0] == "GET" and where[1].startswith("/api/metrics/")]
    reads.remove(("GET", "/api/metrics/stream"))
    assert named == [operations(openapi)[where]["operationId"] for where in [("GET", "/health"), *reads]]


def test_usage_reports_in_examples_are_reports() -> None:
    examples = [
        example
        for page in ("README.md", "docs/api.md")
        for block in blocks(page, "bash")
        for example in re.findall(r"/usage --json '([^']*)'", block)
    ]
    assert len(examples) == 2
    for example in examples:
        assert usage.decoder.decode(example).reporter


# ── The database ──────────────────────────────────────────────────────────────────────────────────────────────────


def sql_type(column: Column[Any]) -> str:
    named = column.type.compile(dialect=postgresql.dialect()).lower()
    return named.replace(' collate "c"', "").replace("timestamp with time zone", "timestamptz")


def documented_columns(section: str) -> list[tuple[str, str, bool]]:
    rows = re.findall(r"^\| `(\w+)` \| ([\w\[\] ]+?)( \*\*key\*\*)? \|", section, re.MULTILINE)
    return [(name, kind, bool(key)) for name, kind, key in rows]


def test_read_models_are_documented_column_by_column() -> None:
    described = sections("docs/database.md", "###")
    assert sorted(described) == [projection.name for projection in all_projections()]
    for projection in all_projections():
        columns = [*projection.stored, *projection.derived]
        assert documented_columns(described[projection.name].partition("\n## ")[0]) == [
            (column.name, sql_type(column), column.name in projection.key)
            for column in columns
            if not column.name.endswith("_version")
        ], projection.name
        assert ("Optional" in described[projection.name]) is projection.optional


def test_the_log_is_documented() -> None:
    section = sections("docs/database.md")["The log and what belongs to it"]
    tables, _, columns = section.partition("The columns of `webhooks`")
    assert set(re.findall(r"^\| `(\w+)` \|", tables, re.MULTILINE)) == {*metadata.tables, "alembic_version"}
    log = metadata.tables["webhooks"]
    assert sorted(documented_columns(columns)) == sorted(
        (column.name, sql_type(column), column.primary_key) for column in log.columns
    )
    for source in Source:
        assert f"`{source.value}`" in columns


def queries(page: str) -> list[str]:
    return [query for query in blocks(page, "sql") if "CREATE ROLE" not in query]


@pytest.mark.parametrize("query", queries("docs/database.md"))
def test_queries_in_examples_run(connection: psycopg.Connection[Any], query: str) -> None:
    """On the tables behind the views, which a running projector publishes."""
    connection.execute(
        "SELECT set_config('search_path', string_agg(schema_name, ','), false) FROM projection_generations"
    )
    connection.execute(query.encode())


def sent(service: Any) -> str:
    """One delivery, read back: its position."""
    body = payload("opened", pull_request=pull_request(1))
    position: str = service.post("pull_request", body).headers["X-Log-Position"]
    assert service.get("/api/metrics/summary", min_position=position)["summary"]["total_events"] == 1
    return position


@pytest.mark.parametrize("built", [True, False], ids=["the owner has built read models", "nothing is built"])
def test_the_role_of_production_appends_and_projects_and_cannot_change_the_log(
    server: str, database: str, built: bool
) -> None:
    (script,) = blocks("docs/operating.md", "sql role")
    role = f"metrics_service_{uuid.uuid4().hex[:8]}"
    if not built:
        database = make_conninfo(server, dbname=f"empty_{role}")
        execute(server, f"CREATE DATABASE empty_{role} TEMPLATE template0")
        migrate(database)
    execute(database, script.replace("metrics_service", role))
    theirs = make_conninfo(database, user=role, password="change-me")
    try:
        migrate(theirs)
        with running(theirs) as service:
            sent(service)
        with psycopg.connect(theirs, autocommit=True) as connection:
            assert connection.execute("SELECT count(*) FROM pull_requests").fetchone() == (1,)
            refused(connection)
        if built:
            ran = run(theirs, "replay", "pull_requests", "--workers", "1")
            assert ran.returncode == 0, ran.stderr
    finally:
        if not built:
            execute(server, f"DROP DATABASE empty_{role} WITH (FORCE)")
        else:
            execute(database, f"DROP OWNED BY {role} CASCADE")
        execute(server, f"DROP ROLE {role}")


def execute(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


def refused(connection: psycopg.Connection[Any]) -> None:
    """Whatever changes the log, or what guards it."""
    changed = {"webhooks": "event_type", "duplicate_deliveries": "hook_id", "body_dictionaries": "content"}
    for table, column in changed.items():
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table}",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER append_only",
            f"DROP TRIGGER append_only ON {table}",
            f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    for statement in (
        "INSERT INTO webhooks OVERRIDING SYSTEM VALUE SELECT * FROM webhooks",
        "SET session_replication_role = replica",
        "DROP FUNCTION append_webhooks",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def run(database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Our command line on a database, in a process of its own. A password may be any: the socket trusts us."""
    from psycopg.conninfo import conninfo_to_dict

    from tests.processes import environment

    given = conninfo_to_dict(database)
    settings = {
        f"METRICS_DB_{name}": str(given[key])
        for name, key in {
            "HOST": "host",
            "PORT": "port",
            "NAME": "dbname",
            "USER": "user",
            "PASSWORD": "password",
        }.items()
        if key in given
    }
    return subprocess.run(
        [sys.executable, "entrypoint.py", *arguments],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# ── The architecture, the version, the licence ────────────────────────────────────────────────────────────────────


def test_every_law_names_a_test_that_exists() -> None:
    rows = cells("docs/architecture.md", r"\d+")
    assert rows
    for number, _, named in rows:
        path, _, name = code(named).partition("::")
        functions = [node.name for node in ast.walk(ast.parse(text(path))) if isinstance(node, ast.FunctionDef)]
        assert name in functions, f"law {number}: there is no {named}"


def test_the_laws_are_all_there() -> None:
    section = sections("docs/architecture.md")["Laws"]
    numbers = [int(row[0]) for row in cells("docs/architecture.md", r"\d+")]
    waiting = [int(number) for number in re.findall(r"\((\d+)\)", section)]
    assert sorted(numbers + waiting) == list(range(1, 13))


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    newest = re.search(r"^## (\d+\.\d+\.\d+)", text("CHANGELOG.md"), re.MULTILINE)
    assert newest
    assert project["version"] == newest[1] == VERSION
    assert f"ARG VERSION={project['version']}" in text("Dockerfile")


def test_the_licence_is_whole() -> None:
    licence = text("LICENSE")
    assert "Version 2.0, January 2004" in licence
    assert [number for number in range(1, 10) if f"   {number}. " not in licence] == []
    assert "END OF TERMS AND CONDITIONS" in licence


# ── The worked example ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def issues_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module, _ = blocks("docs/adding-a-projection.md", "python")
    (tmp_path / "issues.py").write_text(module)
    monkeypatch.setattr(projections, "__path__", [*projections.__path__, str(tmp_path)])
    catalog.all_projections.cache_clear()
    yield
    catalog.all_projections.cache_clear()
    sys.modules.pop("projections.issues", None)
    vars(projections).pop("issues", None)


def test_the_test_of_the_worked_example_passes(issues_file: None, tmp_path: Path) -> None:
    _, example = blocks("docs/adding-a-projection.md", "python")
    (tmp_path / "example.py").write_text(example)
    specification = importlib.util.spec_from_file_location("example", tmp_path / "example.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    tests = [function for name, function in vars(module).items() if name.startswith("test_")]
    assert tests
    for test in tests:
        test()


def test_the_worked_example_is_built_from_the_history_that_is_there(
    issues_file: None, connection: psycopg.Connection[Any], database: str
) -> None:
    with running(database) as service:
        issue = {
            "number": 7,
            "title": "It rains",
            "state": "open",
            "user": user("octocat"),
            "updated_at": "2026-03-02T10:00:00Z",
        }
        service.post("issues", payload("opened", issue=simple(issue)))
        service.get("/api/metrics/summary", min_position=1)
    stop = threading.Event()
    projector = Projector(database, active_projections(), decode)
    thread = threading.Thread(target=projector.run, args=[stop])
    thread.start()
    try:
        with running(database, projector=False) as service:
            listed: list[Any] = []
            for _ in range(100):
                listed = [one for one in service.get("/health")["projections"] if one["name"] == "issues"]
                if listed and listed[0]["lag_events"] == 0:
                    break
                threading.Event().wait(0.1)
        assert [one["state"] for one in listed] == ["live"]
        assert connection.execute("SELECT number, title, author FROM issues").fetchall() == [(7, "It rains", "octocat")]
    finally:
        stop.set()
        thread.join()
