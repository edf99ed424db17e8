"""When an event happened, by GitHub's own clocks, and the versions that order what events state.

The sources of an event's time are those of docs/metrics.md, "Where an event's time comes from".
"""

from collections.abc import Callable
from datetime import UTC, datetime

from projections.facts import payload_of, remembered
from projections.payload import Payload, PullRequest
from projections.payload_ci import CheckRun
from replay.event import Event
from replay.version import version


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
