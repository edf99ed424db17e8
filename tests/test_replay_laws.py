"""Laws 3, 5, 7, 8 and 9: what a crash, a kill, a swap, a park and a move to another server leave as it must be."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import BigInteger, Column

from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import migrate
from github_metrics.postgresql.embedded import Embedded, embedded
from github_metrics.postgresql.postgres import Postmaster, binaries
from projections.decode import decode
from projections.facts import strings
from replay import generations, projector, replays, retry
from replay.compression import register_dictionary
from replay.errors import ReplayError
from replay.event import Event
from replay.merges import Row, key, largest, total
from replay.projection import Projection
from replay.projector import Projector
from replay.retry import Retry
from replay.snapshot import reading_pool, snapshot
from tests.histories import (
    PROJECTIONS,
    assert_live_equals_the_fold,
    fill,
    live,
    project,
    run,
    schemas,
    states,
    stored,
    until,
)
from tests.processes import environment, keep_compiled
from tests.service import Service, running
from tests.test_entrypoint import ENTRYPOINT
from tests.test_projection_laws import append, pull_requests_told, titled

Connection = psycopg.Connection[Any]
compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)


# Law 5

KILLS = ("command", "worker", "database", "worker", "command")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Embedded]:
    """A server of this test's own: it is killed."""
    with embedded(tmp_path / "data") as server:
        migrate(server.conninfo)
        yield server


class Command:
    """`replay` as a process that may be killed."""

    def __init__(self, data_dir: Path, *arguments: str) -> None:
        self.output = data_dir.parent / f"output-{uuid.uuid4().hex}"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ENTRYPOINT), "replay", *arguments],
                env=environment(METRICS_DATA_DIR=str(data_dir)),
                cwd="/",
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def workers(self) -> list[psutil.Process]:
        try:
            children = psutil.Process(self.process.pid).children()
            return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        except psutil.Error:
            return []


def test_a_replay_that_is_killed_k_times_equals_one_that_is_not_and_equals_live(own: Embedded, tmp_path: Path) -> None:
    chance = random.Random(5)
    with psycopg.connect(own.conninfo, autocommit=True) as connection:
        register_dictionary(connection, current_dictionary())
        project(own.conninfo, connection)
        fill(connection, 12_000)
        project(own.conninfo, connection)
        # Half a second for each batch, so that there is time to kill.
        connection.execute(
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;"
            "CREATE TRIGGER slow BEFORE UPDATE ON replay_ranges FOR EACH ROW WHEN (NEW.position > OLD.position)"
            " EXECUTE FUNCTION slow()"
        )
    hit: list[str] = []
    for kill in KILLS:
        command = Command(tmp_path / "data", "--workers", "2")
        until(lambda command=command: command.workers() or command.process.poll() is not None)
        time.sleep(chance.uniform(0.8, 1.6))
        if command.process.poll() is not None:
            break
        hit.append(kill)
        if kill == "worker":
            os.kill(chance.choice(command.workers()).pid, signal.SIGKILL)
            time.sleep(chance.uniform(0.1, 0.6))  # another one is begun in its place, perhaps
        if kill == "database":
            server = Postmaster.read(tmp_path / "data" / "postgres")
            assert server is not None
            os.kill(server.pid, signal.SIGKILL)
        else:
            command.process.kill()
        command.process.wait(timeout=60)
    own.start()
    last = Command(tmp_path / "data", "--workers", "2")
    assert last.process.wait(timeout=100) == 0, last.output.read_text()
    assert len(hit) >= 3, hit
    with psycopg.connect(own.conninfo, autocommit=True, options="-c timezone=UTC") as connection:
        assert {replay.state for replay in replays.replays(connection)} == {"finished"}
        seen = live(connection)
        assert_live_equals_the_fold(connection)
        for projection in PROJECTIONS:
            first = stored(connection, projection, generations.schema_name(projection.name, 1))
            assert stored(connection, projection, seen[projection.name].schema_name) == first, projection.name
        assert {state for _name, _number, state in states(connection)} == {"live", "retired"}
        assert len(schemas(connection)) == len(states(connection))


# Law 3


class CrashingCursor(psycopg.Cursor[Any]):
    """After the n-th statement of its connection, the server ends the session."""

    connection: "CrashingConnection"

    def execute(self, *arguments: Any, **options: Any) -> Any:
        done = super().execute(*arguments, **options)
        self.connection.count()
        return done

    def executemany(self, *arguments: Any, **options: Any) -> Any:
        super().executemany(*arguments, **options)
        self.connection.count()

    def copy(self, *arguments: Any, **options: Any) -> Any:
        self.connection.count()
        return super().copy(*arguments, **options)


class CrashingConnection(psycopg.Connection[Any]):
    crash_at = 0
    counted = 0
    killer: Connection

    def count(self) -> None:
        self.counted += 1
        if self.counted == self.crash_at:
            self.killer.execute("SELECT pg_terminate_backend(%s, 5000)", (self.info.backend_pid,))


def overflowing_rows(event: Event[Any]) -> Iterator[Row]:
    yield {"number": event.position, "events": 1}
    yield {"number": 2**63 if titled(event) == "bad" else 0, "events": 1}


OVERFLOWING = Projection(
    name="overflowing",
    version=1,
    events=frozenset({"pull_request"}),
    columns=(key(Column("number", BigInteger)), total("events")),
    rows=overflowing_rows,
)


@pytest.mark.parametrize("careful", [False, True], ids=["all at once", "with care"])
@pytest.mark.parametrize("stage_from", [3, 10_000], ids=["copied", "inserted"])
def test_tables_equal_the_fold_at_every_crash_point(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch, careful: bool, stage_from: int
) -> None:
    from replay import batch, load

    for module in (batch, load):
        if hasattr(module, "STAGE_FROM"):
            monkeypatch.setattr(module, "STAGE_FROM", stage_from)
    projections = (*PROJECTIONS, OVERFLOWING)
    conductor = Projector(database, projections, decode)
    conductor.prepare(connection)
    append(connection, pull_requests_told(10, bad={7} if careful else set()))
    at = 0
    while positions(connection) != {generations.head(connection)}:
        at += 1
        crashing = CrashingConnection.connect(database, autocommit=True, cursor_factory=CrashingCursor)
        crashing.killer, crashing.crash_at = connection, at
        before = positions(connection)
        try:
            conductor.run_once(crashing)
        except psycopg.OperationalError:
            assert positions(connection) in (before, {generations.head(connection)})
        finally:
            crashing.close()
        parked = {row[0] for row in connection.execute("SELECT position FROM parked_events").fetchall()}
        assert len(parked) == (1 if careful and positions(connection) != {0} else 0)
        assert_equal_but_parked(connection, projections, parked)
    assert at > 10


def positions(connection: Connection) -> set[int]:
    return {generation.position for generation in generations.generations(connection)}


def assert_equal_but_parked(connection: Connection, projections: tuple[Projection, ...], parked: set[int]) -> None:
    assert_live_equals_the_fold(connection, tuple(p for p in projections if p is not OVERFLOWING))
    position = live(connection)["overflowing"].position
    rows = connection.execute("SELECT number, events FROM overflowing_g1.overflowing ORDER BY number").fetchall()
    good = [number for number in range(1, position + 1) if number not in parked]
    assert rows == ([(0, len(good))] if good else []) + [(number, 1) for number in good]


# Law 7


class Readers:
    """They read without a pause while everything else happens, and remember what was wrong."""

    def __init__(self, database: str, service: Service) -> None:
        self.faults: list[str] = []
        self.reads = 0
        self._database = database
        self._service = service
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=[what])
            for what in (self._over_http, self._directly, self._directly, self._views)
        ]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, what: Callable[[], None]) -> None:
        try:
            what()
        except BaseException as error:  # noqa: BLE001 - of a thread: told by the test
            self.faults.append(repr(error))

    def _over_http(self) -> None:
        latest = 0
        with httpx2.Client(base_url=self._service.url, timeout=20) as client:
            while not self._stop.is_set():
                for path in ("/health", "/api/metrics/summary", "/api/metrics/webhooks?page_size=2"):
                    answer = client.get(path)
                    if answer.status_code != 200:
                        self.faults.append(f"{path}: {answer.status_code} {answer.text}")
                        return
                # The listing is read last: its total never runs back.
                count = answer.json()["pagination"]["total"]
                if count < latest:
                    self.faults.append(f"{count} events after {latest}")
                latest = count
                self.reads += 1
                time.sleep(0.05)

    def _directly(self) -> None:
        async def read() -> None:
            latest: dict[str, int] = {}
            async with reading_pool(self._database, 1) as pool:
                while not self._stop.is_set():
                    latest = await self._one_snapshot(pool, latest)
                    self.reads += 1
                    await asyncio.sleep(0.01)

        asyncio.run(read())

    async def _one_snapshot(self, pool: Any, latest: dict[str, int]) -> dict[str, int]:
        names = ["webhook_events", "event_counts", "pull_requests"]
        async with snapshot(pool, names) as taken:
            for name, query in (
                ("event_counts", "SELECT coalesce(sum(events), 0)::bigint AS n FROM event_counts"),
                ("webhook_events", "SELECT count(*) AS n FROM webhook_events"),
            ):
                await asyncio.sleep(0.002)
                expected = await taken.one(
                    "SELECT count(*) AS n FROM webhooks WHERE position <= %(at)s", {"at": taken.positions[name]}
                )
                found = await taken.one(query)  # type: ignore[arg-type]
                if found != expected:
                    self.faults.append(f"{name} at {taken.positions[name]}: {found} rows, not {expected}")
            self.faults += [
                f"{name} ran back from {latest[name]} to {position}"
                for name, position in taken.positions.items()
                if position < latest.get(name, 0)
            ]
            return dict(taken.positions)

    def _views(self) -> None:
        with psycopg.connect(self._database, autocommit=True) as connection:
            while not self._stop.is_set():
                connection.execute("SELECT count(*) FROM pull_requests JOIN pr_reviews USING (repository_id, number)")
                time.sleep(0.05)


def test_a_swap_under_load_gives_no_reader_an_error_or_a_mixture(database: str, connection: Connection) -> None:
    fill(connection, 1_000)
    project(database, connection)
    with (
        running(database) as service,
        Readers(database, service) as readers,
        psycopg.connect(database, options="-c timezone=UTC") as old,
    ):
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        names = [projection.name for projection in PROJECTIONS]
        before = old.execute("SELECT schema_name FROM projection_generations ORDER BY 1").fetchall()
        writing = threading.Event()
        writer = threading.Thread(target=keep_posting, args=[service, writing, readers.faults])
        writer.start()
        try:
            for arguments in ((), ("rollback", "pull_requests"), ("event_counts", "webhook_events")):
                done = run(database, "replay", *arguments)
                assert done.returncode == 0, done.stderr
            read_by_old = {
                name: old.execute(f"SELECT count(*) FROM {schema}.{name}".encode()).fetchone()
                for name, (schema,) in zip(sorted(names), before, strict=True)
            }
        finally:
            writing.set()
            writer.join()
        assert read_by_old["webhook_events"] == (1_000,)
        until(lambda: positions_live(connection) == {generations.head(connection)})
    assert readers.faults == []
    assert readers.reads > 100
    assert {name: g.generation for name, g in live(connection).items()} == {
        name: {"pull_requests": 1, "event_counts": 3, "webhook_events": 3}.get(name, 2) for name in names
    }
    assert_live_equals_the_fold(connection)
    for name in names:
        definition = connection.execute("SELECT pg_get_viewdef(%s::regclass)", (f"public.{name}",)).fetchone()
        assert definition is not None
        assert f"{name}_g{live(connection)[name].generation}." in definition[0]


def positions_live(connection: Connection) -> set[int]:
    return {generation.position for generation in live(connection).values()}


def keep_posting(service: Service, stop: threading.Event, faults: list[str]) -> None:
    with httpx2.Client(base_url=service.url, timeout=20) as client:
        own = replace(service, client=client)
        number = 0
        while not stop.is_set():
            number += 1
            answer = own.post("star", {"action": "created", "repository": {"id": 7, "full_name": "o/r"}, "n": number})
            if answer.status_code != 200:
                faults.append(f"posting: {answer.status_code}")
            time.sleep(0.02)


# Law 8


class Fault:
    """What is wrong with the world until it is mended: not a part of any definition."""

    bad = True


def failing_rows(event: Event[Any]) -> Iterator[Row]:
    title = titled(event)
    yield {"title": "all", "number": 1, "events": 1, "last": event.position}
    if title == "bad" and Fault.bad:
        raise ValueError("not yet")
    yield {"title": title, "number": event.position % 3, "events": 2, "last": event.position}


def unstorable_rows(event: Event[Any]) -> Iterator[Row]:
    title = titled(event)
    number = 2**63 if title == "bad" and Fault.bad else event.position % 2
    yield {"title": title, "number": number, "events": 1, "last": event.position}


def declare(name: str, rows: Callable[[Event[Any]], Iterator[Row]]) -> Projection:
    return Projection(
        name=name,
        version=1,
        events=frozenset({"pull_request"}),
        columns=(
            key(*strings("title"), Column("number", BigInteger)),
            total("events"),
            largest(Column("last", BigInteger)),
        ),
        rows=rows,
    )


FAILING = (declare("failing", failing_rows), declare("unstorable", unstorable_rows))


@pytest.fixture
def parked(database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> list[retry.ParkedEvent]:
    monkeypatch.setattr(Fault, "bad", True)
    monkeypatch.setattr(projector, "BATCH", 7)
    append(connection, pull_requests_told(60, bad={3, 4, 17, 30, 31, 44, 60}))
    project(database, connection, FAILING)
    found = retry.parked(connection)
    assert len(found) == 2 * 7
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_parked_mended_and_retried_equals_never_parked(
    database: str, connection: Connection, parked: list[retry.ParkedEvent], seed: int
) -> None:
    again = Retry(connection, retry.by_name(FAILING), decode)
    random.Random(seed).shuffle(parked)
    assert again.retry(parked[0]) is not None
    Fault.bad = False
    # The live projector goes on meanwhile.
    append(connection, pull_requests_told(90, bad={70})[60:])
    for number, event in enumerate(parked):
        assert again.retry(event) is None
        if number == 4:
            project(database, connection, FAILING)
    assert retry.parked(connection) == []
    assert_live_equals_the_fold(connection, FAILING)
    (all_told,) = connection.execute("SELECT events FROM failing_g1.failing WHERE title = 'all'").fetchall()
    assert all_told == (90,)
    for event in parked:
        with pytest.raises(ReplayError, match="not parked any more"):
            again.retry(event)


def test_one_parked_event_retried_by_many_at_once_is_applied_once(
    database: str, connection: Connection, parked: list[retry.ParkedEvent]
) -> None:
    Fault.bad = False
    together = threading.Barrier(4, timeout=20)

    def retry_all(seed: int) -> int:
        applied = 0
        with psycopg.connect(database, autocommit=True) as own:
            again = Retry(own, retry.by_name(FAILING), decode)
            for event in parked:
                together.wait()
                with suppress(ReplayError):
                    applied += again.retry(event) is None
        return applied

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(retry_all, range(4))) == len(parked)
    assert_live_equals_the_fold(connection, FAILING)


# Law 9


def tool(name: str, conninfo: str, *arguments: str) -> None:
    parts = conninfo_to_dict(conninfo)
    place = [f"--host={parts['host']}", f"--port={parts['port']}", f"--username={parts['user']}"]
    done = subprocess.run(
        [str(binaries() / name), *place, f"--dbname={parts['dbname']}", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_dump_and_restore_into_a_fresh_cluster_resumes_with_nothing_skipped_or_repeated(
    database: str, connection: Connection, tmp_path: Path
) -> None:
    fill(connection, 900)
    project(database, connection)
    fill(connection, 1_300, after=900)  # not projected yet
    dump = tmp_path / "dump"
    tool("pg_dump", database, "--format=custom", f"--file={dump}")
    with embedded(tmp_path / "fresh") as fresh:
        tool("pg_restore", fresh.conninfo, "--exit-on-error", str(dump))
        migrate(fresh.conninfo)
        with psycopg.connect(fresh.conninfo, autocommit=True, options="-c timezone=UTC") as restored:
            assert positions(restored) == positions(connection) == {900}
            for one in (connection, restored):
                fill(one, 1_500, after=1_200)  # a hundred of which are there already
                assert generations.head(one) >= 1_500
            project(fresh.conninfo, restored)
            project(database, connection)
            log = "SELECT delivery_id FROM webhooks ORDER BY position"
            assert restored.execute(log).fetchall() == connection.execute(log).fetchall()
            assert restored.execute("SELECT count(*) FROM duplicate_deliveries").fetchone() == (100,)
            assert_live_equals_the_fold(restored)
            for name, generation in live(restored).items():
                rows = f"SELECT count(*) FROM {generation.schema_name}.{name}".encode()
                assert restored.execute(rows).fetchone() == connection.execute(rows).fetchone()
            done = run(fresh.conninfo, "verify")
            assert done.returncode == 0, done.stdout
            with pytest.raises(psycopg.errors.RestrictViolation):
                restored.execute("DELETE FROM webhooks")
