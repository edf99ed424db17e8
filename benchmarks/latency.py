"""From append to projected: how long until a delivery can be read, at a steady rate of arrivals."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from psycopg import Connection

from benchmarks.deliveries import Stored, mean, simulated, stored
from benchmarks.machine import describe_postgres, percentile, table
from benchmarks.stage import connected, data_directory, database, projecting, wait_until
from benchmarks.targets import Target
from github_metrics.dictionaries import current_dictionary
from github_metrics.receiving.appender import MAX_BATCH
from replay.compression import Compressor
from replay.log import append

RATES = (100, 1_000)
WARM_UP = 2.0
"""Seconds of arrivals before the measurement, in which both sides prepare their statements."""
POSITION = "SELECT min(position) FROM projection_generations WHERE state = 'live'"


@dataclass
class Sent:
    """An event: when it arrived, when its append had committed, and where it stands."""

    arrived: float
    appended: float
    position: int


@dataclass
class Watch:
    """When which position was projected, as somebody who listens sees it. In order of both."""

    times: list[float] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)

    def follow(self, listening: Connection[Any], reading: Connection[Any], stop: threading.Event) -> None:
        """Read the checkpoints at each notification, until `stop`."""
        while not stop.is_set():
            for _ in listening.notifies(timeout=0.1, stop_after=1):
                row = reading.execute(POSITION).fetchone()
                now = time.perf_counter()
                if row and row[0] and row[0] > (self.positions or [0])[-1]:
                    self.positions.append(row[0])
                    self.times.append(now)

    def seen(self, position: int) -> float:
        """When that position was first seen to be projected."""
        return self.times[bisect_left(self.positions, position)]


def measure(*, seconds: int) -> list[Target]:
    """Print the table; the target is of the highest rate."""
    count = sum(int(rate * (seconds + WARM_UP) * 1.3) + 100 for rate in RATES)
    deliveries = [stored(one) for one in simulated(count)]
    body = mean([one.simulated for one in deliveries])
    rows, worst = [], 0.0
    with data_directory() as data_dir, database(data_dir) as conninfo, projecting(data_dir, conninfo):
        print(
            f"{describe_postgres(conninfo)}\nPoisson arrivals for {seconds} s, bodies of {body:,.0f} bytes on average\n"
        )
        left = iter(deliveries)
        for rate in RATES:
            sent, watch = _played(conninfo, left, rate, seconds)
            projected = [1000 * (watch.seen(one.position) - one.appended) for one in sent]
            whole = [1000 * (watch.seen(one.position) - one.arrived) for one in sent]
            rows.append(_row(rate, len(sent) / seconds, projected, whole))
            worst = percentile(projected, 0.99)
    head = ["events/s", "seen", "append to projected p50 ms", "p99 ms", "arrival to projected p50 ms", "p99 ms"]
    print(table(head, rows))
    return [Target("append to projected p99 at 1,000 events/s", 100, worst, "ms")]


def _row(rate: int, seen: float, projected: Sequence[float], whole: Sequence[float]) -> list[str]:
    shares = [percentile(values, share) for values in (projected, whole) for share in (0.5, 0.99)]
    return [f"{rate:,}", f"{seen:,.0f}", *(f"{value:.1f}" for value in shares)]


def _played(conninfo: str, left: Iterator[Stored], rate: int, seconds: int) -> tuple[list[Sent], Watch]:
    watch, stop = Watch(), threading.Event()
    with connected(conninfo) as listening, connected(conninfo) as reading, connected(conninfo) as appending:
        listening.execute("LISTEN projected")
        watching = threading.Thread(target=watch.follow, args=[listening, reading, stop])
        watching.start()
        try:
            sent = send(appending, left, rate, seconds)
            wait_until(lambda: watch.positions and watch.positions[-1] >= sent[-1].position, 20)
        finally:
            stop.set()
            watching.join()
    begin = sent[0].arrived + WARM_UP
    return [one for one in sent if one.arrived >= begin], watch


def send(connection: Connection[Any], left: Iterator[Stored], rate: int, seconds: int) -> list[Sent]:
    """Append what has arrived, as it falls; the arrivals never wait for us."""
    compressor, sent = Compressor(current_dictionary()), []
    arrivals = _arrivals(rate, seconds + WARM_UP)
    while arrivals:
        time.sleep(max(0.0, arrivals[0] - time.perf_counter()))
        due = min(MAX_BATCH, bisect_left(arrivals, time.perf_counter()))
        taken, arrivals = arrivals[:due], arrivals[due:]
        if not taken:
            continue
        appended = append(connection, [next(left).delivery() for _ in taken], compressor)
        now = time.perf_counter()
        sent += [Sent(when, now, one.position) for when, one in zip(taken, appended, strict=True)]
    return sent


def _arrivals(rate: int, seconds: float) -> list[float]:
    random, found = Random(rate), [time.perf_counter() + 0.05]
    while found[-1] < found[0] + seconds:
        found.append(found[-1] + random.expovariate(rate))
    return found
