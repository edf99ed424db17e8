"""Law 2: what was acknowledged is in the log exactly once, whichever process is killed; and a database that is away
is answered with 503, in time.
"""

import asyncio
import hashlib
import os
import random
import signal
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from psycopg import sql

from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import migrate
from github_metrics.postgresql.embedded import Embedded, embedded
from github_metrics.postgresql.postgres import Postmaster
from github_metrics.receiving.appender import Appender
from github_metrics.simulator import simulate
from github_metrics.simulator.delivery import Delivery as Simulated
from projections.catalog import active_projections
from projections.decode import decode
from replay.compression import Compressor
from replay.errors import DatabaseAway, LogError
from replay.event import Appended, Delivery
from replay.fold import fold
from replay.load import values
from replay.log import LogReader
from replay.projection import Projection
from tests.processes import keep_compiled
from tests.service import SECRET, Service, running
from tests.test_entrypoint import Service as Process

PATIENCE = 8.0
"""GitHub gives up after ten seconds."""
SENDERS = 8
PAUSE = 0.04
"""Between two deliveries of a sender: 8 of them send at most 200 a second."""
BACK_SECONDS = 40

Connection = psycopg.Connection[Any]
Rows = dict[tuple[Any, ...], list[Any]]
"""Key -> values."""
compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)


def eventually(reached: Callable[[], object], what: str, *, seconds: float = BACK_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


# ── kill -9 of everything ─────────────────────────────────────────────────────────────────────────────────────────


class Load:
    """Senders that post simulated deliveries, retry nothing, and remember what was acknowledged."""

    def __init__(self, url: str) -> None:
        self.acknowledged: list[uuid.UUID] = []
        self.statuses: Counter[int | str] = Counter()
        self._url = url
        self._deliveries = simulate(seed=5, until=datetime(2026, 9, 1, tzinfo=UTC), days=90, pull_requests=400)
        self._next = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def goes_on(self) -> None:
        """Wait until some more were acknowledged."""
        enough = len(self.acknowledged) + 30
        eventually(lambda: len(self.acknowledged) >= enough, f"nothing is acknowledged any more: {self.statuses}")

    def _send(self) -> None:
        with httpx2.Client(timeout=30) as client:
            while not self._stop.is_set():
                with self._next:
                    delivery = next(self._deliveries)
                began = time.monotonic()
                outcome = self._post(client, delivery)
                self.statuses[outcome] += 1
                assert outcome != 503 or time.monotonic() - began < PATIENCE
                time.sleep(PAUSE)

    def _post(self, client: httpx2.Client, delivery: Simulated) -> int | str:
        try:
            answer = client.post(self._url, content=delivery.body, headers=delivery.headers(SECRET))
        except httpx2.TransportError as error:
            return type(error).__name__
        if answer.status_code == 200:
            self.acknowledged.append(delivery.delivery_id)
        return answer.status_code


def children(service: Process) -> list[psutil.Process]:
    """The projector and the workers, in the order in which they were started."""
    found = psutil.Process(service.process.pid).children()
    spawned = [process for process in found if "spawn_main" in " ".join(process.cmdline())]
    return sorted(spawned, key=lambda process: (process.create_time(), process.pid))


def postmaster(directory: Path) -> Postmaster:
    found = Postmaster.read(directory)
    assert found is not None
    return found


def by_key(projection: Projection, found: Iterable[tuple[Any, ...]]) -> Rows:
    return {row[: len(projection.key)]: list(row) for row in found}


def table(connection: Connection, projection: Projection) -> Rows:
    """The rows of a projection as the database has them."""
    names = sql.SQL(", ").join(map(sql.Identifier, projection.names))
    query = sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier("public", projection.name))
    return by_key(projection, connection.execute(query).fetchall())


def folded_log(connection: Connection) -> dict[str, Rows]:
    """The rows of every projection as the log says."""
    reader = LogReader(connection, decode)
    records = reader.records(0, limit=1_000_000, max_bytes=2**40)
    folded, last = fold(active_projections(), reader.events(records, max_bytes=2**40))
    assert last == records[-1].position
    assert all(one.parks == [] for one in folded)
    return {one.projection.name: by_key(one.projection, values(one.projection, one.rows.values())) for one in folded}


def projected(connection: Connection) -> bool:
    behind = (
        "SELECT count(*) FROM projection_generations WHERE position < (SELECT coalesce(max(position), 0) FROM webhooks)"
    )
    return connection.execute(behind.encode()).fetchone() == (0,)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Process]:
    started = Process(tmp_path / "data", METRICS_SERVER_WORKERS="2", METRICS_WEBHOOK_SECRET=SECRET)
    try:
        started.wait_until(started.answers)
        yield started
    finally:
        started.look()
        if started.process.poll() is None:
            started.stop(signal.SIGTERM)
        for process in started.seen:
            if process.is_running():
                process.send_signal(signal.SIGQUIT)


def test_what_is_acknowledged_is_in_the_log_once_and_projected_though_every_process_is_killed(
    service: Process,
) -> None:
    directory = service.data_dir / "postgres"
    projector, first, second = children(service)
    with Load(f"{service.url}/metrics") as load:
        for name, pid in (
            ("worker 1", lambda: first.pid),
            ("projector", lambda: projector.pid),
            ("database", lambda: postmaster(directory).pid),
            ("worker 2", lambda: second.pid),
            ("database", lambda: postmaster(directory).pid),
        ):
            load.goes_on()
            deaths = service.said().count("died")
            os.kill(pid(), signal.SIGKILL)
            eventually(lambda seen=deaths: service.said().count("died") > seen, f"the death of {name} is not seen")
        load.goes_on()
        eventually(service.answers, "the service does not come back")
        load.goes_on()
    said = service.said()
    assert all(name in said for name in ("worker 1", "worker 2", "projector", "embedded database died"))
    with psycopg.connect(
        postmaster(directory).conninfo("github_metrics"), autocommit=True, options="-c timezone=UTC"
    ) as connection:
        eventually(lambda: projected(connection), "the projections do not come up with the log")
        stored = connection.execute("SELECT delivery_id FROM webhooks").fetchall()
        logged = Counter(delivery_id for (delivery_id,) in stored)
        assert load.statuses[503] > 0
        assert len(load.acknowledged) > 200
        assert set(load.acknowledged) <= logged.keys()
        assert set(logged.values()) == {1}
        missing = "SELECT count(*) FROM webhooks w LEFT JOIN webhook_events e USING (position) WHERE e.position IS NULL"
        assert connection.execute(missing.encode()).fetchone() == (0,)
        expected = folded_log(connection)
        for projection in active_projections():
            assert table(connection, projection) == expected[projection.name], projection.name
        assert expected["pull_requests"]
        assert expected["check_runs"]
    assert service.stop(signal.SIGTERM) < 5


# ── The database is away ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a server of these tests' own keeps its data: they stop it and kill it."""
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module")
def own_server(directory: Path) -> Iterator[Embedded]:
    with embedded(directory) as server:
        yield server


@pytest.fixture(scope="module")
def own(own_server: Embedded) -> str:
    """A migrated database on that server."""
    migrate(own_server.conninfo)
    return own_server.conninfo


def server_processes(directory: Path) -> list[psutil.Process]:
    parent = psutil.Process(postmaster(directory / "postgres").pid)
    return [parent, *parent.children(recursive=True)]


@contextmanager
def silent(directory: Path) -> Iterator[None]:
    """The server holds its connections and its port and answers nothing."""
    stopped: list[psutil.Process] = []
    try:
        for process in server_processes(directory):
            process.suspend()
            stopped.append(process)
        yield
    finally:
        for process in reversed(stopped):
            process.resume()


def star() -> dict[str, Any]:
    return {"action": "created", "repository": {"id": 7, "full_name": "org/repo"}, "nonce": random.random()}


def timed_post(service: Service) -> tuple[httpx2.Response, float]:
    began = time.monotonic()
    answer = service.post("star", star())
    return answer, time.monotonic() - began


def refused_in_time(service: Service, *, at_once: int = 1, pause: float = 0.0) -> None:
    def post(number: int) -> tuple[httpx2.Response, float]:
        time.sleep(number * pause)
        return timed_post(service)

    with ThreadPoolExecutor(at_once) as pool:
        answers = list(pool.map(post, range(at_once)))
    assert {answer.status_code for answer, _ in answers} == {503}
    assert all(int(answer.headers["Retry-After"]) > 0 for answer, _ in answers)
    assert max(seconds for _, seconds in answers) < PATIENCE


def test_a_silent_database_is_answered_with_503_in_time_and_then_it_goes_on(directory: Path, own: str) -> None:
    with running(own, projector=False) as service:
        assert service.post("star", star()).status_code == 200
        with silent(directory):
            refused_in_time(service, at_once=4, pause=0.5)
        answer, seconds = timed_post(service)
        assert answer.status_code == 200
        assert seconds < PATIENCE
        statuses = {service.post("star", star()).status_code for _ in range(5)}
        assert statuses == {200}


def test_readers_of_a_silent_database_are_told_so_in_time(directory: Path, own: str) -> None:
    with running(own) as service:
        service.get("/health")
        with silent(directory), httpx2.Client(base_url=service.url, timeout=PATIENCE) as client:
            for path, status in (("/health", "unhealthy"), ("/readyz", "unhealthy")):
                answer = client.get(path)
                assert (answer.status_code, answer.json()["status"]) == (503, status)
            answer = client.get("/api/metrics/summary")
            assert (answer.status_code, answer.json()["reason"]) == (503, "database_away")
            assert client.get("/healthz").status_code == 200


def test_a_database_that_was_away_and_is_back_costs_no_delivery(
    directory: Path, own_server: Embedded, own: str
) -> None:
    with running(own, projector=False) as service:
        assert service.post("star", star()).status_code == 200
        try:
            kill_server(directory)
            refused_in_time(service, at_once=3)
        finally:
            own_server.start()
        assert service.post("star", star()).status_code == 200
        end_connections(own)
        assert service.post("star", star()).status_code == 200


def kill_server(directory: Path) -> None:
    """Its backends notice a moment later. Until then they answer, and what they commit is kept."""
    first, *others = server_processes(directory)
    first.kill()
    _, alive = psutil.wait_procs(others, timeout=BACK_SECONDS)
    assert not alive


def end_connections(database: str) -> None:
    """As a restart of the server does to connections that are idle."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name IN ('appender', 'reader') AND datname = current_database()"
        )


def test_a_database_that_only_reads_is_away_and_is_looked_for_again(own: str) -> None:
    with running(own, projector=False) as service, psycopg.connect(own, autocommit=True) as connection:
        connection.execute("ALTER DATABASE github_metrics SET default_transaction_read_only = on")
        end_connections(own)
        try:
            refused_in_time(service)
        finally:
            connection.execute("SET transaction_read_only = off")
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER DATABASE github_metrics RESET default_transaction_read_only")
        assert service.post("star", star()).status_code == 200


def test_a_log_that_is_locked_is_answered_with_503_in_time(own: str) -> None:
    """As by a migration that is running."""
    with running(own, projector=False) as service, psycopg.connect(own) as connection:
        connection.execute("LOCK TABLE webhooks IN ACCESS EXCLUSIVE MODE")
        refused_in_time(service, at_once=3)
        connection.rollback()
        assert service.post("star", star()).status_code == 200


# ── The appender by itself ────────────────────────────────────────────────────────────────────────────────────────


def delivery(**fields: Any) -> Delivery:
    now, body = datetime.now(UTC), b"{}"
    return Delivery(uuid.uuid4(), "star", body, hashlib.sha256(body).digest(), now, now, **fields)


def appending(conninfo: str, *batch: Delivery) -> list[Appended | BaseException]:
    """What an appender makes of deliveries that come at the same time."""

    async def run() -> list[Appended | BaseException]:
        async with Appender(conninfo, Compressor(current_dictionary())) as appender:
            return await asyncio.gather(*map(appender.append, batch), return_exceptions=True)

    return asyncio.run(run())


def test_a_server_that_is_down_is_told_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()
    outcomes = appending(f"host=127.0.0.1 port={port} dbname=x user=x", delivery(), delivery())
    assert [type(outcome) for outcome in outcomes] == [DatabaseAway, DatabaseAway]
    assert time.monotonic() - began < PATIENCE


def test_a_port_that_takes_connections_and_says_nothing_is_told_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began = time.monotonic()
        outcomes = appending(f"host=127.0.0.1 port={mute.getsockname()[1]} dbname=x user=x", delivery(), delivery())
        assert [type(outcome) for outcome in outcomes] == [DatabaseAway, DatabaseAway]
        assert time.monotonic() - began < PATIENCE


@pytest.mark.parametrize(
    "bad",
    [{"hook_id": 2**64}, {"headers": {"a": "\0"}}, {"headers": {"a": object()}}, {"headers": {"a": "\ud800"}}],
    ids=["a number too large", "NUL", "no JSON", "a surrogate"],
)
def test_one_bad_delivery_never_fails_its_neighbours(database: str, bad: dict[str, Any]) -> None:
    good, fault, last = appending(database, delivery(), delivery(**bad), delivery())
    assert isinstance(good, Appended)
    assert isinstance(fault, LogError)
    assert isinstance(last, Appended)


def test_an_appender_goes_on_after_a_delivery_that_it_cannot_send(database: str) -> None:
    async def run() -> Appended:
        async with Appender(database, Compressor(current_dictionary())) as appender:
            with pytest.raises(LogError):
                await appender.append(delivery(headers={"a": object()}))
            return await within(2, appender.append(delivery()))

    assert asyncio.run(run()).position > 0


async def within(seconds: float, awaited: Coroutine[Any, Any, Appended]) -> Appended:
    async with asyncio.timeout(seconds):
        return await awaited


def test_an_appender_that_stops_refuses_what_waits(directory: Path, own: str) -> None:
    async def run() -> BaseException | Appended:
        async with Appender(own, Compressor(current_dictionary())) as appender:
            await appender.append(delivery())
            with psycopg.connect(own) as connection:
                connection.execute("LOCK TABLE webhooks IN ACCESS EXCLUSIVE MODE")
                waiting = asyncio.create_task(appender.append(delivery()))
                await asyncio.sleep(0.2)
                await appender.__aexit__()
                (outcome,) = await asyncio.gather(waiting, return_exceptions=True)
                return outcome

    began = time.monotonic()
    assert isinstance(asyncio.run(run()), DatabaseAway)
    assert time.monotonic() - began < 5
