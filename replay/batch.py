"""Applying a batch of the log to generations: the one code path of the live projector and of every replay.

First all at once, in one transaction. If PostgreSQL refuses something, again with care: each generation in a
savepoint of its own, its events bisected, so that what cannot be applied is parked and only a generation that is
itself at fault is left behind.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import psycopg
from psycopg import Connection

from replay import parking
from replay.errors import GenerationFault
from replay.event import Event
from replay.fold import Folded, Park, fold
from replay.generations import Generation, State
from replay.load import STAGE_FROM, Loader
from replay.log import LogReader, Record
from replay.projection import Projection

log = logging.getLogger(__name__)


class Checkpoint(Protocol):
    """Where a batch that was applied is remembered, in the transaction that writes its rows. Each method raises to
    undo the transaction.
    """

    def together(self, standing: Sequence[Generation], reached: int) -> None:
        """All generations have come to `reached`."""

    def begin(self, reached: int) -> None:
        """A batch is applied with care, in one transaction: each generation follows by itself."""

    def singly(self, generation: Generation, reached: int) -> None:
        """One generation has come to `reached`, in a savepoint that is undone if it is at fault."""

    def park(self, generation: Generation, parks: Sequence[Park]) -> None:
        """Events that a generation could not apply."""


Fault = Callable[[Generation, GenerationFault], None]
"""What becomes of a generation that cannot go on; raises to undo the whole batch."""


class Applier:
    """Applies batches to generations of these projections."""

    def __init__(
        self,
        reader: LogReader,
        projections: Mapping[str, Projection],
        checkpoint: Checkpoint,
        fault: Fault,
        loader: Loader | None = None,
    ) -> None:
        self._reader = reader
        self._projections = projections
        self._checkpoint = checkpoint
        self._fault = fault
        self._loader = loader or Loader()

    def wanted(self, standing: Sequence[Generation]) -> list[str] | None:
        """The event types that any of the generations wants; None: all."""
        wanted: set[str] = set()
        for generation in standing:
            events = self._projections[generation.projection].events
            if events is None:
                return None
            wanted |= events
        return sorted(wanted)

    def apply(self, connection: Connection[Any], standing: Sequence[Generation], records: Sequence[Record]) -> int:
        """Apply records that follow the generations' checkpoint; returns the position that was reached, which is
        short of the last record when the bodies were very large.
        """
        projections = [self._projections[generation.projection] for generation in standing]
        folded, read = fold(projections, self._reader.events(records))
        reached = _reached(records, read)
        try:
            self._write(connection, standing, folded, reached)
        except (psycopg.Error, GenerationFault) as error:
            if isinstance(error, psycopg.Error) and parking.transient(error):
                raise
            log.warning("a batch cannot be applied at once, so each projection for itself: %s", str(error).strip())
            self._write_with_care(connection, standing, [r for r in records if r.position <= reached], reached)
        return reached

    def _write(
        self, connection: Connection[Any], standing: Sequence[Generation], folded: Sequence[Folded], reached: int
    ) -> None:
        failed = next((stated.failure for stated in folded if stated.failure is not None), None)
        if failed is not None:
            raise GenerationFault(f"rows cannot be merged: {failed}")
        with connection.transaction():
            self._checkpoint.together(standing, reached)
            for generation, stated in zip(standing, folded, strict=True):
                self._park(generation, stated.parks)
            # A small batch is a matter of round trips: all its upserts go out together. COPY cannot.
            small = all(len(stated.rows) < STAGE_FROM for stated in folded)
            with connection.pipeline() if small else nullcontext():
                pairs = sorted(zip(standing, folded, strict=True), key=lambda pair: pair[1].projection.hot)
                for generation, stated in pairs:
                    if stated.rows:
                        fresh = generation.state == State.REPLAYING
                        rows, schema = stated.rows, generation.schema_name
                        self._loader.load(connection, stated.projection, schema, rows, fresh=fresh)

    def _write_with_care(
        self, connection: Connection[Any], standing: Sequence[Generation], records: Sequence[Record], reached: int
    ) -> None:
        events = list(self._reader.events(records))
        with connection.transaction():
            self._checkpoint.begin(reached)
            for generation in standing:
                try:
                    with connection.transaction():
                        self._checkpoint.singly(generation, reached)
                        self._load_or_park(connection, generation, events)
                except GenerationFault as fault:
                    self._fault(generation, fault)

    def _load_or_park(self, connection: Connection[Any], generation: Generation, events: list[Event[Any]]) -> None:
        projection = self._projections[generation.projection]
        wanted = [event for event in events if projection.wants(event.event_type)]
        try:
            parks = parking.load_or_park(connection, projection, generation.schema_name, wanted)
        except psycopg.Error as error:
            if parking.broken(error):
                raise GenerationFault(f"projection {generation.projection}: {str(error).strip()}") from error
            raise
        self._park(generation, parks)

    def _park(self, generation: Generation, parks: Sequence[Park]) -> None:
        if parks:
            self._checkpoint.park(generation, parks)


def _reached(records: Sequence[Record], read: int) -> int:
    """How far a batch really went: to its end, or to where the reader had inflated enough."""
    unread = any(record.body is not None and record.position > read for record in records)
    return read if unread else records[-1].position
