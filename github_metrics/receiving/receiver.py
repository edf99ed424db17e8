"""POST /metrics: a 2xx means that the delivery is durable, and nothing else.

A plain ASGI application beside FastAPI, whose request handling alone would halve the rate. The order of its checks:
method and path, declared length, shape of the headers, body under a cap and a deadline, signature over the raw bytes,
payload, append.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
import orjson

from github_metrics.receiving import intake
from github_metrics.receiving.appender import Appender
from github_metrics.receiving.intake import Envelope, Refusal
from projections.decode import FormError, decode, form_payload
from projections.payload_parts import Int
from replay.errors import MetricsError
from replay.event import Appended, Delivery, Reading

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_SECONDS = 8.0
LARGE = 256 * 1024
"""From this size on a body is read in a thread: it would hold up everybody else."""


class _Repository(msgspec.Struct):
    id: Int | None = None


class _Routed(msgspec.Struct):
    repository: _Repository | None = None


_routed = msgspec.json.Decoder(_Routed)


class Disconnected(MetricsError):
    """The sender went away before the body was complete."""

    reason = "disconnected"


class Receiver:
    """Takes GitHub's deliveries. `secrets`: those that may sign, the current one first; none: everyone may post."""

    def __init__(self, appender: Appender, secrets: Sequence[bytes]) -> None:
        self._appender = appender
        self._secrets = secrets
        self._seen: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            delivery, appended = await self._take(scope, receive)
        except Refusal as refusal:
            log.info("a delivery is refused", extra={"reason": refusal.reason, "status": refusal.status})
            await _answer_problem(send, refusal.status, refusal.reason, str(refusal))
        except Disconnected:
            log.info("a sender went away", extra={"reason": Disconnected.reason})
        except MetricsError as error:
            await _answer_problem(send, 503, error.reason, "the delivery is not stored: send it again")
        else:
            body = b'{"status":"ok","delivery_id":"%s"}' % str(delivery.delivery_id).encode()
            await _answer(send, 200, body, b"application/json", [(b"x-log-position", b"%d" % appended.position)])

    async def _take(self, scope: Scope, receive: Receive) -> tuple[Delivery, Appended]:
        received_at = datetime.now(UTC)
        if scope["method"] != "POST":
            raise Refusal(405, "method", "deliveries are posted")
        found = intake.single_headers(scope["headers"])
        limit = intake.check_length(found)
        envelope = intake.envelope(found)
        body = await _body(receive, limit)
        if not body:
            raise Refusal(400, "empty_body", "the body is empty")
        if len(body) > LARGE:
            delivery = await asyncio.to_thread(self._delivery, envelope, body, received_at)
        else:
            delivery = self._delivery(envelope, body, received_at)
        return delivery, await self._appender.append(delivery)

    def _delivery(self, envelope: Envelope, body: bytes, received_at: datetime) -> Delivery:
        signed_by = intake.signed_by(self._secrets, envelope.signature, body)
        self._tell_once(signed_by, envelope)
        return Delivery(
            envelope.delivery_id,
            envelope.event_type,
            body,
            hashlib.sha256(body).digest(),
            received_at,
            handed_over_at=datetime.now(UTC),
            hook_id=envelope.hook_id,
            repository_id=self._repository_id(envelope, body),
            headers={**envelope.kept, "signed_by": signed_by},
        )

    def _repository_id(self, envelope: Envelope, body: bytes) -> int:
        """The repository that the body names, 0 for none. Where nobody signs, a body that is no event is refused;
        a signed one is kept, whatever it is: GitHub sent it.
        """
        content = _form_payload(body) if envelope.form else body
        if self._secrets:
            try:
                routed = _routed.decode(content).repository
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                pass
            else:
                return routed.id or 0 if routed is not None else 0
        decoded = decode(envelope.event_type, content)
        if decoded.reading is Reading.UNREADABLE and not self._secrets:
            raise Refusal(400, "unreadable", decoded.error or "the body is not an event")
        repository = getattr(decoded.payload, "repository", None)
        return getattr(repository, "id", None) or 0

    def _tell_once(self, signed_by: str, envelope: Envelope) -> None:
        if signed_by == "previous" and "previous" not in self._seen:
            self._seen.add("previous")
            log.warning("deliveries are still signed with a previous secret: hook %s", envelope.hook_id)
        if signed_by == "unsigned" and envelope.signature is not None and "unverified" not in self._seen:
            self._seen.add("unverified")
            log.warning("deliveries are signed, but METRICS_WEBHOOK_SECRET is not set: nothing is verified")


def _form_payload(body: bytes) -> bytes:
    try:
        return form_payload(body)
    except FormError as error:
        raise Refusal(400, "form", str(error)) from error


async def _body(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises Refusal when it is too large or too slow, Disconnected."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                return _within(message.get("body", b""), limit)
            chunks: list[bytes] = []
            size = 0
            while message["type"] == "http.request":
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if size > limit:
                    raise intake.too_large(limit)
                if not message.get("more_body", False):
                    return b"".join(chunks)
                message = await receive()
    except TimeoutError:
        raise Refusal(408, "too_slow", f"the body did not come within {BODY_SECONDS:.0f} s") from None
    raise Disconnected


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise intake.too_large(limit)
    return body


async def _answer_problem(send: Send, status: int, reason: str, detail: str) -> None:
    body = orjson.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "reason": reason,
        }
    )
    headers = {
        405: [(b"allow", b"POST")],
        408: [(b"connection", b"close")],
        413: [(b"connection", b"close")],
        503: [(b"retry-after", b"10")],
    }
    await _answer(send, status, body, b"application/problem+json", headers.get(status, []))


async def _answer(
    send: Send, status: int, body: bytes, content_type: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", b"%d" % len(body))
    all_headers = [(b"content-type", content_type), length, *headers]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body})
