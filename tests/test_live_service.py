"""Live streams of the service as it runs: several workers, and SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.command import settings_of
from tests.events import payload
from tests.processes import environment, keep_compiled
from tests.service import SECRET, Service, clone
from tests.streams import positions, reading
from tests.test_entrypoint import free_port
from tests.test_websocket import closed, opened, take

START_SECONDS = 60
ENTRYPOINT = Path(__file__).parent.parent / "entrypoint.py"

compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)


@pytest.fixture(scope="module")
def service(server: str, template: str) -> Iterator[tuple[Service, subprocess.Popen[bytes], str]]:
    """Two workers and a projector."""
    port = free_port()
    given = {"METRICS_SERVER_PORT": str(port), "METRICS_SERVER_HOST": "127.0.0.1", "METRICS_SERVER_WORKERS": "2"}
    url = f"http://127.0.0.1:{port}"
    with clone(server, template) as database, httpx2.Client(base_url=url, timeout=20) as client:
        settings = settings_of(database, METRICS_WEBHOOK_SECRET=SECRET, **given)
        process = subprocess.Popen([sys.executable, str(ENTRYPOINT)], env=environment(**settings), cwd="/")
        try:
            await_answer(client, process)
            yield Service(url, client, port, None), process, database
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)


def await_answer(client: httpx2.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if client.get("/health").status_code == 200:
                return
        except httpx2.TransportError:
            assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)


def listeners(database: str) -> int:
    """In how many workers somebody listens."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'live' AND datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_every_worker_tells_the_same_and_all_streams_end_at_once_when_the_service_stops(
    service: tuple[Service, subprocess.Popen[bytes], str],
) -> None:
    told, process, database = service
    with ExitStack() as stack:
        sockets, readers = [], []
        deadline = time.monotonic() + 30
        while listeners(database) < 2 or len(sockets) < 8:
            assert time.monotonic() < deadline, "the other worker took no connection"
            sockets.append(stack.enter_context(opened(told)))
            readers.append(stack.enter_context(reading(told)))
        assert listeners(database) == 2, "one connection for each worker"
        sent = [int(told.post("push", payload(after=f"{n:040}")).headers["X-Log-Position"]) for n in range(20)]
        assert all(positions(take(socket, 20)) == sent for socket in sockets)
        assert all(positions(reader.take(20)) == sent for reader in readers)
        os.kill(process.pid, signal.SIGTERM)
        assert {closed(socket)[0] for socket in sockets} == {1012}
        assert [list(reader.frames) for reader in readers] == [[]] * len(readers), "the answers end as they should"
    assert process.wait(timeout=30) == 0
