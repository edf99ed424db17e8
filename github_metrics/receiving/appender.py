"""Group commit: the deliveries that are waiting in this process go to the log as one batch, one batch at a time.

A delivery is acknowledged only when its batch has committed. A database that does not answer fails all that wait,
so that nobody waits twice.
"""

import asyncio
import logging
import select
from collections import deque
from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import AsyncConnection

from replay.compression import Compressor
from replay.errors import DatabaseAway, LogError
from replay.event import Appended, Delivery
from replay.log import append_async

log = logging.getLogger(__name__)

MAX_BATCH = 128
MAX_BATCH_BYTES = 32 * 2**20
TIMEOUT_SECONDS = 6.0
"""GitHub waits 10 s; with this a refusal comes within 8."""
OPTIONS = "-c statement_timeout=5000 -c timezone=UTC"
FAULTS_OF_A_DELIVERY = ("22", "23", "54")
"""SQLSTATE classes that a value causes: data, constraint, limit. All others say that the database is not well."""

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
        self._calls: set[asyncio.Task[list[Appended]]] = set()

    async def __aenter__(self) -> "Appender":
        self._task = asyncio.create_task(self._run(), name="appender")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Deliveries that still wait are refused: their senders were told nothing."""
        tasks = [task for task in (self._task, *self._calls) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._refuse(DatabaseAway("the service is stopping"))
        await self._disconnect()

    async def append(self, delivery: Delivery) -> Appended:
        """Returns when the delivery is durable. Raises DatabaseAway, within TIMEOUT_SECONDS or a little more;
        LogError for a delivery that the log does not take.
        """
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
            batch.append(self._waiting.popleft())
            size += len(batch[-1][0].body)
        return batch

    async def _flush(self, batch: list[Waiting]) -> None:
        try:
            await self._append(batch)
        except DatabaseAway as away:
            log.warning("the database is away: %s", away)
            _fail(batch, away)
            self._refuse(away)
        except asyncio.CancelledError:
            _fail(batch, DatabaseAway("the service is stopping"))
            raise

    async def _append(self, batch: list[Waiting]) -> None:
        """Tell each delivery of a batch where it stands. One bad delivery never fails its neighbours.

        Raises DatabaseAway; then those that were told nothing are not known to be durable.
        """
        try:
            appended = await self._in_time([delivery for delivery, _ in batch])
        except Exception as error:
            if not _is_fault_of_a_delivery(error):
                await self._disconnect()
                raise DatabaseAway(" ".join(str(error).split()) or "no answer in time") from error
            if len(batch) == 1:
                log.exception("a delivery cannot be appended")
                _fail(batch, LogError("the log does not take this delivery"))
                return
            for waiting in batch:
                await self._append([waiting])
            return
        for (_, future), where in zip(batch, appended, strict=True):
            if not future.done():
                future.set_result(where)

    async def _in_time(self, batch: list[Delivery]) -> list[Appended]:
        """Raises TimeoutError when the database does not answer in time.

        The call is then left to end by itself: psycopg asks a silent server for ten more seconds to cancel it.
        """
        call = asyncio.create_task(self._call(batch))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        done, _ = await asyncio.wait([call], timeout=TIMEOUT_SECONDS)
        if not done:
            self._connection = None
            call.cancel()
            raise TimeoutError
        return call.result()

    async def _call(self, batch: list[Delivery]) -> list[Appended]:
        connection = await self._connected()
        try:
            return await append_async(connection, batch, self._compressor)
        except asyncio.CancelledError:
            await connection.close()
            raise

    async def _connected(self) -> AsyncConnection[Any]:
        if self._connection is None or not _is_idle(self._connection):
            await self._disconnect()
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
        _fail(self._waiting, error)
        self._waiting.clear()


def _is_fault_of_a_delivery(error: Exception) -> bool:
    """Whether a value cannot be stored, or not even be sent; else the database is at fault, and none can be stored."""
    if isinstance(error, psycopg.Error) and error.sqlstate is not None:
        return error.sqlstate[:2] in FAULTS_OF_A_DELIVERY
    return not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | OSError)


def _is_idle(connection: AsyncConnection[Any]) -> bool:
    """Whether the next delivery can be sent on it. Where nobody asked, what there is to read is a farewell: a server
    that has been started again must not cost a delivery.
    """
    if connection.closed:
        return False
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    return not waiting.poll(0)


def _fail(batch: Iterable[Waiting], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
