"""How fast deliveries are acknowledged: our receiver beside an application that stores nothing."""

import signal
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import bare
from benchmarks.deliveries import mean, of_mean, simulated
from benchmarks.machine import describe_postgres, table
from benchmarks.stage import connected, data_directory, database, free_port, process, projecting, serving, wait_until
from benchmarks.targets import Target
from benchmarks.wrk import Load, Loader

CONNECTIONS = (1, 16, 64, 256)
BODY = 15_000
DELIVERIES = 1_500
PAUSE = 0.3
"""Between two loads: what the one left behind is finished before the other begins."""
BARE, OFF, ON = "bare", "ours, projector off", "ours, projector on"


@dataclass(frozen=True)
class Subject:
    """Something that answers, and how it is made ready and left alone again."""

    name: str
    url: str
    begin: Callable[[], None] = lambda: None
    end: Callable[[], None] = lambda: None


Measured = dict[tuple[str, int], list[Load]]


def measure(*, seconds: int, rounds: int) -> list[Target]:
    """Print the table; the targets are of the receiver with the projector off."""
    deliveries = of_mean(simulated(DELIVERIES), BODY)
    loader = Loader(deliveries, bare.SECRET.decode())
    seen: Measured = {}
    with data_directory() as data_dir, database(data_dir) as conninfo, _subjects(data_dir, conninfo) as subjects:
        for subject in subjects:
            _await(subject.url, loader)
        for subject, connections in _interleaved(subjects, rounds):
            load = _load(loader, subject, connections, seconds)
            seen.setdefault((subject.name, connections), []).append(load)
        print(f"{describe_postgres(conninfo)}\n{len(deliveries):,} bodies of {mean(deliveries):,.0f} bytes on average;")
        print(f"medians of {rounds} interleaved rounds of {seconds} s; {_projected(conninfo)}\n")
    medians = {key: _median(loads) for key, loads in seen.items()}
    print(_table(medians))
    return _targets(medians)


def _interleaved(subjects: list[Subject], rounds: int) -> Iterator[tuple[Subject, int]]:
    for _ in range(rounds):
        for connections in CONNECTIONS:
            for subject in subjects:
                yield subject, connections


@contextmanager
def _subjects(data_dir: Path, conninfo: str) -> Iterator[list[Subject]]:
    with ExitStack() as stack:
        port = free_port()
        stack.enter_context(process("-m", "benchmarks.bare", str(port)))
        ours = stack.enter_context(serving(data_dir))
        projector = stack.enter_context(projecting(data_dir, conninfo))
        projector.send_signal(signal.SIGSTOP)
        yield [
            Subject(BARE, f"http://127.0.0.1:{port}"),
            Subject(OFF, ours),
            Subject(ON, ours, lambda: _signal(projector, signal.SIGCONT), lambda: _signal(projector, signal.SIGSTOP)),
        ]


def _signal(projector: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    projector.send_signal(signum)
    time.sleep(PAUSE)


def _load(loader: Loader, subject: Subject, connections: int, seconds: int) -> Load:
    subject.begin()
    try:
        return loader.run(f"{subject.url}/metrics", connections=connections, seconds=seconds)
    finally:
        subject.end()
        time.sleep(PAUSE)


def _await(url: str, loader: Loader) -> None:
    def answers() -> bool:
        try:
            with urlopen(Request(f"{url}/metrics", data=loader.first.body, headers=loader.first_headers)) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_until(answers)


def _projected(conninfo: str) -> str:
    with connected(conninfo) as connection:
        query = "SELECT (SELECT count(*) FROM webhooks), (SELECT min(position) FROM projection_generations)"
        row = connection.execute(query).fetchone()
    assert row is not None
    return f"{row[0]:,} events appended, {row[1]:,} of them projected meanwhile"


def _median(loads: list[Load]) -> Load:
    def of(values: list[float]) -> float:
        return statistics.median(values)

    return Load(
        sum(load.requests for load in loads),
        of([load.per_second for load in loads]),
        sum(load.errors for load in loads),
        of([load.p50 for load in loads]),
        of([load.p99 for load in loads]),
    )


def _table(seen: dict[tuple[str, int], Load]) -> str:
    head = ["receiver", "connections", "requests/s", "of bare", "p50 ms", "p99 ms", "errors"]
    return table(head, (_row(seen, key) for key in sorted(seen, key=lambda key: key[1])))


def _row(seen: dict[tuple[str, int], Load], key: tuple[str, int]) -> list[str]:
    load, name, connections = seen[key], *key
    ratio = f"{load.per_second / seen[BARE, connections].per_second:.0%}"
    return [
        name,
        str(connections),
        f"{load.per_second:,.0f}",
        ratio,
        f"{load.p50:.1f}",
        f"{load.p99:.1f}",
        str(load.errors),
    ]


def _targets(seen: dict[tuple[str, int], Load]) -> list[Target]:
    share = 100 * seen[OFF, 64].per_second / seen[BARE, 64].per_second
    errors = sum(load.errors for load in seen.values())
    return [
        Target("acknowledged at 64 connections, of the bare application", 45, share, "%", least=True),
        Target("acknowledgement p99 at 64 connections", 20, seen[OFF, 64].p99, "ms"),
        Target("acknowledgement p99 at 256 connections", 100, seen[OFF, 256].p99, "ms"),
        Target("errors of all loads", 0, errors, ""),
    ]
