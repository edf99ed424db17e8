"""WS /metrics/ws: each webhook event as it is projected."""

import asyncio
from contextlib import aclosing, suppress

import structlog
from fastapi import APIRouter, WebSocket
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from github_metrics.access.origins import may_read
from github_metrics.api.live import SEND_SECONDS, NotLive, Stream, Wanted, open_stream
from github_metrics.api.problems import POSITION_HEADER
from github_metrics.live.following import SlowReader
from replay.errors import DatabaseAway, ProjectionsBehind

router = APIRouter()

POLICY_VIOLATION = 1008
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013
MAX_REASON_BYTES = 123
"""A control frame of WebSocket holds no more."""

_log = structlog.get_logger(__name__)


@router.websocket("/metrics/ws")
async def tell_webhook_events(socket: WebSocket) -> None:
    """Each webhook event once it is projected. Whatever the reader says is passed over."""
    if not may_read(socket.headers, socket.app.state.cors_origins):
        await socket.close(POLICY_VIOLATION)
        return
    try:
        stream = await open_stream(socket, Wanted.asked(socket.query_params))
    except ValidationError as refused:
        await _refuse(socket, POLICY_VIOLATION, _fault(refused))
    except NotLive as refused:
        await _refuse(socket, POLICY_VIOLATION, str(refused))
    except (DatabaseAway, ProjectionsBehind) as refused:
        await _refuse(socket, TRY_AGAIN_LATER, str(refused))
    else:
        await socket.accept(headers=[(POSITION_HEADER.lower().encode(), str(stream.position).encode())])
        await _tell(socket, stream)


async def _refuse(socket: WebSocket, code: int, reason: str) -> None:
    """With a reason, which can be given only to who has been let in."""
    await socket.accept()
    await _close(socket, code, reason)


def _fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{fault['loc'][0]}: {fault['msg']}"


async def _tell(socket: WebSocket, stream: Stream) -> None:
    """Until the stream ends, or the reader is gone or stuck."""
    tasks = [asyncio.create_task(_send(socket, stream)), asyncio.create_task(_until_gone(socket))]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        task.result()


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _send(socket: WebSocket, stream: Stream) -> None:
    code, reason = SERVICE_RESTART, "the service stops"
    try:
        async with aclosing(aiter(stream)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                for update in batch.updates:
                    async with asyncio.timeout(SEND_SECONDS):
                        await socket.send_text(update.message.decode())
    except WebSocketDisconnect:
        return
    except TimeoutError:
        _log.info("a reader of the stream is stuck: cut off", reason=SlowReader.reason)
        return
    except (SlowReader, DatabaseAway, ProjectionsBehind) as error:
        code, reason = TRY_AGAIN_LATER, str(error)
    await _close(socket, code, reason)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    """If the reader has not gone meanwhile."""
    with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
        async with asyncio.timeout(SEND_SECONDS):
            await socket.close(code, reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
