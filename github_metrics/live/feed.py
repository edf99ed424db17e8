"""What is projected, read once for all who listen in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import psycopg
import structlog

from github_metrics.live.updates import Recent, update
from projections.queries.live_queries import EVERYTHING, FOLLOWED, READS, after
from replay.errors import DatabaseAway, ProjectionsBehind
from replay.listening import Listening, listening

PAGE = 500
POLL_SECONDS = 5.0
"""While somebody listens: a notification that is lost costs this much, never an event."""
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

_log = structlog.get_logger(__name__)


class Feed:
    """Keeps `recent` up with the projections, on one connection, as long as there are listeners."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._listeners = 0
        self._wanted = asyncio.Event()
        self.recent = Recent()
        self.news = asyncio.Event()
        """Is set when `recent` has changed; the next change sets another one."""
        self.stopped = False

    def join(self, seen: int) -> bool:
        """Whether a listener who has seen everything up to a checkpoint may go on with `recent`. If so it must `leave`."""
        if self._listeners == 0:
            self.recent.restart(seen)
        if seen < self.recent.begin:
            return False
        self._listeners += 1
        self._wanted.set()
        return True

    def leave(self) -> None:
        """One listener less."""
        self._listeners -= 1
        if self._listeners == 0:
            self._wanted.clear()

    def stop(self) -> None:
        """Send all listeners away: whoever serves them waits for them before it stops."""
        self.stopped = True
        self._wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reads while the block runs."""
        task = asyncio.create_task(self._run(), name="live feed")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._wanted.wait()
            try:
                async with listening(self._conninfo) as told:
                    while self._listeners:
                        await self._follow(told)
                        pause = FIRST_PAUSE
                        await told.heard(POLL_SECONDS)
            except (psycopg.Error, DatabaseAway, ProjectionsBehind) as error:
                _log.warning("live streams wait for the database", error=str(error).strip(), seconds=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _follow(self, told: Listening) -> None:
        """Read until there is nothing more."""
        more = True
        while more:
            async with told.snapshot(READS) as snapshot:
                rows = await after(snapshot, EVERYTHING, self.recent.end, PAGE)
            more = len(rows) == PAGE
            now = datetime.now(UTC)
            reached = rows[-1]["position"] if more else snapshot.positions[FOLLOWED]
            before = self.recent.end
            self.recent.extend([update(row, now) for row in rows], reached)
            if self.recent.end > before:
                self._wake()

    def _wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()
