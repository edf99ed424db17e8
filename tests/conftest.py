"""What every test stands on: one PostgreSQL for the run, and a database of its own for each test."""

import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import migrate
from github_metrics.postgresql.embedded import embedded_conninfo
from projections.catalog import active_projections
from projections.decode import decode
from replay.compression import register_dictionary
from replay.projector import Projector
from replay.views import publish_views

# A shell without job control starts what is in the background with SIGINT ignored, and so would be all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "test_accessibility",
    "test_replay_command",
    "test_replay_laws",
    "test_entrypoint",
    "test_overview",
    "test_durability",
    "test_background_rebuild",
    "test_time_travel",
)
"""Modules, the longest first: they open pages, or start processes, kill them, and start them again."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: the one of METRICS_TEST_DATABASE_URL, or an embedded one."""
    configured = os.environ.get("METRICS_TEST_DATABASE_URL")
    if configured:
        yield configured
        return
    directory: Path = tmp_path_factory.mktemp("server")
    with embedded_conninfo(directory) as conninfo:
        yield conninfo


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture(scope="session")
def template(server: str) -> Iterator[str]:
    """A migrated database with empty projections, to be cloned."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name}")
    conninfo = make_conninfo(server, dbname=name)
    migrate(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        register_dictionary(connection, current_dictionary())
        Projector(conninfo, active_projections(), decode).prepare(connection)
        publish_views(connection)
    yield name
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(server: str, template: str) -> Iterator[str]:
    """The connection string of a database of this test's own, migrated, with empty projections."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_conninfo(server, dbname=name)
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection[Any]]:
    """An open connection to that database, in autocommit."""
    with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as opened:
        yield opened


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """The queries that the service asks, which runs in a thread of this process, with their arguments."""
    found: list[tuple[Any, Any]] = []
    execute = psycopg.AsyncCursor.execute

    async def noted(self: Any, query: Any, arguments: Any = None, **options: Any) -> Any:
        if query:
            found.append((query, arguments))
        return await execute(self, query, arguments, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", noted)
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The modules that take longest first: one that began last would keep all others waiting."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    if item.path.stem in LONGEST:
        return LONGEST.index(item.path.stem)
    return len(LONGEST) + (item.get_closest_marker("browser") is None)
