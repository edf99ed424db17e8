"""A history to look at: an organisation's deliveries, received when they happened, with what bots reported of them."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg

from github_metrics.api.usage import read_report, report_id
from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from projections import usage
from projections.decode import decode
from replay.compression import Compressor
from replay.event import Delivery, Source
from replay.log import append

BATCH = 500
LIMIT = 5_000
"""Of GitHub's API calls in an hour."""
REPORTED = ("pull_request", "pull_request_review", "check_run", "issue_comment")


def tell(connection: psycopg.Connection[Any], *, until: datetime, days: int, pull_requests: int) -> int:
    """Append it to the log; returns the position of its end."""
    waiting: list[Delivery] = []
    position = 0
    compressor = Compressor(current_dictionary())
    for delivery in _told(until, days, pull_requests):
        waiting.append(delivery)
        if len(waiting) == BATCH:
            position = append(connection, waiting, compressor)[-1].position
            waiting.clear()
    return append(connection, waiting, compressor)[-1].position if waiting else position


def _told(until: datetime, days: int, pull_requests: int) -> Iterator[Delivery]:
    dice = random.Random(5)
    spent: dict[datetime, int] = {}
    for told in simulate(seed=4, until=until, days=days, pull_requests=pull_requests):
        at = told.occurred_at + timedelta(seconds=dice.uniform(0.3, 2.5))
        read = decode(told.event_type, told.body).payload
        repository = read.repository if read is not None else None
        took = timedelta(milliseconds=dice.lognormvariate(1.3, 0.7))
        yield _delivery(
            told.delivery_id, told.event_type, told.body, at, took, (repository.id or 0) if repository else 0
        )
        if told.event_type in REPORTED and dice.random() < 0.4:
            yield _report(dice, told.delivery_id, repository.full_name if repository else None, at, spent)


def _delivery(
    identity: UUID, event_type: str, body: bytes, at: datetime, took: timedelta, repository: int = 0, **more: Any
) -> Delivery:
    sha = hashlib.sha256(body).digest()
    return Delivery(identity, event_type, body, sha, at, at + took, hook_id=1, repository_id=repository, **more)


def _report(
    dice: random.Random, about: UUID, repository: str | None, at: datetime, spent: dict[datetime, int]
) -> Delivery:
    calls = dice.randint(2, 40)
    reset = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    used = spent[reset] = min(LIMIT, spent.get(reset, dice.randint(50, 600)) + calls)
    failed = dice.random() < 0.03
    body = orjson.dumps(
        {
            "reporter": "merge-bot",
            "delivery_id": str(about),
            "calls": calls,
            "charged_calls": max(1, calls - dice.randint(0, 5)),
            "limit": LIMIT,
            "used": used,
            "remaining": LIMIT - used,
            "reset_at": reset.isoformat(),
            "token_fingerprint": "3f9c1a5b7d20",
            "repository": repository,
            "started_at": at.isoformat(),
            "completed_at": (at + timedelta(seconds=3)).isoformat(),
            "duration_ms": round(dice.lognormvariate(6.3, 0.6)),
            "status": "error" if failed else "success",
            "error": "merge conflict" if failed else None,
        }
    )
    identity = report_id(read_report(body), body)
    return _delivery(identity, usage.EVENT_TYPE, body, at + timedelta(seconds=4), timedelta(), source=Source.REPORT)


def now() -> datetime:
    """The whole second: what is simulated has no finer times."""
    return datetime.now(UTC).replace(microsecond=0)
