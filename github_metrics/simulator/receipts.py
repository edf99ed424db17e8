"""A simulated history as the log of a service would hold it that had been there: each delivery received a moment after
what it tells of, and what a bot reported of some of them.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid5

import orjson

from projections import usage
from projections.decode import decode
from replay.event import Delivery, Source

from . import delivery

LATEST = timedelta(seconds=7)
"""Everything is received so soon after it happened."""
LIMIT = 5_000
"""Of GitHub's API calls in an hour."""
HOUR = timedelta(hours=1)
REPORTED = frozenset({"pull_request", "pull_request_review", "check_run", "issue_comment"})
REPORTS = UUID("0f2c1f5a-6f3e-5d0b-9a51-7d1c4a4a86a3")


def received(story: Iterable[delivery.Delivery]) -> Iterator[Delivery]:
    """The same deliveries give the same, whatever came before them: only what is left of a rate limit goes on."""
    used: dict[datetime, int] = {}
    for told in story:
        dice = Random(told.delivery_id.int)  # noqa: S311 — a story must be repeatable, not secret
        at = told.occurred_at + timedelta(seconds=dice.uniform(0.3, 2.5))
        took = timedelta(milliseconds=dice.lognormvariate(1.3, 0.7))
        read = decode(told.event_type, told.body).payload
        repository = read.repository if read is not None else None
        identity = (repository.id or 0) if repository is not None else 0
        yield _stored(told.delivery_id, told.event_type, told.body, at, took, told.hook_id, identity)
        if told.event_type in REPORTED and dice.random() < 0.4:
            yield _report(dice, told.delivery_id, repository.full_name if repository else None, at, used)


def _stored(
    identity: UUID,
    event_type: str,
    body: bytes,
    at: datetime,
    took: timedelta,
    hook_id: int = 0,
    repository_id: int = 0,
    source: Source = Source.WEBHOOK,
) -> Delivery:
    sha256 = hashlib.sha256(body).digest()
    return Delivery(identity, event_type, body, sha256, at, at + took, hook_id, repository_id, source)


def _report(dice: Random, about: UUID, repository: str | None, at: datetime, used: dict[datetime, int]) -> Delivery:
    calls = dice.randint(2, 40)
    reset = at.replace(minute=0, second=0, microsecond=0) + HOUR
    spent = min(LIMIT, used.get(reset, dice.randint(50, 600)) + calls)
    if reset not in used:
        used.clear()
    used[reset] = spent
    failed = dice.random() < 0.03
    told = {
        "reporter": "merge-bot",
        "delivery_id": str(about),
        "calls": calls,
        "charged_calls": max(1, calls - dice.randint(0, 5)),
        "limit": LIMIT,
        "used": spent,
        "remaining": LIMIT - spent,
        "reset_at": reset.isoformat(),
        "token_fingerprint": "3f9c1a5b7d20",
        "repository": repository,
        "started_at": at.isoformat(),
        "completed_at": (at + timedelta(seconds=3)).isoformat(),
        "duration_ms": round(dice.lognormvariate(6.3, 0.6)),
        "status": "error" if failed else "success",
        "error": "merge conflict" if failed else None,
    }
    body, taken = orjson.dumps(told), at + timedelta(seconds=4)
    return _stored(uuid5(REPORTS, str(about)), usage.EVENT_TYPE, body, taken, timedelta(), source=Source.REPORT)
