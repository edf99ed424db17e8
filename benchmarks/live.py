"""Live streams: from append to reader at 100 events a second, and what 1,000 idle readers cost a worker.

    uv run python -m benchmarks.live [--seconds N] [--readers N]

docs/benchmarks.md says what each figure means.
"""

import argparse
import base64
import json
import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from benchmarks.deliveries import simulated, stored
from benchmarks.latency import WARM_UP, Sent, Watch, send
from benchmarks.machine import describe, describe_postgres, percentile, table
from benchmarks.stage import connected, data_directory, database, projecting, serving, wait_until
from benchmarks.targets import Target, targets_table

START_SECONDS = 180.0
RATE = 100
STREAM, SOCKET = "/api/metrics/stream", "/metrics/ws"
SILENT = "event_type=nothing"
"""A filter that lets nothing through."""
IDLE_SECONDS = 20
"""Longer than the pings are apart."""


@dataclass
class Heard:
    """When a reader had each position."""

    times: dict[int, float] = field(default_factory=dict)

    def by_events(self, url: str) -> None:
        """Until the service stops."""
        with httpx2.Client(timeout=None) as client, client.stream("GET", url + STREAM) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.times[json.loads(line[6:])["position"]] = time.perf_counter()

    def by_socket(self, url: str) -> None:
        with connect(url.replace("http", "ws", 1) + SOCKET, proxy=None) as reader:
            for message in reader:
                self.times[json.loads(message)["position"]] = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=int, default=10, help="of arrivals [10]")
    parser.add_argument("--readers", type=int, default=1_000, help="idle ones [1000]")
    given = parser.parse_args()
    _allow_files(given.readers)
    print(describe())
    with (
        data_directory() as data_dir,
        database(data_dir) as conninfo,
        projecting(data_dir, conninfo),
        serving(data_dir) as url,
    ):
        wait_until(lambda: _answers(url), START_SECONDS)
        print(describe_postgres(conninfo))
        targets = _latency(url, conninfo, given.seconds)
        for path in (STREAM, SOCKET):
            targets += _idle(_fresh_worker(url), url, conninfo, path, given.readers)
    print(f"\n== targets ==\n\n{targets_table(targets)}")


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/api/metrics/summary").status_code == 200
    except httpx2.TransportError:
        return False


def _allow_files(readers: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(4096, 4 * readers)), hard))


# ── Latency ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _latency(url: str, conninfo: str, seconds: int) -> list[Target]:
    deliveries = iter([stored(one) for one in simulated(int(RATE * (seconds + WARM_UP) * 1.3) + 100)])
    heard = {"server-sent events": Heard(), "WebSocket": Heard()}
    ways: list[Callable[[str], None]] = [heard["server-sent events"].by_events, heard["WebSocket"].by_socket]
    for way in ways:
        threading.Thread(target=_listen, args=[way, url], daemon=True).start()
    watch, stop = Watch(), threading.Event()
    with connected(conninfo) as listening, connected(conninfo) as reading, connected(conninfo) as appending:
        wait_until(lambda: _listening(reading))
        listening.execute("LISTEN projected")
        watching = threading.Thread(target=watch.follow, args=[listening, reading, stop])
        watching.start()
        try:
            sent = send(appending, deliveries, RATE, seconds)
            wait_until(lambda: all(sent[-1].position in one.times for one in heard.values()), 20)
        finally:
            stop.set()
            watching.join()
    heard = {"listener on the database": Heard({one.position: watch.seen(one.position) for one in sent}), **heard}
    counted = [one for one in sent if one.arrived >= sent[0].arrived + WARM_UP]
    print(f"\n== latency ==\n\nPoisson arrivals at {RATE}/s for {seconds} s, one reader of each kind\n")
    head = ["reader", "events", "append to reader p50 ms", "p99 ms", "arrival to reader p50 ms", "p99 ms"]
    print(table(head, [_row(name, one, counted) for name, one in heard.items()]))
    return [
        Target(f"append to reader p99, {name}", 100, percentile(_waits(one, counted), 0.99), "ms")
        for name, one in heard.items()
        if name != "listener on the database"
    ]


def _listen(way: Callable[[str], None], url: str) -> None:
    """The end of the service is the end of the stream."""
    try:
        way(url)
    except (httpx2.TransportError, ConnectionClosed):
        return


def _waits(heard: Heard, sent: list[Sent]) -> list[float]:
    return [1000 * (heard.times[one.position] - one.appended) for one in sent]


def _row(name: str, heard: Heard, sent: list[Sent]) -> list[str]:
    whole = [1000 * (heard.times[one.position] - one.arrived) for one in sent]
    shares = [percentile(values, share) for values in (_waits(heard, sent), whole) for share in (0.5, 0.99)]
    return [name, str(len(sent)), *(f"{value:.1f}" for value in shares)]


def _listening(connection: psycopg.Connection[tuple[int]]) -> bool:
    row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'live'").fetchone()
    return bool(row and row[0] == 1)


# ── Idle readers ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Cost:
    """Of a worker, and of its database."""

    megabytes: float
    processor: float
    transactions: int


def _fresh_worker(url: str) -> psutil.Process:
    """In the place of one that has grown."""
    old = _worker(url)
    old.kill()
    wait_until(lambda: not old.is_running() and _answers(url), START_SECONDS)
    return _worker(url)


def _worker(url: str) -> psutil.Process:
    """The one process of ours that is connected on the port of the service: its parent only listens."""
    ours, port = psutil.Process().children(recursive=True), urlsplit(url).port
    with httpx2.Client() as client:
        client.get(f"{url}/healthz")
        (found,) = [one for one in ours if _serves(one, port)]
    return found


def _serves(process: psutil.Process, port: int | None) -> bool:
    return any(c.laddr.port == port and c.status == "ESTABLISHED" for c in process.net_connections())


def _idle(worker: psutil.Process, url: str, conninfo: str, path: str, readers: int) -> list[Target]:
    with connected(conninfo) as connection:
        with _open(url, path, 20):
            time.sleep(1.0)
        before = worker.memory_info().rss
        alone = _spent(worker, connection)
        with _open(url, path, readers):
            wait_until(lambda: _listening(connection))
            idle = _spent(worker, connection)
    each = (idle.megabytes - before / 1e6) * 1000 / readers
    print(f"\n== {readers:,} idle readers of {path}, one worker ==\n")
    head = ["readers", "resident MB", "kB each", f"CPU s in {IDLE_SECONDS} s", f"transactions in {IDLE_SECONDS} s"]
    rows = [
        ["0", f"{alone.megabytes:.0f}", "", f"{alone.processor:.2f}", str(alone.transactions)],
        [f"{readers:,}", f"{idle.megabytes:.0f}", f"{each:.0f}", f"{idle.processor:.2f}", str(idle.transactions)],
    ]
    print(table(head, rows))
    return [Target(f"memory of an idle reader of {path}", 100, each, "kB")]


def _spent(worker: psutil.Process, connection: psycopg.Connection[tuple[int]]) -> Cost:
    """Over IDLE_SECONDS. The projector looks four times a second, and its transactions are counted too."""
    begin, transactions = sum(worker.cpu_times()[:2]), _transactions(connection)
    time.sleep(IDLE_SECONDS)
    processor = sum(worker.cpu_times()[:2]) - begin
    return Cost(worker.memory_info().rss / 1e6, processor, _transactions(connection) - transactions)


def _transactions(connection: psycopg.Connection[tuple[int]]) -> int:
    row = connection.execute(
        "SELECT sum(xact_commit)::bigint FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return row[0] if row else 0


@contextmanager
def _open(url: str, path: str, count: int) -> Iterator[None]:
    """Readers who are told nothing but pings, which the kernel keeps for them."""
    address = (urlsplit(url).hostname, urlsplit(url).port)
    with ExitStack() as stack:
        for _ in range(count):
            reader = stack.enter_context(socket.create_connection(address))
            reader.sendall(_request(path))
            if not reader.recv(4096).startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")):
                raise RuntimeError("the stream was refused")
        yield


def _request(path: str) -> bytes:
    lines = [f"GET {path}?{SILENT} HTTP/1.1", "Host: localhost"]
    if path == SOCKET:
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


if __name__ == "__main__":
    main()
