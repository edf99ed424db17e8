"""What several projections read of an event in the same way: its time, its version, its pull request.

The sources of an event's time are those of docs/metrics.md, "Where an event's time comes from".
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

from sqlalchemy import Column, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.types import TypeEngine

from projections.payload import Payload, PullRequest
from projections.payload_ci import CheckRun
from projections.payload_parts import User
from replay.event import Event
from replay.version import version

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


def utc(at: datetime) -> datetime:
    """The same moment in UTC, in which a database tells it already."""
    return at if at.tzinfo is UTC else at.astimezone(UTC)


@remembered
def event_time(event: Event[Payload]) -> datetime | None:
    """GitHub's own time of what happened; None where the payload tells none. Never the time of receipt."""
    payload = payload_of(event)
    if payload is None:
        return None
    source = _TIMES.get(event.event_type, _other)
    return source(payload)


def _pull_request(payload: Payload) -> datetime | None:
    pull = payload.pull_request
    if pull is None:
        return None
    if payload.action == "opened":
        return pull.created_at or pull.updated_at
    if payload.action == "closed":
        return pull.merged_at or pull.closed_at or pull.updated_at
    return pull.updated_at


def _review(payload: Payload) -> datetime | None:
    review, pull = payload.review, payload.pull_request
    if review is not None:
        told = review.submitted_at if payload.action == "submitted" else review.updated_at
        if told is not None:
            return told
    return pull.updated_at if pull is not None else None


def _comment(payload: Payload) -> datetime | None:
    comment, about = payload.comment, payload.pull_request or payload.issue
    if comment is not None and payload.action == "created" and comment.created_at is not None:
        return comment.created_at
    if comment is not None and payload.action == "edited" and comment.updated_at is not None:
        return comment.updated_at
    return about.updated_at if about is not None else None


def _thread(payload: Payload) -> datetime | None:
    comments = payload.thread.comments if payload.thread is not None else None
    last = comments[-1].updated_at if comments else None
    pull = payload.pull_request.updated_at if payload.pull_request is not None else None
    return payload.updated_at or last or pull


def _check_run(payload: Payload) -> datetime | None:
    run = payload.check_run
    return None if run is None else run.completed_at or run.started_at


def _job(payload: Payload) -> datetime | None:
    job = payload.workflow_job
    return None if job is None else job.completed_at or job.started_at or job.created_at


def _push(payload: Payload) -> datetime | None:
    if payload.head_commit is not None and payload.head_commit.timestamp is not None:
        return payload.head_commit.timestamp
    return moment(payload.repository.pushed_at) if payload.repository is not None else None


def moment(value: object) -> datetime | None:
    """A time that GitHub tells as text, or, in a push, as seconds since 1970."""
    if isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int) and 0 < value < 2**32 else None


def _other(payload: Payload) -> datetime | None:
    about = payload.issue or payload.discussion or payload.release or payload.milestone
    if about is None:
        return None
    published = getattr(about, "published_at", None)
    return about.updated_at or moment(published) or about.created_at


_TIMES: dict[str, Callable[[Payload], datetime | None]] = {
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "pull_request_review_comment": _comment,
    "issue_comment": _comment,
    "pull_request_review_thread": _thread,
    "check_run": _check_run,
    "check_suite": lambda payload: payload.check_suite.updated_at if payload.check_suite else None,
    "workflow_run": lambda payload: payload.workflow_run.updated_at if payload.workflow_run else None,
    "workflow_job": _job,
    "status": lambda payload: payload.updated_at or payload.created_at,
    "deployment": lambda payload: payload.deployment.created_at if payload.deployment else None,
    "deployment_status": lambda payload: payload.deployment_status.created_at if payload.deployment_status else None,
    "push": _push,
}


def event_version(event: Event[Payload], rank: int = 0) -> bytes:
    """The version of what an event states, by its own time."""
    return version(event_time(event), rank, event.body_sha256)


OTHERS_CLOCKS = frozenset({"push", "check_run"})
"""The time of a push is a committer's, that of a check run its app's: either may lie in the future."""


@remembered
def told_at(event: Event[Payload]) -> datetime | None:
    """The latest time in the payload that GitHub's own clock told: what names are ordered by."""
    payload = payload_of(event)
    if payload is None:
        return None
    latest = None if event.event_type in OTHERS_CLOCKS else event_time(event)
    repository = payload.repository
    if repository is None:
        return latest
    updated, pushed = repository.updated_at, moment(repository.pushed_at)
    if updated is not None and (latest is None or updated > latest):
        latest = updated
    return pushed if pushed is not None and (latest is None or pushed > latest) else latest


@remembered
def told_version(event: Event[Payload]) -> bytes:
    """The version of what an event tells of a name."""
    return version(told_at(event), 0, event.body_sha256)


def pull_request_version(event: Event[Payload], pull: PullRequest) -> bytes:
    """The version of a pull request inside a payload: merged > closed > open within one second."""
    rank = 2 if pull.merged_at is not None else 1 if pull.state == "closed" else 0
    return version(pull.updated_at, rank, event.body_sha256)


CHECK_RANKS = {"completed": 2, "in_progress": 1}


def check_run_version(event: Event[Payload], run: CheckRun) -> bytes:
    """The later of started_at and completed_at, then completed > in_progress > queued."""
    at, completed = run.started_at, run.completed_at
    if at is None or (completed is not None and completed > at):
        at = completed
    return version(at, CHECK_RANKS.get(run.status or "", 0), event.body_sha256)


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
