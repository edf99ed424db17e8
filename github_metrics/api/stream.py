"""GET /api/metrics/stream: each webhook event as it is projected, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.types import Send

from github_metrics.api.live import SEND_SECONDS, LastEventId, NotLive, Stream, Wanted, last_position, open_stream
from github_metrics.api.problems import POSITION_HEADER, PROBLEMS, Problem
from github_metrics.live.following import Batch, SlowReader
from replay.errors import DatabaseAway, MetricsError, ProjectionsBehind

router = APIRouter(tags=["live"])

RETRY_MILLISECONDS = 2_000
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
ANSWER: dict[str, Any] = {
    "description": "The stream. `id` is the position, `data` a message as in the description",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}

_log = structlog.get_logger(__name__)


class EventStream(StreamingResponse):
    """Server-sent events, until the stream ends or the reader is gone or stuck."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream) -> None:
        super().__init__(_frames(stream), headers={**HEADERS, POSITION_HEADER: str(stream.position)})

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with aclosing(self.body_iterator) as frames:  # type: ignore[type-var]
                async for frame in frames:
                    await _sent(send, frame, more=True)
            await _sent(send, b"", more=False)
        except TimeoutError:
            _log.info("a reader of the stream is stuck: cut off", reason=SlowReader.reason)


async def _sent(send: Send, body: Any, *, more: bool) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _frames(stream: Stream) -> AsyncIterator[bytes]:
    """An `id` without data moves only the place to resume from: it is there from the beginning, and with every ping."""
    yield b"retry: %d\nid: %d\n\n" % (RETRY_MILLISECONDS, stream.position)
    try:
        async with aclosing(aiter(stream)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                yield _frame(batch)
    except (SlowReader, DatabaseAway, ProjectionsBehind) as error:
        yield b"event: error\ndata: %s\n\n" % orjson.dumps(_fault(error))


def _frame(batch: Batch) -> bytes:
    if not batch.updates:
        return b": ping\nid: %d\n\n" % batch.position
    return b"".join(b"id: %d\ndata: %s\n\n" % (update.position, update.message) for update in batch.updates)


def _fault(error: MetricsError) -> dict[str, str]:
    return {"reason": error.reason, "detail": str(error)}


@router.get(
    "/stream",
    operation_id="stream_webhook_events",
    status_code=200,
    response_class=EventStream,
    response_model=None,
    responses={
        **PROBLEMS,
        200: ANSWER,
        404: {"model": Problem, "description": f"`{NotLive.reason}`: the service shows the past"},
    },
)
async def stream_webhook_events(
    request: Request, wanted: Annotated[Wanted, Query()], last_event_id: LastEventId = None
) -> EventStream:
    """Each webhook event once it is projected, as server-sent events that resume exactly: `id` is its position, and
    `data` is {"type": "metric_update", "timestamp", "position", "data": {"event", "summary_delta"}}.
    """
    if last_event_id is not None:
        wanted = wanted.model_copy(update={"since": last_position(last_event_id)})
    return EventStream(await open_stream(request, wanted))
