"""Projections as they were at a moment, in a schema of their own.

A moment is a position: the tables are the fold of the log up to it. A time means the last event that had been appended
by then. `appended_at` never runs back from one position to the next, so those events are exactly the beginning of the
log; `received_at` does, and no one position would divide what was received before from what was received after.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from replay import generations
from replay.batch import Applier
from replay.errors import GenerationFault, ReplayError
from replay.event import Decode
from replay.generations import Generation
from replay.log import LogReader
from replay.moment_schema import MomentSchema
from replay.projection import Projection

BATCH = 4_000
Watch = Callable[[int, int], None]
"""Told after each batch: the position that was reached, and how many events of the log were read so far."""


def position_of(connection: Connection[Any], position: int) -> int:
    """A position that the log has reached. Raises ReplayError if it is not in the log yet."""
    end = generations.head(connection)
    if not 0 < position <= end:
        raise ReplayError(f"the log goes from position 1 to {end:,}: {position:,} is not in it")
    return position


def position_at(connection: Connection[Any], moment: datetime) -> int:
    """The position of the last event that had been appended by a moment. Raises ReplayError if there is none, or if the
    moment is still to come.
    """
    (future,) = connection.execute("SELECT %s > clock_timestamp()", (moment,)).fetchone() or (False,)
    if future:
        raise ReplayError(f"{moment.isoformat()} is still to come: what will be in the log by then is not known")
    low, high = 0, generations.head(connection)
    while low < high:
        middle = (low + high) // 2
        row = connection.execute(
            "SELECT position, appended_at <= %s FROM webhooks WHERE position > %s ORDER BY position LIMIT 1",
            (moment, middle),
        ).fetchone()
        if row is not None and row[1]:
            low = int(row[0])
        else:
            high = middle
    if low == 0:
        raise ReplayError(_nothing_yet(connection, moment))
    return low


def _nothing_yet(connection: Connection[Any], moment: datetime) -> str:
    """An imported log was appended long after it was received."""
    row = connection.execute(
        "SELECT min(appended_at), max(position) FILTER (WHERE received_at <= %s) FROM webhooks", (moment,)
    ).fetchone()
    begun, received = row or (None, None)
    if begun is None:
        return "the log is empty"
    hint = f"; of its events, the last that was received by then is at position {received}" if received else ""
    return f"nothing had been appended by {moment.isoformat()}: this log begins at {begun.isoformat()}{hint}"


class TimeTravel:
    """Builds projections up to one position into a schema; interrupted, the same call goes on."""

    def __init__(
        self, connection: Connection[Any], projections: Sequence[Projection], decode: Decode, schema: str
    ) -> None:
        self._projections = {projection.name: projection for projection in projections}
        self._connection = connection
        self._reader = LogReader(connection, decode)
        self._schema = MomentSchema(connection, schema)
        self._applier = Applier(self._reader, self._projections, self._schema, _give_up)

    def build(self, until: int, asked: str, *, watch: Watch, stop: threading.Event) -> None:
        """Returns early when `stop` is set. Raises ReplayError. `asked` is the moment in the words of who asked."""
        self._schema.lay_out(list(self._projections.values()), until, asked)
        read = 0
        while not stop.is_set():
            unfinished = [g for g in self._schema.generations() if g.projection in self._projections and not g.live]
            if not unfinished:
                return
            lowest = min(generation.position for generation in unfinished)
            standing = [generation for generation in unfinished if generation.position == lowest]
            if lowest >= until:
                for generation in standing:
                    self._schema.finish(self._projections[generation.projection])
                continue
            # Those that were begun later catch up with the others, and then go on with them.
            ahead = [generation.position for generation in unfinished if generation.position > lowest]
            reached, events = self._advance(standing, min([until, *ahead]))
            read += events
            watch(reached, read)

    def _advance(self, standing: list[Generation], until: int) -> tuple[int, int]:
        """Apply one batch; returns the position that was reached, and how many events were read."""
        wanted = self._applier.wanted(standing)
        records = self._reader.records(standing[0].position, until=until, limit=BATCH, wanted=wanted)
        self._schema.events = len(records)
        if records:
            return self._applier.apply(self._connection, standing, records), len(records)
        # Positions have gaps: the last event may stand before `until`.
        with self._connection.transaction():
            self._schema.together(standing, until)
        return until, 0


def _give_up(generation: Generation, fault: GenerationFault) -> None:
    raise ReplayError(f"{fault} (schema {generation.schema_name})") from fault
