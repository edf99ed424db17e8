"""What several projections read of an event in the same way: its payload, its pull request, its author."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any, LiteralString, TypeVar

from sqlalchemy import Column, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeEngine

from projections.duration_buckets import bucket
from projections.payload import Payload
from projections.payload_parts import User
from replay.event import Event

T = TypeVar("T")

PullRequestKey = tuple[int, int]
"""(repository id, number): PR 1 in two repositories is two pull requests."""

GHOST = "ghost"
"""What GitHub calls the author of what a deleted account left behind."""

String: TypeEngine[str] = Text(collation="C")
"""Text compares by its bytes, in Python and in SQL alike."""
Moment = TIMESTAMP(timezone=True)
MICROSECOND = timedelta(microseconds=1)


def strings(*names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, String) for name in names)


def moments(*names: str) -> tuple[Column[Any], ...]:
    return tuple(Column(name, Moment) for name in names)


def descending(name: str) -> Any:
    """A column of an index, in descending order."""
    return text(f"{name} DESC")


def seconds(start: LiteralString, end: LiteralString) -> LiteralString:
    """SQL of the time from `start` to `end`: never negative, since clocks differ; null where either is not known."""
    return f"CASE WHEN {end} < {start} THEN 0 ELSE date_part('epoch', {end} - {start}) END"


UNKNOWN: Any = object()


def payload_of(event: Event[Any]) -> Payload | None:
    """GitHub's payload; None for what is unreadable and for what is not GitHub's, such as a usage report."""
    return event.payload if isinstance(event.payload, Payload) else None


def remembered(function: Callable[[Event[Payload]], T]) -> Callable[[Event[Payload]], T]:
    """A pure function of an event that several projections ask for: worked out once for each event."""
    name = function.__name__

    @wraps(function)
    def recalled(event: Event[Payload]) -> T:
        answer: T = event.memo.get(name, UNKNOWN)
        if answer is UNKNOWN:
            answer = event.memo[name] = function(event)
        return answer

    return recalled


@remembered
def received_day(event: Event[Any]) -> date:
    """The day (UTC) on which we received it."""
    return utc(event.received_at).date()


@remembered
def worked_us(event: Event[Any]) -> int:
    """How long we worked on it before it was handed over, in microseconds."""
    return (event.handed_over_at - event.received_at) // MICROSECOND


@remembered
def worked_from_us(event: Event[Any]) -> int:
    """The bucket of that duration."""
    return bucket(worked_us(event))


def utc(at: datetime) -> datetime:
    """The same moment in UTC, in which a database tells it already."""
    return at if at.tzinfo is UTC else at.astimezone(UTC)


@remembered
def pull_request_key(event: Event[Payload]) -> PullRequestKey | None:
    """The pull request that an event is about: named by itself, or by a comment on it."""
    payload = payload_of(event)
    if payload is None or not event.repository_id:
        return None
    if payload.pull_request is not None and payload.pull_request.number is not None:
        return event.repository_id, payload.pull_request.number
    issue = payload.issue
    if issue is not None and issue.pull_request is not None and issue.number is not None:
        return event.repository_id, issue.number
    return None


@remembered
def checked_pull_request(event: Event[Payload]) -> int | None:
    """The number that a check, suite or run names first among the pull requests of its own repository: a hint,
    absent for forks, where the head's sha is the link.
    """
    payload = payload_of(event)
    about = None if payload is None else payload.check_run or payload.check_suite
    for reference in (about.pull_requests or ()) if about is not None else ():
        base = reference.base.repo.id if reference.base is not None and reference.base.repo is not None else None
        if base in (None, event.repository_id) and reference.number is not None:
            return reference.number
    return None


def login(user: User | None) -> str:
    """A user's login; the ghost's for a missing one."""
    return user.login if user is not None and user.login else GHOST
