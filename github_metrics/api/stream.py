"""GET /api/metrics/stream: each webhook event as it is projected, as server-sent events."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Query, Request
from sse_starlette import EventSourceResponse
from sse_starlette.sse import SendTimeoutError
from starlette.types import Receive, Scope, Send

from github_metrics.api.live import SEND_SECONDS, LastEventId, NotLive, Stream, Wanted, last_position, open_stream
from github_metrics.api.problems import POSITION_HEADER, PROBLEMS, Problem
from github_metrics.live.following import Batch, SlowReader
from replay.errors import DatabaseAway, MetricsError, ProjectionsBehind

router = APIRouter(tags=["live"])

RETRY_MILLISECONDS = 2_000
NO_PING = 0
ENDING_SECONDS = 2.0
"""At shutdown the stream ends by itself, in order; this is how long that may take."""
ANSWER: dict[str, Any] = {
    "description": "The stream. `id` is the position, `data` a message as in the description",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}

_log = structlog.get_logger(__name__)


class EventStream(EventSourceResponse):
    """Server-sent events, until the stream ends or the reader is gone or stuck. Pings are the stream's own: they move
    the place to resume from.
    """

    def __init__(self, stream: Stream) -> None:
        headers = {"X-Accel-Buffering": "no", POSITION_HEADER: str(stream.position)}
        super().__init__(
            _frames(stream),
            headers=headers,
            ping=NO_PING,
            send_timeout=SEND_SECONDS,
            shutdown_grace_period=ENDING_SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            _log.info("a reader of the stream is stuck: cut off", reason=SlowReader.reason)


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
