"""The projector keeps projections up with the log.

One runs at a time, elected by a session advisory lock; any number may wait. What makes it right is not
the lock but the compare-and-swap of the checkpoints in the transaction that writes the rows: a second
projector, forced to run, cannot commit.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection

from replay import generations, parking
from replay.errors import ProjectorFenced
from replay.event import Decode, Event
from replay.fold import Folded, fold
from replay.generations import Generation, State
from replay.load import load
from replay.log import LogReader, Record
from replay.projection import Projection

log = logging.getLogger(__name__)

LEADER_LOCK = int.from_bytes(b"projectr", "big") >> 1
POLL_SECONDS = 0.25
"""A notification that is lost costs this much, never an event."""
BATCH = 500
CATCH_UP_BATCH = 2_000


@dataclass(frozen=True)
class Pass:
    """One pass over the log: what was read, and whether there may be more at once."""

    events: int = 0
    more: bool = False


class Projector:
    """Applies new events to all generations that are live or building, until it is told to stop."""

    def __init__(self, conninfo: str, projections: Sequence[Projection], decode: Decode) -> None:
        self._conninfo = conninfo
        self._projections = {projection.name: projection for projection in projections}
        self._decode = decode

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. A database that is away is waited for; a fenced projector stands down and
        stands for election again.
        """
        pause = 0.1
        while not stop.is_set():
            try:
                self._lead(stop)
                pause = 0.1
            except ProjectorFenced as fenced:
                log.warning("%s", fenced)
            except psycopg.Error as error:
                if not parking.transient(error):
                    raise
                log.warning("the database is away (%s): trying again in %.1f s", str(error).strip(), pause)
            stop.wait(pause)
            pause = min(pause * 2, 5.0)

    def _lead(self, stop: threading.Event) -> None:
        with (
            psycopg.connect(self._conninfo, autocommit=True, application_name="projector") as elected,
            psycopg.connect(self._conninfo, autocommit=True, application_name="projector") as connection,
        ):
            while not _elect(elected):
                if stop.wait(1.0):
                    return
            log.info("leading: this process is the projector")
            self.prepare(connection)
            elected.execute("LISTEN webhooks")
            while not stop.is_set():
                if not self.run_once(connection).more:
                    _wait(elected)

    def prepare(self, connection: Connection[Any]) -> None:
        """Give each projection that is new, or whose definition has changed, a generation to build."""
        held = generations.generations(connection)
        for projection in self._projections.values():
            own = [generation for generation in held if generation.projection == projection.name]
            if not any(g.definition_hash == projection.definition_hash and _runs(g) for g in own):
                generations.create(connection, projection, live=not own)
                log.info("projection %s is %s: building it", projection.name, "changed" if own else "new")
        generations.publish_views(connection, list(self._projections.values()))

    def run_once(self, connection: Connection[Any]) -> Pass:
        """One pass for each position at which generations stand: those that keep up share theirs."""
        by_position: dict[int, list[Generation]] = {}
        for generation in generations.generations(connection):
            projection = self._projections.get(generation.projection)
            current = projection is not None and projection.definition_hash == generation.definition_hash
            if current and generation.state in (State.LIVE, State.BUILDING):
                by_position.setdefault(generation.position, []).append(generation)
        leading = max(by_position, default=0)
        passes = [
            self._advance(connection, position, standing, BATCH if position == leading else CATCH_UP_BATCH)
            for position, standing in sorted(by_position.items())
        ]
        self._swap_built(connection)
        return Pass(sum(p.events for p in passes), any(p.more for p in passes))

    def _advance(self, connection: Connection[Any], position: int, standing: list[Generation], limit: int) -> Pass:
        reader = LogReader(connection, self._decode)
        wanted = self._wanted(standing)
        records = reader.records(position, limit=limit, wanted=wanted)
        if not records:
            return Pass()
        folded, read = fold([self._projections[g.projection] for g in standing], reader.events(records))
        last = self._last(records, read)
        try:
            self._write(connection, standing, folded, last)
        except psycopg.Error as error:
            if parking.transient(error):
                raise
            log.warning("a batch failed (%s): applying it with care", str(error).strip())
            events = list(reader.events([record for record in records if record.position <= last]))
            self._write_with_care(connection, standing, events, last)
        return Pass(len(records), more=len(records) == limit or last < records[-1].position)

    def _wanted(self, standing: list[Generation]) -> list[str] | None:
        wanted: set[str] = set()
        for generation in standing:
            events = self._projections[generation.projection].events
            if events is None:
                return None
            wanted |= events
        return sorted(wanted)

    @staticmethod
    def _last(records: list[Record], read: int) -> int:
        """How far the batch really went: to its end, or to where the reader had inflated enough."""
        unread = next((record for record in records if record.body is not None and record.position > read), None)
        return records[-1].position if unread is None else read

    def _write(self, connection: Connection[Any], standing: list[Generation], folded: list[Folded], last: int) -> None:
        with connection.transaction():
            generations.advance(connection, standing, last)
            for generation, stated in zip(standing, folded, strict=True):
                if parking.burst(connection, generation, stated.parks):
                    raise _Burst
                if stated.rows:
                    load(connection, stated.projection, generation.schema_name, stated.rows)
                parking.record(connection, generation, stated.parks)
            connection.execute("NOTIFY projected")

    def _write_with_care(
        self, connection: Connection[Any], standing: list[Generation], events: list[Event[Any]], last: int
    ) -> None:
        """Each generation in a transaction of its own: what fails parks or halts that one alone."""
        for generation in standing:
            projection = self._projections[generation.projection]
            wanted = [event for event in events if projection.wants(event.event_type)]
            try:
                with connection.transaction():
                    generations.advance(connection, [generation], last)
                    parks = parking.load_or_park(connection, projection, generation.schema_name, wanted)
                    if parking.burst(connection, generation, parks):
                        raise _Burst
                    parking.record(connection, generation, parks)
                    connection.execute("NOTIFY projected")
            except _Burst:
                generations.halt(connection, generation, f"more than {parking.BURST} events could not be applied")
            except psycopg.Error as error:
                if not parking.broken(error):
                    raise
                generations.halt(connection, generation, str(error).strip())
                log.exception("projection %s is halted", projection.name)

    def _swap_built(self, connection: Connection[Any]) -> None:
        built = [g for g in generations.generations(connection) if g.state == State.BUILDING]
        if not built:
            return
        end = generations.head(connection)
        ready = [g for g in built if g.position >= end and g.projection in self._projections]
        for generation in ready:
            generations.swap(connection, generation)
            log.info("projection %s: generation %s is live", generation.projection, generation.generation)
        if ready:
            generations.publish_views(connection, list(self._projections.values()))


class _Burst(psycopg.DataError):
    """Too many parks: the whole projection is at fault."""


def _runs(generation: Generation) -> bool:
    return generation.state != State.RETIRED


def _elect(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,)).fetchone()
    return bool(row and row[0])


def _wait(connection: Connection[Any]) -> None:
    for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
        pass
