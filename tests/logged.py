"""A log to move, to travel in and to look into: a simulated history, and bodies that no story would tell."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql

from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from projections.catalog import active_projections
from projections.decode import decode
from replay import generations
from replay.compression import Compressor
from replay.event import Delivery, Source
from replay.log import append
from replay.projector import Projector

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)
ODD = (
    b"",
    b"\x00\xff not JSON \xed\xa0\x80",
    b'{"action":"\\ud800","repository":{"id":7,"full_name":"octo/hello"},"nul":"a\\u0000b","big":%d}' % 2**90,
    b'{"action":"opened","repository":{"id":7,"full_name":"octo/h\xc3\xa9llo"},"n":[1.50,-0.0,1e300,null]}',
    b"payload=%7B%22action%22%3A%22created%22%7D",
    b"\xef\xbb\xbf{}",
    bytes(range(256)) * 400,
)


def delivery(number: int, event_type: str, body: bytes, **fields: Any) -> Delivery:
    """With a delivery id and times that follow from the number."""
    received = UNTIL + timedelta(seconds=number, microseconds=number)
    decoded = decode(event_type, body).payload
    repository = getattr(decoded, "repository", None)
    given: dict[str, Any] = {
        "delivery_id": uuid.UUID(int=number),
        "event_type": event_type,
        "body": body,
        "body_sha256": hashlib.sha256(body).digest(),
        "received_at": received,
        "handed_over_at": received + timedelta(microseconds=1234),
        "hook_id": 1 + number % 2,
        "repository_id": getattr(repository, "id", None) or 0,
        "headers": {"user-agent": f"GitHub-Hookshot/{number}", "signed_by": "current"},
    }
    return Delivery(**{**given, **fields})


def _deliveries() -> Iterator[Delivery]:
    number = 0
    for told in islice(simulate(until=UNTIL, days=60, pull_requests=40), 900):
        number += 1
        yield delivery(number, told.event_type, told.body)
        if number % 60 == 0:
            yield delivery(number, told.event_type, told.body + b" ")
    for body in ODD:
        number += 1
        yield delivery(number, "pull_request", body)
    report = b'{"reporter":"bot","report_id":"1","calls":3}'
    yield delivery(number + 1, "usage_report", report, source=Source.REPORT)
    yield delivery(number + 2, "push", b'{"ref":"x"}', source=Source.RECONCILED)


@cache
def deliveries() -> tuple[Delivery, ...]:
    """Some with the delivery id of one before them and another body."""
    return tuple(_deliveries())


def fill(connection: psycopg.Connection[Any], count: int = 10**6, *, gap: bool = True) -> None:
    """Append them, in batches; with `gap` some twice, so that positions have gaps."""
    compressor = Compressor(current_dictionary())
    told = deliveries()[:count]
    for start in range(0, len(told), 100):
        append(connection, told[start : start + 100], compressor)
        if gap and start % 300 == 0:
            append(connection, told[start : start + 5], compressor)


def project(database: str, connection: psycopg.Connection[Any], *extra: str) -> None:
    """Bring the projections up to the log, as a service would."""
    projector = Projector(database, active_projections(extra), decode)
    projector.prepare(connection)
    while behind(connection):
        projector.run_once(connection)


def behind(connection: psycopg.Connection[Any]) -> bool:
    head = generations.head(connection)
    return any(one.position < head for one in generations.generations(connection) if one.state != "retired")


def table(connection: psycopg.Connection[Any], schema: str, name: str, *without: str) -> list[str]:
    """The rows of a table as text, in order, some columns left out."""
    query = sql.SQL("SELECT (to_jsonb(t) - %s::text[])::text FROM {} AS t ORDER BY 1").format(
        sql.Identifier(schema, name)
    )
    return [row[0] for row in connection.execute(query, (list(without),))]
