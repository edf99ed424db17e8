"""Group commit: the deliveries that are waiting in this process go to the log as one batch, one batch at a time.

A delivery is acknowledged only when its batch has committed. A database that does not answer fails all that wait,
so that nobody waits twice.
"""

import asyncio
import logging
from collections import deque
from typing import Any

import psycopg
from psycopg import AsyncConnection

from replay.compression import Compressor
from replay.errors import DatabaseAway, LogError
from replay.event import Appended, Delivery
from replay.log import append_async
from replay.parking import transient

log = logging.getLogger(__name__)

MAX_BATCH = 128
MAX_BATCH_BYTES = 32 * 2**20
TIMEOUT_SECONDS = 6.0
"""GitHub waits 10 s; with this a refusal comes within 8."""
OPTIONS = "-c statement_timeout=5000 -c timezone=UTC"

Waiting = tuple[Delivery, "asyncio.Future[Appended]"]


class Appender:
    """The way into the log for one process. Owns one connection, made when it is first needed and made again
    when it breaks.
    """

    def __init__(self, conninfo: str, compressor: Compressor) -> None:
        self._conninfo = conninfo
        self._compressor = compressor
        self._waiting: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._connection: AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Appender":
        self._task = asyncio.create_task(self._run(), name="appender")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Deliveries that still wait are refused: their senders were told nothing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._refuse(DatabaseAway("the service is stopping"))
        await self._disconnect()

    async def append(self, delivery: Delivery) -> Appended:
        """Returns when the delivery is durable. Raises DatabaseAway, within TIMEOUT_SECONDS or a little more."""
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._flush(self._take())

    def _take(self) -> list[Waiting]:
        batch: list[Waiting] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH and size < MAX_BATCH_BYTES:
            waiting = self._waiting.popleft()
            if not waiting[1].done():
                batch.append(waiting)
                size += len(waiting[0].body)
        return batch

    async def _flush(self, batch: list[Waiting]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._append(batch)
        except (psycopg.Error, TimeoutError) as error:
            if isinstance(error, psycopg.Error) and not transient(error):
                await self._append_singly(batch, error)
                return
            log.warning("the database is away: %s", " ".join(str(error).split()) or "no answer in time")
            away = DatabaseAway("the database does not take deliveries")
            _fail(batch, away)
            self._refuse(away)
            await self._disconnect()
        except BaseException:
            _fail(batch, DatabaseAway("the service is stopping"))
            raise

    async def _append(self, batch: list[Waiting]) -> None:
        if not batch:
            return
        connection = await self._connected()
        appended = await append_async(connection, [delivery for delivery, _ in batch], self._compressor)
        for (_, future), where in zip(batch, appended, strict=True):
            if not future.done():
                future.set_result(where)

    async def _append_singly(self, batch: list[Waiting], error: psycopg.Error) -> None:
        """One bad delivery never fails its neighbours."""
        if len(batch) > 1:
            for waiting in batch:
                await self._flush([waiting])
            return
        log.error("a delivery cannot be appended: %s", error)
        _fail(batch, LogError("the log does not take this delivery"))

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is None or self._connection.broken:
            self._connection = await AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                prepare_threshold=1,
                options=OPTIONS,
                connect_timeout=5,
                application_name="appender",
            )
        return self._connection

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    def _refuse(self, error: Exception) -> None:
        _fail(list(self._waiting), error)
        self._waiting.clear()


def _fail(batch: list[Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
