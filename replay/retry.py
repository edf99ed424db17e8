"""Trying parked events again. Merges commute, so an event that is applied late gives the tables that it would have
given in its turn.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from replay import parking
from replay.errors import ReplayError
from replay.event import Decode
from replay.fold import Park, fold, park
from replay.generations import Generation, generations
from replay.load import load
from replay.log import LogReader
from replay.projection import Projection


class ParkedEvent(msgspec.Struct, frozen=True):
    """An event that a projection could not apply. `parked_id` is `projection:position`, of the live generation."""

    projection: str
    generation: int
    position: int
    state: str
    reason: str
    error: str
    version: int
    attempts: int
    parked_at: datetime
    attempted_at: datetime
    delivery_id: Any
    event_type: str

    @property
    def parked_id(self) -> str:
        return f"{self.projection}:{self.position}"


FOUND = """
SELECT k.*, w.delivery_id, w.event_type
FROM parked_events k JOIN projections p USING (projection, generation) JOIN webhooks w USING (position)
WHERE (%(state)s::text IS NULL OR k.state = %(state)s)
  AND (%(id)s::text IS NULL OR k.projection || ':' || k.position = %(id)s)
"""
SELECT = f"{FOUND} ORDER BY k.projection, k.position"


def parked(connection: Connection[Any], state: str | None = "parked") -> list[ParkedEvent]:
    """The parked events of the live generations; `state`: parked, resolved, ignored, None for all."""
    with connection.cursor(row_factory=class_row(ParkedEvent)) as cursor:
        return cursor.execute(SELECT, {"state": state, "id": None}).fetchall()


def find(connection: Connection[Any], parked_id: str) -> ParkedEvent:
    """One parked event by its id. Raises ReplayError if there is none."""
    with connection.cursor(row_factory=class_row(ParkedEvent)) as cursor:
        event = cursor.execute(SELECT, {"state": None, "id": parked_id}).fetchone()
    if event is not None:
        return event
    raise ReplayError(f"no parked event {parked_id}; an id is projection:position, as `parked list` shows it")


def ignore(connection: Connection[Any], event: ParkedEvent) -> None:
    """Leave an event out for good, until the projection is rebuilt."""
    _settle(connection, event, "ignored")


class Retry:
    """Applies parked events to the live generations."""

    def __init__(self, connection: Connection[Any], projections: Mapping[str, Projection], decode: Decode) -> None:
        self._connection = connection
        self._projections = projections
        self._reader = LogReader(connection, decode)

    def retry(self, event: ParkedEvent) -> str | None:
        """Apply one event: None if it is resolved, else the error that parks it still. Raises ReplayError when the
        projection's definition is another one now.
        """
        generation = self._generation(event)
        try:
            with self._connection.transaction():
                _settle(self._connection, event, "resolved")
                failure = self._apply(event, generation)
                if failure is not None:
                    raise _StillParked(failure)
        except _StillParked as still:
            _note(self._connection, event, still.failure)
            return still.failure.error
        return None

    def _generation(self, event: ParkedEvent) -> Generation:
        projection = self._projections.get(event.projection)
        for generation in generations(self._connection):
            if (generation.projection, generation.generation) == (event.projection, event.generation):
                if projection is not None and projection.definition_hash == generation.definition_hash:
                    return generation
                break
        raise ReplayError(f"the definition of {event.projection} has changed: replay it instead")

    def _apply(self, event: ParkedEvent, generation: Generation) -> Park | None:
        projection = self._projections[event.projection]
        records = self._reader.records(event.position - 1, until=event.position, limit=1)
        (folded, *_), _last = fold([projection], self._reader.events(records))
        if folded.parks:
            return folded.parks[0]
        if folded.failure is not None:
            return park(projection, event.position, "rows", folded.failure)
        try:
            with self._connection.transaction():
                load(self._connection, projection, generation.schema_name, folded.rows)
        except psycopg.Error as error:
            if parking.transient(error):
                raise
            return park(projection, event.position, error.sqlstate or "database", error)
        return None


class _StillParked(Exception):
    def __init__(self, failure: Park) -> None:
        super().__init__(failure.error)
        self.failure = failure


def _settle(connection: Connection[Any], event: ParkedEvent, state: str) -> None:
    """Raises ReplayError if somebody else has settled it: it must not be applied twice."""
    cursor = connection.execute(
        "UPDATE parked_events SET state = %s, attempts = attempts + 1, attempted_at = clock_timestamp()"
        " WHERE projection = %s AND generation = %s AND position = %s AND state = 'parked'",
        (state, event.projection, event.generation, event.position),
    )
    if cursor.rowcount != 1:
        raise ReplayError(f"{event.parked_id} is not parked any more")


def _note(connection: Connection[Any], event: ParkedEvent, failure: Park) -> None:
    connection.execute(
        "UPDATE parked_events SET error = %s, reason = %s, attempts = attempts + 1, attempted_at = clock_timestamp()"
        " WHERE projection = %s AND generation = %s AND position = %s AND state = 'parked'",
        (failure.error, failure.reason, event.projection, event.generation, event.position),
    )


def by_name(projections: Sequence[Projection]) -> dict[str, Projection]:
    """Projections by their names."""
    return {projection.name: projection for projection in projections}
