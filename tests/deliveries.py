"""Deliveries as rows of the log, numbered from one: what tests fill a database with."""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from github_metrics.dictionaries import current_dictionary
from replay.compression import Compressor
from replay.event import Delivery, Source
from replay.log import append
from tests.service import clone


def number(of: int) -> str:
    """The delivery id of the event with this number in the history."""
    return str(uuid.UUID(int=of))


def delivery(
    of: int, received: str, event_type: str, body: Any, ms: int = 2, source: Source = Source.WEBHOOK
) -> Delivery:
    content = body if isinstance(body, bytes) else json.dumps({**body, "of": of}).encode()
    received_at = datetime.fromisoformat(f"2026-{received}:00Z")
    repository = body.get("repository", {}) if isinstance(body, dict) else {}
    return Delivery(
        uuid.UUID(int=of),
        event_type,
        content,
        hashlib.sha256(content).digest(),
        received_at,
        received_at + timedelta(milliseconds=ms),
        hook_id=1,
        repository_id=repository.get("id", 0) if isinstance(repository, dict) else 0,
        source=source,
    )


def report(of: int, **fields: Any) -> Delivery:
    content = json.dumps({"reporter": "bot", **fields}).encode()
    received_at = datetime(2026, 3, 4, tzinfo=UTC)
    sha256 = hashlib.sha256(content).digest()
    return Delivery(uuid.UUID(int=of), "usage_report", content, sha256, received_at, received_at, source=Source.REPORT)


def fill(database: str, history: list[Delivery]) -> int:
    """The position of the last event."""
    with psycopg.connect(database, autocommit=True) as connection:
        return append(connection, history, Compressor(current_dictionary()))[-1].position


@contextmanager
def told_backwards(server: str, template: str, told: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, int]]:
    """A database to which all this was delivered in the order opposite to that in which it happened, and the position of
    the last event.
    """
    history = [delivery(of, "03-05T12:00", kind, body) for of, (kind, body) in enumerate(told, start=1)]
    with clone(server, template) as database:
        yield database, fill(database, history[::-1])
