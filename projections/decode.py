"""Reading a body: a pure function, so that history reads today as it read on the day it came."""

import json
import types
import typing
from binascii import a2b_qp
from datetime import datetime
from functools import cache
from typing import Any, get_args, get_origin

import msgspec

from projections import usage
from projections.payload import Payload
from projections.payload_parts import plausible
from replay.event import Decoded, Reading

BOM = b"\xef\xbb\xbf"
MAX_FIELDS = 16
MAX_DEPTH = 200
"""GitHub nests seven deep. Deeper than this is no payload."""
ESCAPED_NUL = b"\\u0000"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

EXPECTED = {
    name: name
    for name in (
        *("pull_request", "check_run", "check_suite", "workflow_run", "workflow_job", "deployment"),
        *("deployment_status", "discussion", "release", "milestone", "label"),
    )
} | {
    "pull_request_review": "review",
    "pull_request_review_comment": "comment",
    "pull_request_review_thread": "thread",
    "issue_comment": "comment",
    "commit_comment": "comment",
    "issues": "issue",
    "status": "sha",
    "push": "after",
}
"""What a body of these events carries. The event's name is not signed: a body without it is another event's."""

_decoder = msgspec.json.Decoder(Payload)


def decode(event_type: str, body: bytes) -> Decoded[Any]:
    """Read a body as the event it is said to be. Never raises: what cannot be read is `unreadable`, with the
    reason; what can be read in part is `tolerant`.
    """
    if event_type == usage.EVENT_TYPE:
        return _decode_report(body)
    try:
        body = content(body)
        if (b"\\" in body and ESCAPED_NUL in body) or not (body.isascii() or _is_utf8(body)):
            return _shaped(event_type, _decode_tolerantly(body))
        return _shaped(event_type, Decoded(_decoder.decode(body)))
    except FormError as error:
        return Decoded(None, Reading.UNREADABLE, str(error))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _shaped(event_type, _decode_tolerantly(body))


class FormError(ValueError):
    """A form-encoded body without exactly one field `payload`."""


def content(body: bytes) -> bytes:
    """The JSON of a body: itself without a BOM, or field `payload` of a form. Raises FormError."""
    return (form_payload(body) if _is_form(body) else body).removeprefix(BOM)


def form_payload(body: bytes) -> bytes:
    """Field `payload` of a form. Raises FormError."""
    if not _is_form(body):
        raise FormError("a form begins with the name of a field and has one named payload")
    fields = (field.partition(b"=") for field in body.split(b"&", MAX_FIELDS))
    found = [value for name, _, value in fields if name == b"payload"]
    if len(found) != 1:
        raise FormError(f"a form with {len(found)} fields named payload, not one")
    return _unquote(found[0])


def _unquote(value: bytes) -> bytes:
    """The value of a form's field. Quoted-printable differs from it by one sign and is read in C: at 25 MB
    urllib takes seconds.
    """
    return a2b_qp(value.replace(b"=", b"%3D").replace(b"+", b" ").replace(b"%", b"="))


def _is_form(body: bytes) -> bool:
    """No JSON text begins like a form."""
    return body[:1].isalpha() and b"payload=" in body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _shaped(event_type: str, decoded: Decoded[Payload]) -> Decoded[Payload]:
    expected = EXPECTED.get(event_type)
    if decoded.payload is None or expected is None or getattr(decoded.payload, expected) is not None:
        return decoded
    return Decoded(decoded.payload, Reading.UNREADABLE, f"an event {event_type} without {expected}")


def _decode_report(body: bytes) -> Decoded[usage.UsageReport]:
    try:
        return Decoded(usage.decoder.decode(body))
    except RecursionError:
        return Decoded(None, Reading.UNREADABLE, f"nested deeper than {MAX_DEPTH}")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return Decoded(None, Reading.UNREADABLE, str(error))


def _decode_tolerantly(body: bytes) -> Decoded[Payload]:
    try:
        read = parse(body)
    except (ValueError, RecursionError) as error:
        return Decoded(None, Reading.UNREADABLE, _reason(error))
    if not isinstance(read, dict):
        return Decoded(None, Reading.UNREADABLE, f"a JSON object is expected, not {type(read).__name__}")
    return Decoded(_convert(Payload, read), Reading.TOLERANT, "read in part: some values are not what GitHub sends")


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested deeper than {MAX_DEPTH}"
    return f"not JSON: {error}"[:500]


def parse(body: bytes) -> Any:
    """JSON as plain objects, NULs and lone surrogates replaced by U+FFFD.

    Raises ValueError for what is not JSON in UTF-8, for numbers that no machine holds and for what is nested
    too deep.
    """
    text = body.decode()
    read = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    return _clean(read, 0)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return value


def _clean(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise RecursionError
    match value:
        case str():
            text = value.replace("\x00", REPLACEMENT)
            return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(text) else text
        case list():
            return [_clean(item, depth + 1) for item in value]
        case dict():
            return {_clean(name, depth): _clean(item, depth + 1) for name, item in value.items()}
    return value


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _convert(kind: Any, value: Any) -> Any:
    """`value` read as `kind`; what has the wrong type reads as null."""
    for option in _options(kind):
        read = _convert_one(option, value)
        if read is not None:
            return read
    return None


@cache
def _options(kind: Any) -> tuple[Any, ...]:
    union = get_origin(kind) in (typing.Union, types.UnionType)
    return tuple(option for option in get_args(kind) if option is not types.NoneType) if union else (kind,)


def _convert_one(kind: Any, value: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if not isinstance(value, dict):
            return None
        fields = msgspec.structs.fields(kind)
        return kind(**{field.name: _convert(field.type, value.get(field.encode_name)) for field in fields})
    if get_origin(kind) is list:
        read = [_convert(get_args(kind)[0], item) for item in value] if isinstance(value, list) else None
        return read if read is None else [item for item in read if item is not None]
    try:
        leaf = msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError:
        return None
    return None if isinstance(leaf, datetime) and not plausible(leaf) else leaf
