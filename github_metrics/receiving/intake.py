"""The checks that a delivery passes before it is appended, each a function that raises Refusal.

None of them looks at the payload; none says more to the sender than GitHub's own samples do.
"""

import hmac
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from replay.errors import RequestError

MAX_HEADERS = 16 * 1024
MAX_BODY = 25 * 2**20
"""GitHub delivers nothing larger."""
MAX_FORM = 3 * MAX_BODY + 1024
"""The same, form-encoded: each byte may become three."""
MAX_EVENT_TYPE = 255
JSON_TYPE = b"application/json"
FORM_TYPE = b"application/x-www-form-urlencoded"

Headers = Iterable[tuple[bytes, bytes]]

SINGLE = frozenset(
    {
        b"x-github-delivery",
        b"x-github-event",
        b"x-github-hook-id",
        b"x-hub-signature-256",
        b"x-github-hook-installation-target-type",
        b"x-github-hook-installation-target-id",
        b"x-github-enterprise-host",
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"user-agent",
    }
)
"""The headers that are read. Each may come once: of two, a proxy and we could read different ones."""

_uuid = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).fullmatch
_signature = re.compile(rb"sha256=[0-9a-f]{64}").fullmatch


class Refusal(RequestError):
    """A delivery that is not taken. `status` and `reason` go into the answer, `detail` says what to mend."""

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason


class Envelope(NamedTuple):
    """What the headers of a delivery say."""

    delivery_id: UUID
    event_type: str
    hook_id: int
    form: bool
    signature: bytes | None
    kept: dict[str, str]


def single_headers(headers: Headers) -> dict[bytes, bytes]:
    """The headers that are read, by name. Refuses more than 16 kB of headers, and one that comes twice."""
    found: dict[bytes, bytes] = {}
    size = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name in SINGLE:
            if name in found:
                raise Refusal(400, "repeated_header", f"{name.decode()} comes twice")
            found[name] = value
    if size > MAX_HEADERS:
        raise Refusal(431, "headers_too_large", "the headers are too large")
    return found


def check_length(found: dict[bytes, bytes]) -> int:
    """The most bytes that the body may have. Refuses one that declares more."""
    limit = MAX_FORM if _media_type(found) == FORM_TYPE else MAX_BODY
    declared = found.get(b"content-length")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise too_large(limit)
    return limit


def too_large(limit: int) -> Refusal:
    return Refusal(413, "body_too_large", f"the body is larger than {limit} bytes")


def _media_type(found: dict[bytes, bytes]) -> bytes:
    return found.get(b"content-type", b"").partition(b";")[0].strip().lower()


def envelope(found: dict[bytes, bytes]) -> Envelope:
    """What the headers say; refuses what GitHub would never send."""
    media_type = _media_type(found)
    if media_type not in (JSON_TYPE, FORM_TYPE):
        raise Refusal(415, "content_type", "the content type must be application/json or a form with field payload")
    if found.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refusal(415, "content_encoding", "an encoded body is not accepted")
    return Envelope(
        _delivery_id(found),
        _event_type(found),
        _hook_id(found),
        media_type == FORM_TYPE,
        found.get(b"x-hub-signature-256"),
        _kept(found),
    )


def _delivery_id(found: dict[bytes, bytes]) -> UUID:
    text = found.get(b"x-github-delivery", b"").decode("latin-1")
    if not _uuid(text):
        raise Refusal(400, "delivery_id", "X-GitHub-Delivery must be a UUID")
    return UUID(text)


def _event_type(found: dict[bytes, bytes]) -> str:
    name = found.get(b"x-github-event", b"").decode("latin-1").strip()
    if not name or len(name) > MAX_EVENT_TYPE:
        raise Refusal(400, "event_type", f"X-GitHub-Event must name an event in at most {MAX_EVENT_TYPE} characters")
    return name


def _hook_id(found: dict[bytes, bytes]) -> int:
    digits = found.get(b"x-github-hook-id")
    if digits is None:
        return 0
    if not digits.isdigit() or len(digits) > 18:
        raise Refusal(400, "hook_id", "X-GitHub-Hook-ID must be a number")
    return int(digits)


def _kept(found: dict[bytes, bytes]) -> dict[str, str]:
    """What came beside the body, in few words: it is kept for ever. A user agent is kept where it is not GitHub's."""
    kept: dict[str, str] = {}
    agent = found.get(b"user-agent", b"")
    if not agent.startswith(b"GitHub-Hookshot/"):
        kept["user_agent"] = _short(agent)
    if b"x-github-hook-installation-target-type" in found:
        kind, number = (found.get(b"x-github-hook-installation-target-" + part, b"") for part in (b"type", b"id"))
        kept["target"] = _short(kind + b"/" + number)
    if b"x-github-enterprise-host" in found:
        kept["enterprise_host"] = _short(found[b"x-github-enterprise-host"])
    return kept


def _short(value: bytes) -> str:
    return value.decode("latin-1")[:255]


def signed_by(secrets: Sequence[bytes], signature: bytes | None, body: bytes) -> str:
    """Which secret signed the raw body: `current` (the first) or `previous` (another, during a rotation).
    `unsigned` where no secret is configured.

    Every secret is tried, in constant time, so that the answer's timing tells nothing. Refuses anything but
    GitHub's exact form, `sha256=` and 64 hex digits: there is no fall-back to sha1.
    """
    if not secrets:
        return "unsigned"
    given = signature if signature is not None and _signature(signature) else b"sha256="
    matches = [hmac.compare_digest(b"sha256=" + _hex_digest(secret, body), given) for secret in secrets]
    if not any(matches):
        raise Refusal(403, "signature", "the signature is missing or does not match")
    return "current" if matches[0] else "previous"


def _hex_digest(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, body, "sha256").hex().encode()
