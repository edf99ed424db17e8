"""One replay of all projections, as the command does it, and what it took."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import Connection

from benchmarks.stage import connected
from benchmarks.traces import Trace, load_traced, traces
from projections.decode import decode
from replay import generations, rebuild, replays
from replay.generations import State
from replay.playback import Playback


@dataclass(frozen=True)
class Run:
    """Seconds; `indexing` holds also what it takes to notice that the last worker has ended."""

    workers: int
    events: int
    starting: float
    applying: float
    indexing: float
    processors: float
    peaks_mb: tuple[float, ...]
    swap: float
    """Of the longest transaction of the swap."""
    handing_over: float
    """Of all of the swap, the views in `public` included."""
    swapped: tuple[float, float]
    """From when to when, by the monotonic clock."""

    @property
    def seconds(self) -> float:
        return self.starting + self.applying + self.indexing

    @property
    def per_second(self) -> float:
        return self.events / self.seconds


class Timed(Connection[Any]):
    """A connection that remembers how long its transactions took, those inside others apart."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.taken: list[float] = []
        self._inside = False

    @contextmanager
    def transaction(self, *arguments: Any, **named: Any) -> Iterator[psycopg.Transaction]:
        outermost, self._inside, began = not self._inside, True, time.monotonic()
        try:
            with super().transaction(*arguments, **named) as transaction:
                yield transaction
        finally:
            if outermost:
                self._inside = False
                self.taken.append(time.monotonic() - began)


def replayed(conninfo: str, *, workers: int, events: int) -> Run:
    """Build all projections up to the position `events` and swap them in."""
    with connected(conninfo) as connection:
        connection.execute("CHECKPOINT")
    with tempfile.TemporaryDirectory() as folder:
        playback = Playback(conninfo, partial(load_traced, folder), decode)
        began, stop = time.monotonic(), threading.Event()
        with playback.owning([], purpose="replay", workers=workers, target=events) as (connection, replay_id):
            playback.build(connection, replay_id, workers=workers, watch=lambda _: None, stop=stop)
            ended = time.monotonic()
            _check(connection, replay_id, events)
            swap, swapped = _swap_in(conninfo, playback, replay_id)
        return _run(workers, events, began, ended, traces(folder), swap, swapped)


def _check(connection: Connection[Any], replay_id: int, events: int) -> None:
    built = replays.find(connection, replay_id)
    if built.events != events or built.parked:
        raise RuntimeError(f"{built.events} events were applied, not {events}; {built.parked} are parked")


def _swap_in(conninfo: str, playback: Playback, replay_id: int) -> tuple[float, tuple[float, float]]:
    with Timed.connect(conninfo, autocommit=True, options=rebuild.OPTIONS) as connection:
        before = time.monotonic()
        playback.swap_in(connection, replay_id, threading.Event())
        return max(connection.taken), (before, time.monotonic())


def _run(
    workers: int, events: int, began: float, ended: float, left: list[Trace], swap: float, swapped: tuple[float, float]
) -> Run:
    if len(left) != workers:
        raise RuntimeError(f"{len(left)} workers have left a trace, not {workers}")
    started, applied = min(trace.began for trace in left), max(trace.ended for trace in left)
    processors = sum(trace.processor_seconds for trace in left)
    peaks = tuple(trace.peak_mb for trace in left)
    times = started - began, applied - started, ended - applied, processors
    return Run(workers, events, *times, peaks, swap, swapped[1] - swapped[0], swapped)


def drop_retired(conninfo: str) -> None:
    """Give back the disk of the generations that no reader sees."""
    with connected(conninfo) as connection:
        for generation in generations.generations(connection):
            if generation.state == State.RETIRED:
                generations.drop(connection, generation)
