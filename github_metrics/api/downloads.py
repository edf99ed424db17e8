"""Answers that are sent while they are made.

What is made goes to a file, as fast as the database gives it, and what is there is sent: so the first rows are on their
way long before the last is found, and a slow reader holds no connection of the database. A fault breaks the answer off:
without its end a reader sees that it is not whole.
"""

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Coroutine, Mapping
from contextlib import AsyncExitStack, ExitStack, aclosing
from typing import Any

import structlog
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from github_metrics.api.problems import Busy
from replay.errors import MetricsError
from replay.snapshot import Snapshot, answering

IN_MEMORY = 1024 * 1024
CHUNK = 64 * 1024

_log = structlog.get_logger(__name__)


class BrokenOff(Exception):
    """What a reader is sent ends before its end."""


class Downloads:
    """Those under way. At most `most` snapshots outlive their requests: connections are left for others, whatever is
    downloaded.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._making: set[asyncio.Task[None]] = set()

    def keep(self, snapshot: Snapshot) -> AsyncExitStack:
        """What ends the snapshot, which lasts until then. Raises Busy."""
        if not self._free:
            raise Busy("as many long lists as may be are on their way: try again when one is done")
        kept = snapshot.held.pop_all()
        self._free -= 1
        kept.callback(self._leave)
        return kept

    def _leave(self) -> None:
        self._free += 1

    def make(self, making: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(making)
        self._making.add(task)
        task.add_done_callback(self._made)
        return task

    def _made(self, task: asyncio.Task[None]) -> None:
        """Say at once why an answer is broken off: nobody else hears of it."""
        self._making.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            reason = error.reason if isinstance(error, MetricsError) else MetricsError.reason
            _log.error("a download is broken off", reason=reason, exc_info=error)

    async def stop(self) -> None:
        """Break off all of them, before the connections are closed."""
        await _ended(self._making)


async def _ended(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel them, once: who is cancelled again while tidying up leaves it half done."""
    for task in tasks:
        if not task.cancelling():
            task.cancel()
    if tasks:
        await asyncio.wait(tasks)


class Spool:
    """Bytes that one task writes and another reads behind it, kept in a file where there are many."""

    def __init__(self) -> None:
        with ExitStack() as held:
            self._file = held.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))
            self._held = held.pop_all()  # until it is closed
        self._lock = threading.Lock()
        self._length = 0
        self._whole: bool | None = None
        self._news = asyncio.Event()

    async def write(self, part: bytes) -> None:
        await asyncio.to_thread(self._append, part)
        self._length += len(part)
        self._news.set()

    def end(self, *, whole: bool) -> None:
        """Nothing more comes. `whole`: since that was all."""
        self._whole = whole
        self._news.set()

    async def read(self) -> AsyncIterator[bytes]:
        """All that is written, as it comes. Raises BrokenOff where it is not whole."""
        sent = 0
        while self._whole is None or (self._whole and sent < self._length):
            if sent < self._length:
                part = await asyncio.to_thread(self._part, sent)
                yield part
                sent += len(part)
            else:
                self._news.clear()
                await self._news.wait()
        if not self._whole:
            raise BrokenOff

    def close(self) -> None:
        """A thread may be at the file still, whose task is cancelled: it is waited for."""
        with self._lock:
            self._held.close()

    def _append(self, part: bytes) -> None:
        with self._lock:
            self._file.seek(0, 2)
            self._file.write(part)

    def _part(self, start: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(CHUNK)


class Download(StreamingResponse):
    """An answer of these parts, which are made from now on. `kept` is closed when they are made, or not wanted."""

    def __init__(
        self,
        downloads: Downloads,
        parts: AsyncGenerator[bytes],
        kept: AsyncExitStack,
        media_type: str,
        headers: Mapping[str, str],
    ) -> None:
        self._spool = Spool()
        self._kept = kept
        self._making = downloads.make(self._make(parts))
        super().__init__(self._spool.read(), media_type=media_type, headers=headers)

    async def _make(self, parts: AsyncGenerator[bytes]) -> None:
        whole = False
        try:
            with answering():
                async with self._kept, aclosing(parts):
                    async for part in parts:
                        await self._spool.write(part)
            whole = True
        finally:
            self._spool.end(whole=whole)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except BrokenOff:
            pass  # the server closes the connection of an answer that has no end
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """Whether all is sent, the reader is gone, or the service stops."""
        await _ended([self._making])
        await self._kept.aclose()  # a task that never began has closed nothing
        self._spool.close()
