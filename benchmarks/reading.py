"""A reader that never pauses, and how long it ever waited."""

import asyncio
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psycopg

from benchmarks.machine import percentile
from replay.errors import MetricsError
from replay.snapshot import Pool, reading_pool, snapshot

NAMES = ("webhook_events", "pull_requests", "pr_reviews")
NEWEST = "SELECT position, delivery_id, event_type FROM webhook_events WHERE position IS NOT NULL ORDER BY position DESC LIMIT 50"
MERGED = """
SELECT count(*) AS pulls, (SELECT count(*) FROM pr_reviews r WHERE r.repository_id = w.repository_id) AS reviews
FROM pull_requests p JOIN (SELECT repository_id FROM webhook_events WHERE position = %(position)s) w
USING (repository_id) GROUP BY w.repository_id
"""


class Reader:
    """Reads snapshots one after another, in a thread of its own, while its block lasts. A read fails when it raises, or
    when what it sees is not the whole of the log up to `position`.
    """

    def __init__(self, conninfo: str, position: int) -> None:
        self._conninfo = conninfo
        self._position = position
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._read_all()))
        self.reads: list[tuple[float, float]] = []
        self.failures: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    async def _read_all(self) -> None:
        async with reading_pool(self._conninfo, 1) as pool:
            while not self._stop.is_set():
                before = time.monotonic()
                try:
                    await self._read(pool)
                except (MetricsError, psycopg.Error, ValueError) as error:
                    self.failures.append(f"{type(error).__name__}: {error}")
                self.reads.append((before, time.monotonic()))

    async def _read(self, pool: Pool) -> None:
        async with snapshot(pool, NAMES) as seen:
            newest = await seen.rows(NEWEST)
            await seen.rows(MERGED, {"position": self._position})
        if set(seen.positions.values()) != {self._position} or newest[0]["position"] != self._position:
            raise ValueError(f"{seen.positions} and {newest[0]['position']} were seen, not {self._position}")

    def row(self, name: str, began: float, ended: float) -> Sequence[str]:
        """How many reads there were in a part of the time, and how long they took, in milliseconds."""
        waits = self.waits(began, ended)
        shares = [percentile(waits, share) for share in (0.5, 0.99, 1.0)]
        return [name, f"{len(waits):,}", *(f"{value:.1f}" for value in shares)]

    def waits(self, began: float, ended: float) -> list[float]:
        """Milliseconds of each read that touches a part of the time."""
        return [1000 * (after - before) for before, after in self.reads if after >= began and before <= ended]
