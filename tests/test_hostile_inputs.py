"""The hostile inputs of reference/webhooks.md, section 5, by their numbers there, against a real server.

Inputs that are one request stand in the table INPUTS; those that take several have a test each, named
`test_<number>_…`; ELSEWHERE says where the others are dealt with. The table is sent twice: to a service that has
secrets, signed, and to one that has none.

A number beyond any machine (43, 44) or a nesting beyond reason (45) makes an `error` where it keeps the body from
being read. In a field that we do not name it is skipped: the body is valid JSON, stays `success`, and is given back
verbatim by the payload endpoint. Those cases stand in the table beside their number.
"""

import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException, HTTPResponse
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import quote_from_bytes, quote_plus

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from github_metrics.receiving.intake import MAX_BODY, MAX_FORM, MAX_HEADERS
from projections.decode import form_payload
from replay.compression import Decompressor, registered_dictionaries
from tests.example_payloads import example_payloads
from tests.service import SECRET, Service, running, sign

PREVIOUS = "the secret before"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
REPOSITORY = b'{"id":7,"full_name":"org/repo"}'
BODY = b'{"action":"created","repository":' + REPOSITORY + b',"sender":{"id":1,"login":"octocat","type":"User"}}'
STARTED = datetime.now(UTC)


# ── Speaking HTTP as no client library would ──────────────────────────────────────────────────────────────────────


class Answer(NamedTuple):
    """An answer of the service."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Input:
    """One request, and what must become of it.

    `status` is the answer to it where a secret is set, `unsigned` where none is. `shown` is the status of the
    event afterwards: None says that nothing is stored. A header of `headers` that is None is left out, those of
    `more` are sent besides.
    """

    number: int
    name: str
    status: int = 200
    shown: str | None = None
    unsigned: int | None = None
    body: bytes = BODY
    event: str = "star"
    method: str = "POST"
    headers: Mapping[str, str | bytes | None] = field(default_factory=dict)
    more: tuple[tuple[str, str], ...] = ()
    signature: Callable[[bytes], str | bytes | None] = sign
    chunked: bool = False

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    def without_secret(self) -> int:
        """Nobody signs there: what is no event is refused, and a signature is not looked at."""
        if self.unsigned is not None:
            return self.unsigned
        return 400 if self.shown == "error" else self.status


def request(given: Input, delivery_id: uuid.UUID, *, path: str = "/metrics") -> bytes:
    """The bytes of a request."""
    headers: dict[str, str | bytes | None] = {
        "Host": "localhost",
        "User-Agent": "GitHub-Hookshot/test",
        "X-GitHub-Delivery": str(delivery_id),
        "X-GitHub-Event": given.event,
        "X-GitHub-Hook-ID": "1",
        "Content-Type": JSON,
        "X-Hub-Signature-256": given.signature(given.body),
        "Content-Length": None if given.chunked else str(len(given.body)),
        "Transfer-Encoding": "chunked" if given.chunked else None,
        **given.headers,
    }
    lines = [(name, value) for name, value in headers.items() if value is not None] + list(given.more)
    head = b"".join(name.encode("latin-1") + b": " + _raw(value) + b"\r\n" for name, value in lines)
    body = b"%x\r\n%s\r\n" % (len(given.body), given.body) + b"0\r\n\r\n" if given.chunked else given.body
    return f"{given.method} {path} HTTP/1.1\r\n".encode() + head + b"\r\n" + body


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def connected(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=20)


def send(service: Service, sent: bytes, *, method: str = "POST") -> Answer:
    """Send bytes and read one answer, which may come before they are all sent."""
    with closing(connected(service)) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        return read_answer(connection, method=method)


def read_answer(connection: socket.socket, *, method: str = "POST") -> Answer:
    response = HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())


def post(service: Service, given: Input, delivery_id: uuid.UUID | None = None) -> Answer:
    return send(service, request(given, delivery_id or uuid.uuid4()), method=given.method)


def deliver(service: Service, event: str, payload: Any, delivery_id: uuid.UUID | None = None, **headers: str) -> int:
    """Post a payload that must be taken; returns its position."""
    body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
    answer = post(service, Input(0, "", body=body, event=event, headers=headers), delivery_id)
    assert answer.status == 200, answer
    return int(answer.headers["x-log-position"])


# ── Looking at what became of it ──────────────────────────────────────────────────────────────────────────────────


@dataclass
class Receiving:
    """A service and a connection to its database."""

    service: Service
    connection: psycopg.Connection[Any]

    def count(self) -> int:
        return self.rows("SELECT count(*) FROM webhooks")[0][0]

    def rows(self, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode(), arguments).fetchall()

    def bodies(self, delivery_id: uuid.UUID) -> list[bytes]:
        """The bodies that the log holds under an id, in order."""
        found = self.rows("SELECT body FROM webhooks WHERE delivery_id = %s ORDER BY position", delivery_id)
        decompressor = Decompressor(registered_dictionaries(self.connection))
        return [decompressor.decompress(body) for (body,) in found]

    def shown(self, delivery_id: uuid.UUID) -> dict[str, Any]:
        """The event as the API shows it, once it is projected, without its payload."""
        self.projected()
        event: dict[str, Any] = json.loads(self.shown_raw(delivery_id).partition(b',"payload":')[0] + b"}")
        return event

    def shown_raw(self, delivery_id: uuid.UUID) -> bytes:
        answer = self.service.client.get(f"/api/metrics/webhooks/{delivery_id}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def projected(self) -> None:
        """Wait until every projection has applied the whole log."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            ((behind,),) = self.rows(
                "SELECT count(*) FROM projection_generations"
                " WHERE position < (SELECT coalesce(max(position), 0) FROM webhooks)"
            )
            if behind == 0:
                return
            time.sleep(0.01)
        halted = self.rows("SELECT projection, state, halted_reason, position FROM projection_generations")
        raise AssertionError(f"the projections do not come up with the log: {halted}")


@contextmanager
def receiving(server: str, template: str, secret: str) -> Iterator[Receiving]:
    name = f"hostile_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        database = make_conninfo(server, dbname=name)
        with (
            psycopg.connect(database, autocommit=True) as connection,
            running(database, METRICS_WEBHOOK_SECRET=secret) as service,
        ):
            yield Receiving(service, connection)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def signed(server: str, template: str) -> Iterator[Receiving]:
    """A service with a current and a previous secret."""
    with receiving(server, template, f"{SECRET},{PREVIOUS}") as started:
        yield started


@pytest.fixture(scope="module")
def open_to_all(server: str, template: str) -> Iterator[Receiving]:
    """A service without a secret."""
    with receiving(server, template, "") as started:
        yield started


# ── The table ─────────────────────────────────────────────────────────────────────────────────────────────────────


def example(event_type: str, action: str | None = None) -> dict[str, Any]:
    """A copy of one of GitHub's example payloads."""
    found = next(p for name, p in example_payloads() if name == event_type and action in (None, p.get("action")))
    copied: dict[str, Any] = orjson.loads(orjson.dumps(found))
    return copied


def changed(event_type: str, example_action: str | None, /, **changes: Any) -> bytes:
    """An example payload with other values; `pull_request__user=None` reaches into it."""
    payload = example(event_type, example_action)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = payload
        for parent in parents:
            target = target[parent]
        target[last] = value
    return orjson.dumps(payload)


def with_field(value: bytes, name: bytes = b"action") -> bytes:
    """A body with this text as the value of a field; `action` is one that we name."""
    return b'{"%s":%s,"repository":%s}' % (name, value, REPOSITORY)


def form(*payloads: bytes) -> bytes:
    return b"&".join(b"payload=" + quote_from_bytes(payload, safe="").encode() for payload in payloads) or b"other=1"


def padded(size: int) -> bytes:
    """A body of this many bytes, made of small objects."""
    head, tail = b'{"repository":%s,"x":[' % REPOSITORY, b'{"":0}]}'
    objects = b'{"a":1},' * ((size - len(head) - len(tail)) // 8)
    return head + objects + b" " * (size - len(head) - len(objects) - len(tail)) + tail


def long_random(length: int) -> str:
    """Text that no compression makes shorter."""
    return "".join(uuid.uuid5(uuid.NAMESPACE_DNS, str(n)).hex for n in range(length // 32 + 1))[:length]


def without(name: str) -> dict[str, None]:
    return {name: None}


def pull(**changes: Any) -> bytes:
    return changed("pull_request", "opened", **{f"pull_request__{name}": value for name, value in changes.items()})


TYPE_FORM = {"Content-Type": FORM}
SIGNATURE = "X-Hub-Signature-256"

INPUTS = [
    # Auth. Without a secret a signature is not looked at.
    Input(1, "wrong signature", 403, unsigned=200, signature=lambda body: sign(body, "another secret")),
    Input(2, "signature missing", 403, unsigned=200, headers=without(SIGNATURE)),
    Input(3, "signature not ASCII", 403, unsigned=200, signature=lambda _: b"sha256=" + b"\xe9" * 64),
    Input(3, "signature not hex", 403, unsigned=200, signature=lambda _: "sha256=" + "g" * 64),
    Input(3, "signature too short", 403, unsigned=200, signature=lambda body: sign(body)[:-1]),
    Input(3, "signature too long", 403, unsigned=200, signature=lambda body: sign(body) + "0"),
    Input(3, "signature empty", 403, unsigned=200, signature=lambda _: ""),
    Input(4, "sha1 only", 403, unsigned=200, headers={**without(SIGNATURE), "X-Hub-Signature": "sha1=" + "0" * 40}),
    Input(5, "two signatures, the first good", 400, more=((SIGNATURE, "sha256=" + "0" * 64),)),
    Input(5, "two signatures, the same", 400, more=((SIGNATURE, sign(BODY)),)),
    Input(6, "hex in upper case", 403, unsigned=200, signature=lambda body: "sha256=" + sign(body)[7:].upper()),
    Input(6, "SHA256=", 403, unsigned=200, signature=lambda body: sign(body).replace("sha", "SHA")),
    Input(7, "signature, but no secret", 200, "success"),
    Input(8, "the previous secret", 200, "success", signature=lambda body: sign(body, PREVIOUS)),
    Input(10, "the header says another event", 200, "error", event="check_run"),
    Input(10, "the header says another event with a body of its own", 200, "error", event="usage_report"),
    # Headers
    Input(12, "no delivery id", 400, headers=without("X-GitHub-Delivery")),
    Input(13, "delivery id is no UUID", 400, headers={"X-GitHub-Delivery": "4711"}),
    Input(13, "delivery id of 300 characters", 400, headers={"X-GitHub-Delivery": "a" * 300}),
    Input(13, "UUID in braces", 400, headers={"X-GitHub-Delivery": "{" + str(uuid.UUID(int=5)) + "}"}),
    Input(14, "no event name", 400, headers=without("X-GitHub-Event")),
    Input(14, "event name empty", 400, event=" "),
    Input(14, "event name with a control character", 400, event="sta\x01r"),
    Input(15, "unknown event", 200, "success", event="brand_new"),
    Input(15, "event name of 255 characters", 200, "success", event="e" * 255),
    Input(15, "event name of 256 characters", 400, event="e" * 256),
    Input(16, "no content type", 415, headers=without("Content-Type")),
    Input(16, "text/plain", 415, headers={"Content-Type": "text/plain"}),
    Input(17, "form", 200, "success", body=form(BODY), headers=TYPE_FORM),
    Input(17, "form, not ASCII", 200, "success", body=form(with_field('"é – 🎉"'.encode())), headers=TYPE_FORM),
    Input(17, "form whose payload is no JSON", 200, "error", body=form(b"{"), headers=TYPE_FORM),
    Input(18, "form without payload", 400, body=form(), headers=TYPE_FORM),
    Input(18, "form with two payloads", 400, body=form(BODY, BODY), headers=TYPE_FORM),
    Input(18, "form that is none", 400, headers=TYPE_FORM),
    Input(18, "two payloads, said to be JSON", 200, "error", body=form(BODY, BODY)),
    Input(18, "form with 20 fields", 400, body=b"a=1&" * 20 + form(BODY), headers=TYPE_FORM),
    Input(19, "charset=utf-16", 200, "success", headers={"Content-Type": JSON + "; charset=utf-16"}),
    Input(19, "charset=latin-1", 200, "success", headers={"Content-Type": "Application/JSON;charset=latin-1"}),
    Input(20, "gzip", 415, body=b"\x1f\x8b\x08\x00" + bytes(20), headers={"Content-Encoding": "gzip"}),
    Input(20, "gzip that is not said to be", 200, "error", body=b"\x1f\x8b\x08\x00" + bytes(20)),
    Input(21, "header of 200 kB", 431, more=(("X-Long", "a" * 200_000),)),
    Input(21, "many headers", 431, more=tuple((f"X-{n}", "a" * 100) for n in range(MAX_HEADERS // 100))),
    Input(22, "Content-Length and Transfer-Encoding", 400, headers={"Transfer-Encoding": "chunked"}),
    Input(23, "two Content-Lengths", 400, more=(("Content-Length", "5"),)),
    Input(23, "two Content-Lengths, the same", 400, more=(("Content-Length", str(len(BODY))),)),
    Input(23, "Content-Length with a sign", 400, headers={"Content-Length": "+100"}),
    *(Input(24, method, 405, method=method) for method in ("GET", "HEAD", "PUT", "OPTIONS", "DELETE")),
    Input(25, "underscores", 403, unsigned=200, headers={**without(SIGNATURE), "X_Hub_Signature_256": sign(BODY)}),
    # Body transport. The bodies of 26 and 27 are not sent to their end: the answer comes before.
    Input(26, "declared too long", 413, body=b"", headers={"Content-Length": str(MAX_BODY + 1)}),
    Input(26, "declared absurdly long", 413, body=b"", headers={"Content-Length": "9" * 18}),
    Input(27, "chunked and too long", 413, body=bytes(MAX_BODY + 1), chunked=True),
    Input(27, "chunked", 200, "success", chunked=True),
    Input(28, "exactly 25 MB of small objects", 200, "success", body=padded(MAX_BODY)),
    Input(29, "longer only as a form", 200, "success", body=form(padded(10 * 2**20)), headers={"Content-Type": FORM}),
    Input(29, "too long for a form", 413, body=b"", headers={**TYPE_FORM, "Content-Length": str(MAX_FORM + 1)}),
    # 31, slow headers: no application sees a request before its headers are complete. See ELSEWHERE.
    Input(33, "empty body", 400, body=b""),
    Input(33, "no body", 400, body=b"", headers={"Content-Length": None}),
    # Bytes and JSON
    Input(36, "not UTF-8", 200, "error", body=with_field(b'"\xff\xfe"')),
    Input(36, "not UTF-8 in a field that we do not name", 200, "error", body=with_field(b'"\xff\xfe"', b"x")),
    Input(37, "UTF-16", 200, "error", body=BODY.decode().encode("utf-16")),
    Input(37, "UTF-32", 200, "error", body=BODY.decode().encode("utf-32-le")),
    Input(38, "BOM", 200, "success", body=b"\xef\xbb\xbf" + BODY),
    Input(39, "not JSON", 200, "error", body=b"hello"),
    Input(39, "cut off", 200, "error", body=BODY[:-1]),
    Input(39, "one more brace", 200, "error", body=BODY + b"}"),
    *(Input(40, f"top level {text}", 200, "error", body=text.encode()) for text in ("[]", '"a"', "1", "null", "true")),
    Input(41, "duplicate keys", 200, "success", body=b'{"action":"first","action":"last"}'),
    *(Input(42, text, 200, "error", body=with_field(text.encode())) for text in ("NaN", "Infinity", "-Infinity")),
    *(Input(42, f"{text} elsewhere", 200, "error", body=with_field(text.encode(), b"x")) for text in ("NaN", "-NaN")),
    Input(43, "1e400", 200, "error", body=with_field(b"1e400")),
    Input(43, "1e400 elsewhere", 200, "success", body=with_field(b"1e400", b"x")),
    Input(43, "1e400 as an id", 200, "error", body=b'{"repository":{"id":1e400}}'),
    Input(44, "5,000 digits", 200, "error", body=with_field(b"9" * 5000)),
    Input(44, "5,000 digits elsewhere", 200, "success", body=with_field(b"9" * 5000, b"x")),
    Input(44, "4,000 digits", 200, "partial", body=with_field(b"9" * 4000)),
    Input(45, "100,000 levels", 200, "error", body=with_field(b"[" * 100_000 + b"]" * 100_000)),
    Input(45, "100,000 levels elsewhere", 200, "error", body=with_field(b"[" * 100_000 + b"]" * 100_000, b"x")),
    Input(45, "100,000 objects", 200, "error", body=b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    Input(45, "500 levels elsewhere", 200, "success", body=with_field(b"[" * 500 + b"]" * 500, b"x")),
    Input(
        45,
        "100,000 levels in a usage report",
        200,
        "error",
        event="usage_report",
        body=b'{"reporter":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ),
    Input(46, "50,000 levels, never closed", 200, "error", body=b"[" * 50_000),
    Input(47, "NUL in a field", 200, "partial", body=with_field(rb'"a\u0000b"')),
    Input(47, "NUL elsewhere", 200, "partial", body=with_field(rb'"a\u0000b"', b"x")),
    Input(47, "NUL in a key", 200, "partial", body=with_field(b"1", rb"a\u0000b")),
    Input(47, "NUL in the title", 200, "partial", event="pull_request", body=pull(title="a\0b")),
    Input(47, "NUL, not escaped", 200, "error", body=with_field(b'"\0"')),
    Input(48, "lone surrogate", 200, "partial", body=with_field(rb'"\ud800"')),
    Input(48, "lone surrogate in a key", 200, "partial", body=with_field(b"1", rb"\udfff")),
    Input(
        48,
        "lone surrogate in the title",
        200,
        "partial",
        event="pull_request",
        body=pull(title="SURROGATE").replace(b"SURROGATE", rb"a \ud83d b"),
    ),
    Input(49, "odd code points", 200, "success", body=with_field('"\ufffe \u202e \u200b 🎉 \uffff"'.encode())),
    Input(50, "CR, LF and ANSI", 200, "success", event="pull_request", body=pull(title="a\r\n\x1b[31mERROR forged")),
    Input(50, "CR, LF and ANSI in a login", 200, "success", body=BODY.replace(b"octocat", rb"\r\n\u001b[2J")),
    # Time
    *(
        Input(
            58,
            f"completed_at {text}",
            200,
            shown,
            event="check_run",
            body=changed("check_run", "completed", check_run__completed_at=text),
        )
        for text, shown in (
            ("2001-01-01T00:00:00Z", "success"),
            ("0001-01-01T00:00:00Z", "partial"),
            ("0000-00-00T00:00:00Z", "partial"),
            ("9999-12-31T23:59:59-23:59", "partial"),
            ("", "partial"),
            (None, "success"),
        )
    ),
    Input(
        59,
        "the sender's clock is ahead",
        200,
        "success",
        event="pull_request",
        body=pull(updated_at="2099-01-01T00:00:00Z"),
    ),
    # Shape
    Input(60, "user null", 200, "success", event="pull_request", body=pull(user=None)),
    Input(60, "sender null", 200, "success", event="pull_request", body=changed("pull_request", "opened", sender=None)),
    Input(
        60,
        "repository null",
        200,
        "success",
        event="pull_request",
        body=changed("pull_request", "opened", repository=None),
    ),
    Input(
        60,
        "pull_request null",
        200,
        "error",
        event="pull_request",
        body=changed("pull_request", "opened", pull_request=None),
    ),
    Input(
        60, "issue null", 200, "success", event="issue_comment", body=changed("issue_comment", "created", issue=None)
    ),
    Input(
        60,
        "comment.user null",
        200,
        "success",
        event="issue_comment",
        body=changed("issue_comment", "created", comment__user=None),
    ),
    Input(
        60, "comment null", 200, "error", event="issue_comment", body=changed("issue_comment", "created", comment=None)
    ),
    Input(61, "fork deleted", 200, "success", event="pull_request", body=pull(head__repo=None)),
    Input(62, "organization", 200, "success", event="organization", body=orjson.dumps(example("organization"))),
    Input(62, "installation", 200, "success", event="installation", body=orjson.dumps(example("installation"))),
    Input(62, "ping", 200, "success", event="ping", body=b'{"zen":"Keep it.","hook_id":1}'),
    Input(
        65,
        "id beyond 32 bits",
        200,
        "success",
        event="check_run",
        body=changed("check_run", "completed", check_run__id=10**11),
    ),
    Input(
        65,
        "id beyond 64 bits",
        200,
        "partial",
        event="check_run",
        body=changed("check_run", "completed").replace(
            b'"check_run":{"id":', b'"check_run":{"id":99999999999999999999'
        ),
    ),
    Input(65, "number as a string", 200, "partial", event="pull_request", body=pull(number="7")),
    Input(65, "label as a string", 200, "partial", event="pull_request", body=pull(labels=["bug"])),
    Input(65, "action as an object", 200, "partial", body=with_field(b"{}")),
    Input(
        65,
        "everything as a list",
        200,
        "partial",
        event="pull_request",
        body=pull(**{name: [] for name in ("user", "head", "base", "title", "created_at", "number", "id")}),
    ),
    Input(66, "long action", 200, "success", body=with_field(b'"%s"' % (b"a" * 80))),
    Input(66, "long title", 200, "success", event="pull_request", body=pull(title="t" * 70_000)),
    Input(
        66,
        "long full_name",
        200,
        "success",
        event="pull_request",
        body=changed("pull_request", "opened", repository__full_name="o/" + "r" * 300),
    ),
    Input(66, "long label", 200, "success", event="pull_request", body=pull(labels=[{"name": "l" * 300}])),
    Input(66, "long ref", 200, "success", event="pull_request", body=pull(head__ref=long_random(8192))),
    # A name that no index holds: the projection of names parks this one event, and the listing says so.
    Input(
        66,
        "16 kB of random text",
        200,
        "partial",
        event="pull_request",
        body=changed("pull_request", "opened", repository__full_name="o/" + long_random(16_384)),
    ),
]

ELSEWHERE = {
    53: "The same id and hook, another body: a parameter of test_52.",
    31: "Slow headers: no application sees a request before its headers are complete; the proxy's timeout stops them.",
    68: "The database is away: tests/test_durability.py.",
}


def becomes(receiving: Receiving, given: Input, status: int) -> None:
    """Send an input; look at the answer, at the log and at what the API shows of it."""
    delivery_id, before = uuid.uuid4(), receiving.count()
    answer = post(receiving.service, given, delivery_id)
    assert answer.status == status, answer
    if status != 200:
        assert receiving.count() == before
        return
    assert orjson.loads(answer.body) == {"status": "ok", "delivery_id": str(delivery_id)}
    assert receiving.bodies(delivery_id) == [given.body]
    event = receiving.shown(delivery_id)
    assert event["status"] == (given.shown or "success"), event["error_message"]
    assert (event["error_message"] is None) == (event["status"] == "success")
    assert event["event_type"] == given.event


@pytest.mark.parametrize("given", INPUTS, ids=str)
def test_where_a_secret_is_set_input(signed: Receiving, given: Input) -> None:
    becomes(signed, given, given.status)


@pytest.mark.parametrize("given", INPUTS, ids=str)
def test_without_a_secret_input(open_to_all: Receiving, given: Input) -> None:
    becomes(open_to_all, given, given.without_secret())


def test_every_numbered_input_is_dealt_with() -> None:
    tested = {int(found[1]) for name in globals() if (found := re.match(r"test_(\d+)_", name))}
    assert tested | ELSEWHERE.keys() | {given.number for given in INPUTS} == set(range(1, 69))


# ── Inputs that take more than one request, or a look at more than the answer ─────────────────────────────────────


def test_07_a_signature_that_nobody_can_verify_is_warned_of(
    server: str, template: str, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(server, template, "") as started:
        delivery_id = uuid.uuid4()
        deliver(started.service, "star", BODY, delivery_id)
        assert "nothing is verified" in caplog.text
        assert signed_by(started, delivery_id) == "unsigned"


def signed_by(receiving: Receiving, delivery_id: uuid.UUID) -> str:
    ((headers,),) = receiving.rows("SELECT headers FROM webhooks WHERE delivery_id = %s", delivery_id)
    return str(headers["signed_by"])


def test_08_the_log_says_which_secret_signed(signed: Receiving) -> None:
    old, new = uuid.uuid4(), uuid.uuid4()
    assert post(signed.service, Input(8, "", signature=lambda body: sign(body, PREVIOUS)), old).status == 200
    assert post(signed.service, Input(8, ""), new).status == 200
    assert (signed_by(signed, old), signed_by(signed, new)) == ("previous", "current")


def test_09_a_replayed_body_under_a_new_id_is_stored_and_flagged_and_projected_once(signed: Receiving) -> None:
    body = changed("pull_request", "opened", repository__id=9001, pull_request__number=9)
    first, replayed = uuid.uuid4(), uuid.uuid4()
    deliver(signed.service, "pull_request", body, first)
    deliver(signed.service, "pull_request", body, replayed)
    assert signed.shown(first)["suspect_replay"] is False
    assert signed.shown(replayed)["suspect_replay"] is True
    assert signed.rows("SELECT count(*) FROM pull_requests WHERE repository_id = 9001") == [(1,)]


def test_11_an_id_is_not_taken_by_an_unsigned_request(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    forged = Input(11, "", body=b"{}", signature=lambda _: "sha256=" + "0" * 64)
    assert {post(signed.service, forged, delivery_id).status for _ in range(20)} == {403}
    deliver(signed.service, "star", BODY, delivery_id)
    assert signed.bodies(delivery_id) == [BODY]
    assert signed.shown(delivery_id)["repeats"] == 0


def test_17_a_form_holds_every_byte_of_its_payload() -> None:
    every = bytes(range(256)) + b"%41 +&=%"
    for encode in (quote_from_bytes, quote_plus):
        assert form_payload(b"a=1&payload=" + encode(every, safe="").encode() + b"&b=2") == every


def test_24_a_method_that_is_refused_is_told_which_is_not(signed: Receiving) -> None:
    assert post(signed.service, Input(24, "", method="GET")).headers["allow"] == "POST"


def test_30_a_body_that_stalls_is_given_up_within_9_seconds(signed: Receiving) -> None:
    before = signed.count()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda stalled: stalled(signed.service), (stalling, stalling_in_a_chunk, dripping)))
    assert [answer.status for answer, _ in answers] == [408] * 3
    assert max(seconds for _, seconds in answers) < 9
    assert {answer.headers["connection"] for answer, _ in answers} == {"close"}
    assert signed.count() == before


def stalling(service: Service) -> tuple[Answer, float]:
    """10 bytes of the body, then nothing."""
    return _slowly(service, request(Input(30, ""), uuid.uuid4())[: 10 - len(BODY)], [])


def stalling_in_a_chunk(service: Service) -> tuple[Answer, float]:
    return _slowly(service, request(Input(30, "", chunked=True), uuid.uuid4())[: 10 - len(BODY)], [])


def dripping(service: Service) -> tuple[Answer, float]:
    """A byte now and then: each comes in time, the whole does not."""
    return _slowly(service, request(Input(30, ""), uuid.uuid4())[: 10 - len(BODY)], [b"a"] * 7)


def _slowly(service: Service, begun: bytes, drops: list[bytes]) -> tuple[Answer, float]:
    with closing(connected(service)) as connection:
        connection.sendall(begun)
        began = time.monotonic()
        for drop in drops:
            time.sleep(1)
            connection.sendall(drop)
        return read_answer(connection), time.monotonic() - began


def test_32_a_sender_that_goes_away_leaves_nothing(signed: Receiving, caplog: pytest.LogCaptureFixture) -> None:
    before = signed.count()
    for chunked in (False, True):
        with closing(connected(signed.service)) as connection:
            connection.sendall(request(Input(32, "", chunked=chunked), uuid.uuid4())[:-20])
    deliver(signed.service, "star", BODY)
    assert signed.count() == before + 1
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


def pipelined(service: Service, count: int) -> list[tuple[uuid.UUID, Answer]]:
    """Many requests in one stretch of bytes, and their answers."""
    ids = [uuid.uuid4() for _ in range(count)]
    with closing(connected(service)) as connection:
        sent = b"".join(request(Input(34, ""), delivery_id) for delivery_id in ids)
        sender = threading.Thread(target=connection.sendall, args=[sent])
        sender.start()
        with connection.makefile("rb") as stream:
            answers = [(delivery_id, _next_answer(stream)) for delivery_id in ids]
        sender.join()
        return answers


def _next_answer(stream: BinaryIO) -> Answer:
    status = int(stream.readline().split()[1])
    headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(stream.readline, b"\r\n"))
    return Answer(status, headers, stream.read(int(headers["content-length"])))


def test_34_pipelined_requests_are_independent(signed: Receiving) -> None:
    for delivery_id, answer in pipelined(signed.service, 3):
        assert orjson.loads(answer.body)["delivery_id"] == str(delivery_id)
        assert signed.bodies(delivery_id) == [BODY]


def test_34_a_refused_request_does_not_spoil_the_next_on_its_connection(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    refused = request(Input(34, "", signature=lambda _: None), uuid.uuid4())
    with closing(connected(signed.service)) as connection:
        connection.sendall(refused)
        assert read_answer(connection).status == 403
        connection.sendall(request(Input(34, ""), delivery_id))
        assert read_answer(connection).status == 200
    assert signed.bodies(delivery_id) == [BODY]


def test_35_a_burst_of_a_thousand_is_stored_once_each(signed: Receiving) -> None:
    before = signed.count()
    with ThreadPoolExecutor(10) as pool:
        bursts = list(pool.map(lambda _: pipelined(signed.service, 100), range(10)))
    assert {answer.status for burst in bursts for _, answer in burst} == {200}
    ids = [delivery_id for burst in bursts for delivery_id, _ in burst]
    assert signed.count() == before + 1000
    assert signed.rows("SELECT count(DISTINCT delivery_id) FROM webhooks WHERE delivery_id = ANY(%s)", ids) == [(1000,)]


def test_41_a_body_with_duplicate_keys_is_given_back_with_both(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    body = b'{"action":"first","action":"last"}'
    deliver(signed.service, "star", body, delivery_id)
    assert signed.shown(delivery_id)["action"] == "last"
    assert b'"payload":' + body in signed.shown_raw(delivery_id)


@pytest.mark.parametrize("number", [b"1e400", b"1E-400", b"9" * 5000, b"1.10"], ids=lambda n: n[:6].decode())
def test_43_a_number_in_a_field_that_we_do_not_name_is_given_back_verbatim(signed: Receiving, number: bytes) -> None:
    delivery_id = uuid.uuid4()
    body = with_field(number, b"x")
    deliver(signed.service, "star", body, delivery_id)
    signed.projected()
    assert b'"status":"success"' in signed.shown_raw(delivery_id)
    assert b'"payload":' + body in signed.shown_raw(delivery_id)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (rb'"a\u0000b"', "a\N{REPLACEMENT CHARACTER}b"),
        (rb'"\ud800"', "\N{REPLACEMENT CHARACTER}"),
        (b"9" * 30, int("9" * 30)),
    ],
)
def test_47_a_payload_that_is_read_in_part_is_shown_as_far_as_json_goes(
    signed: Receiving, value: bytes, shown: object
) -> None:
    delivery_id = uuid.uuid4()
    deliver(signed.service, "star", with_field(value), delivery_id)
    signed.projected()
    assert json.loads(signed.shown_raw(delivery_id))["payload"]["action"] == shown
    assert signed.bodies(delivery_id) == [with_field(value)]


def test_36_a_body_that_is_no_json_is_shown_as_bytes(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    deliver(signed.service, "star", b"\xff\xfe\x00", delivery_id)
    signed.projected()
    assert signed.shown_raw(delivery_id).endswith(b',"payload":null,"body":"//4A"}')


def test_50_control_characters_in_headers_neither_fail_nor_forge(
    signed: Receiving, caplog: pytest.LogCaptureFixture
) -> None:
    before = signed.count()
    for character in [bytes([code]) for code in range(32)] + [b"\x7f", b"\x85", b"\xff"]:
        answer = post(signed.service, Input(50, "", headers={"User-Agent": b"a" + character + b"b"}))
        assert answer.status in (200, 400), (character, answer)
        assert post(signed.service, Input(50, "", headers={"X-GitHub-Event": b"a" + character})).status in (200, 400)
    assert signed.count() > before
    assert "cannot be appended" not in caplog.text


def test_51_a_redelivery_is_acknowledged_and_counted_and_changes_nothing(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    assert deliver(signed.service, "star", BODY, delivery_id) == deliver(signed.service, "star", BODY, delivery_id)
    assert signed.bodies(delivery_id) == [BODY]
    assert duplicates(signed, delivery_id) == 1
    assert signed.shown(delivery_id)["repeats"] == 0


def duplicates(receiving: Receiving, delivery_id: uuid.UUID) -> int:
    ((count,),) = receiving.rows("SELECT count(*) FROM duplicate_deliveries WHERE delivery_id = %s", delivery_id)
    return int(count)


@pytest.mark.parametrize("hook", ["2", "1"], ids=["52 another hook", "53 the same hook"])
def test_52_another_body_under_the_same_id_is_kept_beside_the_first(signed: Receiving, hook: str) -> None:
    delivery_id = uuid.uuid4()
    other = with_field(b'"deleted"')
    deliver(signed.service, "star", BODY, delivery_id)
    deliver(signed.service, "star", other, delivery_id, **{"X-GitHub-Hook-ID": hook})
    assert signed.bodies(delivery_id) == [BODY, other]
    event = signed.shown(delivery_id)
    assert (event["action"], event["repeats"]) == ("created", 1)
    assert signed.rows("SELECT repeat FROM webhooks WHERE delivery_id = %s ORDER BY position", delivery_id) == [
        (False,),
        (True,),
    ]


def test_54_ten_copies_at_once_make_one_event(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post(signed.service, Input(54, ""), delivery_id), range(10)))
    assert [answer.status for answer in answers] == [200] * 10
    assert len({answer.headers["x-log-position"] for answer in answers}) == 1
    assert signed.bodies(delivery_id) == [BODY]
    assert duplicates(signed, delivery_id) == 9


def test_55_closed_before_opened_and_completed_before_queued_converge(signed: Receiving) -> None:
    closed = changed("pull_request", "closed", repository__id=9055, pull_request__number=5, number=5)
    opened = changed(
        "pull_request", "opened", repository__id=9055, pull_request__number=5, number=5,
        pull_request__updated_at="2019-05-15T15:20:00Z", pull_request__created_at="2019-05-15T15:20:00Z",
    )  # fmt: skip
    deliver(signed.service, "pull_request", closed)
    deliver(signed.service, "pull_request", opened)
    completed = changed("workflow_job", "completed", repository__id=9055, workflow_job__id=55)
    queued = changed(
        "workflow_job", "completed", repository__id=9055, workflow_job__id=55, action="queued",
        workflow_job__status="queued", workflow_job__conclusion=None, workflow_job__completed_at=None,
    )  # fmt: skip
    deliver(signed.service, "workflow_job", completed)
    deliver(signed.service, "workflow_job", queued)
    signed.projected()
    assert signed.rows("SELECT number, state FROM pull_requests WHERE repository_id = 9055") == [(5, "closed")]
    assert signed.rows("SELECT status FROM workflow_jobs WHERE repository_id = 9055") == [("completed",)]


def test_56_an_outcome_told_again_under_a_new_id_counts_once(signed: Receiving) -> None:
    body = changed("check_run", "completed", repository__id=9056)
    deliver(signed.service, "check_run", body)
    deliver(signed.service, "check_run", body)
    signed.projected()
    assert signed.rows("SELECT count(*) FROM check_runs WHERE repository_id = 9056") == [(1,)]


def test_57_an_event_that_comes_late_keeps_its_own_time(signed: Receiving) -> None:
    at = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0)
    delivery_id = uuid.uuid4()
    stamp = at.isoformat().replace("+00:00", "Z")
    body = pull(created_at=stamp, updated_at=stamp)
    deliver(signed.service, "pull_request", body, delivery_id)
    event = signed.shown(delivery_id)
    assert datetime.fromisoformat(event["event_at"]) == at
    assert datetime.fromisoformat(event["created_at"]) >= STARTED


def test_63_a_repository_that_is_renamed_and_transferred_keeps_its_history(signed: Receiving) -> None:
    for name in ("old/one", "new/two"):
        deliver(signed.service, "star", {"action": "created", "repository": {"id": 9063, "full_name": name}})
    signed.projected()
    for name in ("old/one", "new/two"):
        listed = signed.service.get("/api/metrics/webhooks", repository=name)
        assert sorted(event["repository"] for event in listed["data"]) == ["new/two", "old/one"]


def test_64_a_pull_request_is_known_by_its_repository_s_id_and_its_number(signed: Receiving) -> None:
    for repository, name in ((9064, "a/one"), (9064, "b/one"), (9065, "a/one")):
        body = changed(
            "pull_request", "opened", repository__id=repository, repository__full_name=name,
            pull_request__number=64, number=64,
        )  # fmt: skip
        deliver(signed.service, "pull_request", body)
    signed.projected()
    found = signed.rows("SELECT repository_id FROM pull_requests WHERE number = 64 AND repository_id > 9000 ORDER BY 1")
    assert found == [(9064,), (9065,)]


def test_62_an_event_of_no_repository_has_none(signed: Receiving) -> None:
    delivery_id = uuid.uuid4()
    deliver(signed.service, "ping", b'{"zen":"Keep it.","hook_id":1}', delivery_id)
    assert signed.shown(delivery_id)["repository"] is None
    assert signed.rows("SELECT repository_id FROM webhooks WHERE delivery_id = %s", delivery_id) == [(0,)]


def test_67_a_check_of_a_fork_is_stored_without_a_pull_request(signed: Receiving) -> None:
    body = changed("check_run", "completed", repository__id=9067, check_run__pull_requests=[])
    delivery_id = uuid.uuid4()
    deliver(signed.service, "check_run", body, delivery_id)
    event = signed.shown(delivery_id)
    assert (event["status"], event["pr_number"]) == ("success", None)
    head = example("check_run", "completed")["check_run"]["head_sha"]
    assert signed.rows("SELECT head_sha FROM check_runs WHERE repository_id = 9067") == [(head,)]


# ── Law 11 ────────────────────────────────────────────────────────────────────────────────────────────────────────

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**18, max_value=10**25),
    st.floats(),
    st.text(max_size=20),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
)
names = st.one_of(
    st.sampled_from(
        [
            "action",
            "repository",
            "id",
            "full_name",
            "sender",
            "login",
            "pull_request",
            "number",
            "user",
            "head",
            "labels",
            "name",
            "created_at",
            "updated_at",
            "check_run",
            "payload",
            "reporter",
            "review",
        ]
    ),
    st.text(max_size=5),
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)
objects = st.dictionaries(names, values, max_size=8)
texts = objects.map(lambda value: json.dumps(value).encode())


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Bytes that were nearly JSON."""
    body = bytearray(draw(texts))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(body)))
        body[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(body)


@st.composite
def mixed_up(draw: st.DrawFn) -> bytes:
    """One of GitHub's payloads with one value exchanged for anything."""
    _, payload = draw(st.sampled_from(example_payloads()))
    payload = orjson.loads(orjson.dumps(payload))
    target: Any = payload
    while True:
        at = draw(st.sampled_from(sorted(target) if isinstance(target, dict) else range(len(target))))
        if isinstance(target[at], dict | list) and target[at] and draw(st.booleans()):
            target = target[at]
            continue
        target[at] = draw(values)
        return json.dumps(payload).encode()


bodies = st.one_of(st.binary(max_size=200), texts, damaged(), mixed_up(), texts.map(form), st.binary().map(form))
event_types = st.one_of(
    st.sampled_from([*sorted({name for name, _ in example_payloads()}), "usage_report"]), st.text(max_size=300)
)
header_values = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"", b"0", b"1", b"-1", b"identity", b"gzip", b"chunked", b"9" * 30])
)
headers = st.dictionaries(
    st.sampled_from(
        [
            "User-Agent",
            "X-GitHub-Hook-ID",
            "X-GitHub-Hook-Installation-Target-ID",
            "X-GitHub-Enterprise-Host",
            "Content-Encoding",
            "X-GitHub-Delivery",
            "Accept",
            "Expect",
            "Connection",
            "X-Other",
        ]
    ),
    header_values.map(lambda value: value.replace(b"\r", b"").replace(b"\n", b"")),
    max_size=3,
)
inputs = st.builds(
    Input,
    number=st.just(0),
    name=st.just("drawn"),
    body=bodies,
    event=event_types.map(lambda text: re.sub("[\r\n]", "", text.encode("utf-8", "replace").decode("latin-1"))),
    headers=st.builds(
        lambda more, content_type: {**more, "Content-Type": content_type},
        headers,
        st.sampled_from([JSON, JSON, JSON, FORM, "text/plain", JSON + "; charset=utf-16"]),
    ),
    signature=st.sampled_from([sign, sign, sign, lambda _: None, lambda _: b"\xff"]),
    chunked=st.booleans(),
)
fuzzing = settings(
    max_examples=150,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("mode", ["signed", "open_to_all"])
def test_no_input_is_acknowledged_without_being_stored_or_refused_with_5xx_while_the_database_is_well(
    request: pytest.FixtureRequest, mode: str
) -> None:
    receiving: Receiving = request.getfixturevalue(mode)

    @fuzzing
    @given(inputs)
    def check(drawn: Input) -> None:
        stored_or_refused(receiving, drawn)

    check()
    receiving.projected()
    assert receiving.service.client.get("/health").status_code == 200


def stored_or_refused(receiving: Receiving, drawn: Input) -> None:
    delivery_id, before = uuid.uuid4(), receiving.count()
    try:
        answer = post(receiving.service, drawn, delivery_id)
    except (HTTPException, ConnectionError, TimeoutError) as error:
        raise AssertionError("not even an answer") from error
    if answer.status == 200:
        assert receiving.bodies(delivery_id) == [drawn.body]
    else:
        assert 400 <= answer.status < 500, answer
        assert receiving.count() == before


def test_what_was_drawn_can_all_be_read_back(signed: Receiving, open_to_all: Receiving) -> None:
    """Every event of this file, whatever it was, has a page in the listing and a detail."""
    for receiving in (signed, open_to_all):
        receiving.projected()
        for (delivery_id,) in receiving.rows(
            "SELECT DISTINCT ON (w.event_type, e.reading) delivery_id"
            " FROM webhooks w JOIN webhook_events e USING (delivery_id) WHERE octet_length(w.body) < 100000"
        ):
            assert receiving.shown_raw(delivery_id)
        assert receiving.service.get("/api/metrics/webhooks", page_size=1000)["data"]
