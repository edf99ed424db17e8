"""Building new generations from the log in parallel, by ranges of positions.

Merges commute, so the ranges may be applied in any order, by any number of workers, and a worker that is killed is
only a range that somebody else goes on with. Each batch is one short transaction that writes its rows and moves its
range on.
"""

import gc
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import Connection, sql

from replay import generations, parking, replays
from replay.batch import Applier
from replay.errors import GenerationFault, ReplayError
from replay.event import Decode
from replay.fold import Park
from replay.generations import Generation, State
from replay.load import Loader
from replay.log import LogReader
from replay.projection import Projection
from replay.replays import Range, RangeTaken

log = logging.getLogger(__name__)

BATCH = 8_000
OPTIONS = "-c timezone=UTC -c jit=off -c synchronous_commit=off -c work_mem=64MB -c maintenance_work_mem=256MB"
"""A commit need not be waited for: rows and range are lost or kept together."""

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
"""How long a worker waits, again and again, for what passes by itself: a deadlock, a restart, a full disk."""

LoadProjections = Callable[[], Sequence[Projection]]
"""Gives the projections to a worker process, which cannot be handed functions of tests or closures."""


class RangeCheckpoint:
    """The position of one range of the log."""

    def __init__(self, connection: Connection[Any], replay_id: int, part: Range) -> None:
        self._connection = connection
        self._replay_id = replay_id
        self.part = part
        self.events = 0

    def together(self, standing: Sequence[Generation], reached: int) -> None:  # noqa: ARG002 - a Checkpoint's
        self.begin(reached)

    def begin(self, reached: int) -> None:
        replays.advance(self._connection, self._replay_id, self.part, reached, self.events)

    def singly(self, generation: Generation, reached: int) -> None:
        """The range stands for all of them."""

    def park(self, generation: Generation, parks: Sequence[Park]) -> None:
        parking.record(self._connection, generation, parks)


class Worker:
    """Applies ranges of one replay until none is left, it is ended, or `stop` is set."""

    def __init__(self, conninfo: str, replay_id: int, projections: Sequence[Projection], decode: Decode) -> None:
        self._conninfo = conninfo
        self._replay_id = replay_id
        self._projections = {projection.name: projection for projection in projections}
        self._decode = decode
        self._moved = 0
        self._loader = Loader()

    def run(self, number: int, workers: int, stop: threading.Event) -> None:
        """Raises ReplayError when the replay cannot go on; psycopg.Error, but waits a while for what passes by itself."""
        failures = 0
        while not stop.is_set():
            moved = self._moved
            try:
                self._run(number, workers, stop)
            except RangeTaken as taken:
                log.info("%s", taken)
            except psycopg.Error as error:
                failures = 1 if self._moved > moved else failures + 1
                if not parking.transient(error) or failures > len(PAUSES):
                    raise
                log.warning("worker %s tries again: %s", number, str(error).strip())
                stop.wait(PAUSES[failures - 1])
            else:
                return

    def _run(self, number: int, workers: int, stop: threading.Event) -> None:
        with psycopg.connect(
            self._conninfo, autocommit=True, options=OPTIONS, application_name=f"replay {self._replay_id}"
        ) as connection:
            replays.release(connection, self._replay_id, number)
            reader = LogReader(connection, self._decode)
            while not stop.is_set() and replays.running(connection, self._replay_id):
                part = replays.claim(connection, self._replay_id, number, workers)
                if part is not None:
                    self._build(connection, reader, part, stop)
                elif replays.unclaimed(connection, self._replay_id):
                    stop.wait(0.1)  # a worker of an owner that was killed has not let go of it yet
                else:
                    return

    def _build(self, connection: Connection[Any], reader: LogReader, part: Range, stop: threading.Event) -> None:
        standing = [g for g in generations.generations(connection) if g.replay_id == self._replay_id]
        self._check(standing)
        checkpoint = RangeCheckpoint(connection, self._replay_id, part)
        applier = Applier(reader, self._projections, checkpoint, give_up, self._loader)
        wanted = applier.wanted(standing)
        while checkpoint.part.position < part.until and not stop.is_set():
            records = reader.records(checkpoint.part.position, until=part.until, limit=BATCH, wanted=wanted)
            checkpoint.events = len(records)
            if records:
                reached = applier.apply(connection, standing, records)
            else:
                # Positions have gaps: the last event of a range may stand before its end.
                checkpoint.begin(reached := part.until)
            checkpoint.part = checkpoint.part._replace(position=reached)
            self._moved += 1
            if not gc.isenabled():
                gc.collect()

    def _check(self, standing: Sequence[Generation]) -> None:
        if not standing:
            raise ReplayError(f"the generations of replay {self._replay_id} are gone")
        for generation in standing:
            projection = self._projections.get(generation.projection)
            if projection is None or projection.definition_hash != generation.definition_hash:
                raise ReplayError(f"the definition of {generation.projection} has changed since the replay began")


def give_up(generation: Generation, fault: GenerationFault) -> None:
    """A fault of a generation ends its replay."""
    raise ReplayError(f"{fault} (generation {generation.generation})") from fault


def lay_out(
    connection: Connection[Any],
    projections: Sequence[Projection],
    *,
    workers: int,
    purpose: str = "replay",
    target: int | None = None,
) -> int:
    """Begin a replay of these projections: empty generations in schemas of their own, and the ranges to build them
    from, up to `target`, or to where the live ones stand. Returns its id, owned by this session.
    """
    with connection.transaction():
        target = _target(connection, projections) if target is None else target
        replay_id = replays.begin(connection, purpose, target, workers=workers)
        replays.own(connection, replay_id)
        for projection in projections:
            generations.make(connection, projection, State.REPLAYING, replay_id)
    return replay_id


def _target(connection: Connection[Any], projections: Sequence[Projection]) -> int:
    """Not beyond where the live generations stand: only there the two can be compared."""
    names = {projection.name for projection in projections}
    live = [g.position for g in generations.generations(connection) if g.live and g.projection in names]
    return min([generations.head(connection), *live])


def finish(connection: Connection[Any], projection: Projection, generation: Generation, target: int) -> None:
    """All ranges are applied: build the secondary indexes and gather statistics. The generation is held then."""
    with connection.transaction():
        generations.create_indexes(connection, projection, generation.schema_name)
        generations.set_state(connection, generation, State.HELD, target)
    connection.execute(sql.SQL("ANALYZE {}").format(generation.table))
