"""The database before it is used: waiting, refusing, migrating once, sharing its connections out."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from github_metrics.postgresql import database
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.settings import load_settings
from replay.errors import DatabaseAway, DatabaseError, DatabaseTooOld
from tests.processes import environment, keep_compiled

ROOT = Path(__file__).parent.parent
PASSWORD = "p@ss:w%rd/%20 '\\"


compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("database")


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[str]:
    with embedded_conninfo(data_dir) as conninfo:
        yield conninfo


@pytest.fixture
def conninfo(server: str) -> str:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS fresh WITH (FORCE)")
        connection.execute("CREATE DATABASE fresh")
    return make_conninfo(server, dbname="fresh")


def alembic(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alembic", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(**environ), capture_output=True, text=True, check=False)


def tables(conninfo: str) -> set[str]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in rows}


def test_a_database_that_stays_away_is_named_without_its_password() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told: list[str] = []
    conninfo = make_conninfo(host="127.0.0.1", port=port, dbname="metrics", user="me", password="hush")
    with pytest.raises(DatabaseAway, match=f"127.0.0.1:{port}/metrics has not answered for 1 seconds") as raised:
        database.await_database(conninfo, seconds=1, tell=told.append)
    assert len(told) == 1
    assert "hush" not in str(raised.value) + told[0]


def test_a_database_that_does_not_exist_is_not_waited_for(server: str) -> None:
    with pytest.raises(DatabaseError, match="does not exist"):
        database.await_database(make_conninfo(server, dbname="nowhere"))


def test_an_older_server_is_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database.await_database(server)
    monkeypatch.setattr(database, "OLDEST", 99)
    with pytest.raises(DatabaseTooOld, match="PostgreSQL 18; 99 or newer is needed"):
        database.await_database(server)


def test_several_that_migrate_together_migrate_once(conninfo: str) -> None:
    code = f"from github_metrics.postgresql.database import migrate; migrate({conninfo!r})"
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in processes] == [0] * 3
    assert {"webhooks", "alembic_version"} <= tables(conninfo)


def test_each_worker_gets_its_share_of_the_pool(server: str) -> None:
    shares = [
        database.pool_size_per_worker(
            load_settings({"METRICS_DB_POOL_SIZE": str(size), "METRICS_SERVER_WORKERS": str(workers)}), server
        )
        for size, workers in ((20, 4), (3, 4), (20, 1), (1000, 4), (20, 64))
    ]
    # 100 connections, 3 of them reserved, 3 for the projector and 2 beside each worker's pool.
    assert shares == [5, 1, 20, (94 // 4) - 2, 1]


def test_alembics_commands_work_on_the_embedded_database(data_dir: Path, server: str) -> None:
    for arguments in (
        ("upgrade", "head"),
        ("downgrade", "base"),
        ("stamp", "head"),
        ("stamp", "base"),
        ("upgrade", "head"),
    ):
        result = alembic(*arguments, METRICS_DATA_DIR=str(data_dir))
        assert result.returncode == 0, result.stderr
    assert "webhooks" in tables(server)
    assert "(head)" in alembic("history", METRICS_DATA_DIR=str(data_dir)).stdout
    compared = alembic("check", METRICS_DATA_DIR=str(data_dir))
    assert compared.returncode == 0, compared.stdout


def test_alembic_reaches_a_configured_database_with_any_password(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        host = connection.info.host
    environ = {"METRICS_DB_HOST": host, "METRICS_DB_NAME": "fresh", "METRICS_DB_USER": "postgres"}
    result = alembic("upgrade", "head", **environ, METRICS_DB_PASSWORD=PASSWORD)
    assert result.returncode == 0, result.stderr
    assert "webhooks" in tables(conninfo)


def test_alembic_tells_bad_settings_as_the_service_does() -> None:
    result = alembic("current", METRICS_DB_HOST="somewhere")
    assert result.returncode == 2
    assert result.stderr.startswith("METRICS_DB_NAME is missing")


def test_projections_are_none_of_alembics_business(conninfo: str) -> None:
    database.migrate(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE reviews (id int)")
        host = connection.info.host
    environ = {"METRICS_DB_HOST": host, "METRICS_DB_NAME": "fresh", "METRICS_DB_USER": "postgres"}
    compared = alembic("check", **environ, METRICS_DB_PASSWORD="x")
    assert compared.returncode == 0, compared.stdout
