"""The projector keeps projections up with the log.

One runs at a time, elected by a session advisory lock; any number may wait. What makes it right is not
the lock but the compare-and-swap of the checkpoints in the transaction that writes the rows: a second
projector, forced to run, cannot commit.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
from psycopg import Connection

from replay import generations, parking
from replay.batch import Applier
from replay.errors import GenerationFault, LogError, ProjectorFenced
from replay.event import Decode
from replay.fold import Park
from replay.generations import Generation, State
from replay.log import LogReader
from replay.projection import Projection
from replay.views import publish_views

log = logging.getLogger(__name__)

LEADER_LOCK = int.from_bytes(b"projectr", "big") >> 1
STEADY_SECONDS = 5.0
"""Whoever has led this long begins anew with the shortest pause."""
POLL_SECONDS = 0.25
"""A notification that is lost costs this much, never an event."""
PUBLISH_SECONDS = 10.0
BATCH = 500
CATCH_UP_BATCH = 2_000
SHORT_HISTORY = 5_000
"""A history this short is read in the projector's own loop, without anybody noticing."""
Rebuild = Callable[[Sequence[str], threading.Event], None]
"""Builds new generations of the named projections from history and leaves them to the projector, until stopped."""
_UNUSED = (State.RETIRED, State.REPLAYING, State.HELD)
OPTIONS = "-c timezone=UTC -c jit=off -c lock_timeout=30000"


class Projector:
    """Applies new events to all generations that are live or building, until it is told to stop."""

    def __init__(
        self,
        conninfo: str,
        projections: Sequence[Projection],
        decode: Decode,
        rebuild: Rebuild | None = None,
    ) -> None:
        """`rebuild` builds what has much history; without it the projector does so itself."""
        self._conninfo = conninfo
        self._projections = {projection.name: projection for projection in projections}
        self._decode = decode
        self._rebuild = rebuild

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set. A database that is away is waited for; a fenced projector stands down and
        stands for election again.
        """
        pause = 0.1
        while not stop.is_set():
            began = time.monotonic()
            try:
                self._lead(stop)
            except ProjectorFenced as fenced:
                log.warning("%s", fenced)
            except LogError as error:
                log.error("the log cannot be read: %s", error, extra={"reason": error.reason})  # noqa: TRY400
            except psycopg.Error as error:
                if not parking.transient(error):
                    raise
                log.warning("the database is away (%s): trying again in %.1f s", str(error).strip(), pause)
            if time.monotonic() - began > STEADY_SECONDS:
                pause = 0.1
            stop.wait(pause)
            pause = min(pause * 2, 5.0)

    def _lead(self, stop: threading.Event) -> None:
        with self._connect() as elected, self._connect() as connection, ExitStack() as stack:
            while not elect(elected):
                if stop.wait(1.0):
                    return
            log.info("leading: this process is the projector")
            stack.callback(self._begin_rebuild(self.prepare(connection)))
            elected.execute("LISTEN webhooks")
            led = Leadership(connection, self._projections, self._decode)
            while not stop.is_set():
                if not led.run_once():
                    _wait(elected)

    def _connect(self) -> Connection[Any]:
        return psycopg.connect(self._conninfo, autocommit=True, application_name="projector", options=OPTIONS)

    def prepare(self, connection: Connection[Any]) -> list[str]:
        """Give each projection that is new, or whose definition has changed, a generation to build. Returns the names
        of those that have so much history to read that it is better read by processes of their own.
        """
        history = generations.head(connection)
        held = {generation.projection for generation in generations.generations(connection)}
        slow: list[str] = []
        wanted = unbuilt(connection, list(self._projections.values()))
        if wanted:
            log.info("new or changed, so they are built: %s", ", ".join(projection.name for projection in wanted))
        for projection in wanted:
            known = projection.name in held
            if history > SHORT_HISTORY and self._rebuild is not None:
                slow.append(projection.name)
            else:
                generations.create(connection, projection, live=history == 0 and not known)
        for gone in sorted(held - self._projections.keys()):
            log.warning("projection %s is not in this release, or switched off: its table is kept as it is", gone)
        return slow

    def _begin_rebuild(self, names: list[str]) -> Callable[[], None]:
        """Rebuild in the background; what is returned ends it, to be resumed by the next leader."""
        stop = threading.Event()
        thread = threading.Thread(target=self._rebuild, args=[names, stop], name="rebuild")
        if names:
            thread.start()

        def end() -> None:
            stop.set()
            if names:
                thread.join()

        return end

    def run_once(self, connection: Connection[Any]) -> bool:
        """One pass, as the leader makes it, whoever leads. Says whether there may be more at once."""
        return Leadership(connection, self._projections, self._decode).run_once()


def unbuilt(connection: Connection[Any], projections: Sequence[Projection]) -> list[Projection]:
    """Those that have no generation of their present definition, nor one that is being brought up."""
    built = {(g.projection, g.definition_hash) for g in generations.generations(connection) if g.state not in _UNUSED}
    return [projection for projection in projections if (projection.name, projection.definition_hash) not in built]


class Leadership:
    """What the projector does while it leads, on one connection."""

    def __init__(self, connection: Connection[Any], projections: dict[str, Projection], decode: Decode) -> None:
        self._connection = connection
        self._projections = projections
        self._reader = LogReader(connection, decode)
        self._applier = Applier(self._reader, projections, Checkpoints(connection), self._halt)
        self._publish_at = 0.0

    def run_once(self) -> bool:
        """One batch for each position at which generations stand: those that keep up share theirs.
        Says whether there may be more at once.
        """
        by_position: dict[int, list[Generation]] = {}
        for generation in generations.generations(self._connection):
            if self._runs(generation):
                by_position.setdefault(generation.position, []).append(generation)
        leading = max(by_position, default=0)
        more = [
            self._advance(standing, BATCH if position == leading else CATCH_UP_BATCH)
            for position, standing in sorted(by_position.items(), reverse=True)
        ]
        if any(g.state == State.BUILDING for standing in by_position.values() for g in standing):
            self._swap_built()
        self._publish()
        return any(more)

    def _publish(self) -> None:
        """Let the views follow, at once and then now and again: whoever rolls back or swaps may be elsewhere."""
        if time.monotonic() >= self._publish_at:
            self._publish_at = time.monotonic() + PUBLISH_SECONDS
            publish_views(self._connection)

    def _runs(self, generation: Generation) -> bool:
        projection = self._projections.get(generation.projection)
        current = projection is not None and projection.definition_hash == generation.definition_hash
        return current and generation.state in (State.LIVE, State.BUILDING)

    def _advance(self, standing: list[Generation], limit: int) -> bool:
        records = self._reader.records(standing[0].position, limit=limit, wanted=self._applier.wanted(standing))
        if not records:
            return False
        reached = self._applier.apply(self._connection, standing, records)
        return len(records) == limit or reached < records[-1].position

    def _halt(self, generation: Generation, fault: GenerationFault) -> None:
        log.error("projection %s is halted: %s", generation.projection, fault, extra={"reason": fault.reason})
        generations.halt(self._connection, generation, str(fault))

    def _swap_built(self) -> None:
        """Let readers see what has been built as soon as it stands where the live generation stands."""
        held = generations.generations(self._connection)
        end = generations.head(self._connection)
        live = {generation.projection: generation.position for generation in held if generation.live}
        built = [g for g in held if g.state == State.BUILDING and self._runs(g)]
        ready = [g for g in built if g.position >= live.get(g.projection, end)]
        for generation in ready:
            generations.swap(self._connection, generation)
            log.info("projection %s: generation %s is live", generation.projection, generation.generation)
        if ready:
            self._publish_at = 0.0


class Checkpoints:
    """Each generation's own, moved by compare-and-swap."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def together(self, standing: Sequence[Generation], reached: int) -> None:
        generations.advance(self._connection, standing, reached)
        self._connection.execute("NOTIFY projected")

    def begin(self, reached: int) -> None:  # noqa: ARG002 - a Checkpoint's
        self._connection.execute("NOTIFY projected")

    def singly(self, generation: Generation, reached: int) -> None:
        generations.advance(self._connection, [generation], reached)

    def park(self, generation: Generation, parks: Sequence[Park]) -> None:
        parking.record(self._connection, generation, parks)


def elect(connection: Connection[Any]) -> bool:
    """Whether this session is now, or was already, the one that projects."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (LEADER_LOCK,)).fetchone()
    return bool(row and row[0])


def _wait(connection: Connection[Any]) -> None:
    for _ in connection.notifies(timeout=POLL_SECONDS, stop_after=1):
        pass
