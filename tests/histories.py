"""A long log, and what its projections must be: the fold of it."""

import hashlib
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from projections.catalog import active_projections
from projections.decode import decode
from replay import generations
from replay.compression import Compressor
from replay.event import Delivery
from replay.fold import fold
from replay.generations import Generation
from replay.load import values
from replay.log import LogReader, append
from replay.projection import Projection
from replay.projector import Projector
from tests.command import settings_of
from tests.processes import environment
from tests.test_entrypoint import ENTRYPOINT

Connection = psycopg.Connection[Any]
Rows = dict[tuple[Any, ...], tuple[Any, ...]]
"""Key -> the whole row."""
PROJECTIONS = active_projections()
END = datetime(2026, 9, 1, tzinfo=UTC)


@cache
def deliveries(count: int, seed: int = 7) -> tuple[Delivery, ...]:
    """Simulated ones; what a simulated organisation sends in a year or so."""
    return tuple(islice(_simulated(seed), count))


def _simulated(seed: int) -> Iterator[Delivery]:
    for told in simulate(seed=seed, until=END, days=365, pull_requests=4_000):
        read = decode(told.event_type, told.body).payload
        yield Delivery(
            told.delivery_id,
            told.event_type,
            told.body,
            hashlib.sha256(told.body).digest(),
            END,
            END,
            1,
            (read.repository.id or 0) if read is not None and read.repository is not None else 0,
        )


def fill(connection: Connection, count: int, *, after: int = 0) -> None:
    """Append deliveries `after` to `count` of the simulated history."""
    compressor = Compressor(current_dictionary())
    told = deliveries(count)[after:]
    for start in range(0, len(told), 500):
        append(connection, told[start : start + 500], compressor)


def project(database: str, connection: Connection, projections: tuple[Projection, ...] = PROJECTIONS) -> None:
    """Bring what is live and building up to the log, as a service would; everything is built without processes."""
    projector = Projector(database, projections, decode)
    projector.prepare(connection)
    names = {projection.name for projection in projections}
    while any(
        g.position < generations.head(connection)
        for g in generations.generations(connection)
        if g.projection in names and g.state in ("live", "building")
    ) or any(g.state == "building" for g in generations.generations(connection) if g.projection in names):
        projector.run_once(connection)


def by_key(projection: Projection, rows: Any) -> Rows:
    return {row[: len(projection.key)]: row for row in rows}


def stored(connection: Connection, projection: Projection, schema: str) -> Rows:
    names = sql.SQL(", ").join(map(sql.Identifier, projection.names))
    query = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(schema, projection.name))
    return by_key(projection, connection.execute(query).fetchall())


def folded(connection: Connection, projections: tuple[Projection, ...] = PROJECTIONS, until: int = 2**62) -> list[Rows]:
    """What the log says that the tables are at a position."""
    reader = LogReader(connection, decode)
    records = reader.records(0, limit=10**7, until=until, max_bytes=2**40)
    found, _last = fold(projections, reader.events(records, max_bytes=2**40))
    return [by_key(one.projection, values(one.projection, one.rows.values())) for one in found]


def live(connection: Connection) -> dict[str, Generation]:
    """The generations that readers see."""
    return {g.projection: g for g in generations.generations(connection) if g.live}


def assert_live_equals_the_fold(connection: Connection, projections: tuple[Projection, ...] = PROJECTIONS) -> None:
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seen = live(connection)
        positions = {seen[projection.name].position for projection in projections}
        expected = {at: dict(zip(projections, folded(connection, projections, at), strict=True)) for at in positions}
        for projection in projections:
            own = seen[projection.name]
            assert stored(connection, projection, own.schema_name) == expected[own.position][projection], own


def states(connection: Connection) -> list[tuple[str, int, str]]:
    return [(g.projection, g.generation, g.state) for g in generations.generations(connection)]


def schemas(connection: Connection) -> set[str]:
    """The schemas that generations have, be they known or left over."""
    found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '_g[0-9]+$'")
    return {row[0] for row in found.fetchall()}


def run(database: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own; standard input is no terminal."""
    return subprocess.run(
        [sys.executable, str(ENTRYPOINT), *arguments],
        env=environment(**settings_of(database, **more)),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


LONG = 5_000
"""Events: three ranges for a replay."""


@pytest.fixture(scope="module")
def long_template(server: str, template: str) -> Iterator[str]:
    """A database with a history, projected, to be cloned."""
    name = f"long_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        conninfo = make_conninfo(server, dbname=name)
        with psycopg.connect(conninfo, autocommit=True, options="-c timezone=UTC") as filled:
            fill(filled, LONG)
            project(conninfo, filled)
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def long(server: str, long_template: str) -> Iterator[str]:
    """A database of this test's own, with that history."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {long_template}".encode())
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def opened(long: str) -> Iterator[Connection]:
    """A connection to it."""
    with psycopg.connect(long, autocommit=True, options="-c timezone=UTC") as connection:
        yield connection


GATE = 4711


class Gate:
    """Shut, no replay gets beyond its first range: its workers wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        connection.execute(
            "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock_shared({GATE}); RETURN NEW; END $$;"
            " CREATE TRIGGER gate BEFORE UPDATE ON replay_ranges FOR EACH ROW"
            " WHEN (NEW.position > OLD.position AND NEW.number > 0) EXECUTE FUNCTION gate()".encode()
        )
        connection.execute("SELECT pg_advisory_lock(%s)", (GATE,))

    def reached(self) -> bool:
        """Whether a worker waits, and the first range is done."""
        waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted)"
        done = "SELECT EXISTS (SELECT FROM replay_ranges WHERE number = 0 AND position = until)"
        answers = [self._connection.execute(waiting, (GATE,)).fetchone(), self._connection.execute(done).fetchone()]
        return answers == [(True,), (True,)]

    def open(self) -> None:
        """Where it is open already, nothing happens."""
        self._connection.execute("SELECT pg_advisory_unlock(%s)", (GATE,))

    @contextmanager
    def opened_at_last(self) -> Iterator[None]:
        """A test that fails before it has opened the gate waits for nobody who waits at it."""
        try:
            yield
        finally:
            self.open()


def until(condition: Callable[[], object], what: str = "waited in vain", *, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def begun(database: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """A command in a process of its own, not waited for."""
    return subprocess.Popen(
        [sys.executable, str(ENTRYPOINT), *arguments],
        env=environment(**settings_of(database, **more)),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
