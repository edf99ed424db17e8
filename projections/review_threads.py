"""review_threads: one row for each thread of comments on code, known by its first comment: whether it is resolved."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.event_times import event_time, event_version
from projections.facts import login, moments, payload_of, strings
from projections.payload import Comment, Payload
from replay.event import Event
from replay.merges import Row, key, latest, once, smallest
from replay.projection import Projection

THREAD = "pull_request_review_thread"
RANKS = {"resolved": 0, "unresolved": 1}
"""Only what was resolved can be reopened: of the two at one time, reopening is the later."""


def review_thread_rows(event: Event[Payload]) -> Iterator[Row]:
    """A reply tells of its thread too: the first comment may be older than the webhook, or gone."""
    payload = payload_of(event)
    pull = payload.pull_request if payload is not None else None
    comment = _comment(payload) if payload is not None else None
    if payload is None or comment is None or pull is None or pull.number is None or not event.repository_id:
        return
    first = comment.in_reply_to_id if comment.in_reply_to_id is not None else comment.id
    if first is None:
        return
    row: Row = {
        "repository_id": event.repository_id,
        "first_comment_id": first,
        "number": pull.number,
        "path": comment.path,
    }
    if comment.id == first:
        row |= _beginning(event, comment)
    if event.event_type == THREAD and payload.action in RANKS:
        row |= _resolution(event, payload)
    yield row


def _beginning(event: Event[Payload], comment: Comment) -> Row:
    """When it began and who began it. A payload without a user (a ghost) does not take the name away."""
    row: Row = {"first_comment_at": comment.created_at}
    if event.event_type != THREAD and event.payload is not None and event.payload.action == "deleted":
        row["first_comment_deleted_at"] = event_time(event)
    if comment.user is not None and comment.user.login is not None:
        row |= {
            "author_version": event_version(event),
            "author": comment.user.login,
            "author_id": comment.user.id,
            "author_type": comment.user.type,
        }
    return row


def _comment(payload: Payload) -> Comment | None:
    """The earliest comment that the payload shows of the thread."""
    if payload.thread is not None:
        return payload.thread.comments[0] if payload.thread.comments else None
    return payload.comment


def _resolution(event: Event[Payload], payload: Payload) -> Row:
    """The last word counts: a thread that was reopened is unresolved until it is resolved again."""
    resolved = payload.action == "resolved"
    return {
        "node_id": payload.thread.node_id if payload.thread is not None else None,
        "resolution_version": event_version(event, RANKS[payload.action or ""]),
        "resolved": resolved,
        "resolved_at": event_time(event) if resolved else None,
        "resolver": login(payload.sender) if resolved else None,
    }


review_threads = Projection(
    name="review_threads",
    version=2,
    events=frozenset({THREAD, "pull_request_review_comment"}),
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "first_comment_id"))),
        once(Column("number", BigInteger), *strings("path", "node_id")),
        smallest(*moments("first_comment_at", "first_comment_deleted_at")),
        latest("author", *strings("author", "author_type"), Column("author_id", BigInteger)),
        latest("resolution", Column("resolved", Boolean), *moments("resolved_at"), *strings("resolver")),
    ),
    rows=review_thread_rows,
    indexes=(
        Index("review_threads_pull_request", "repository_id", "number"),
        Index("review_threads_first_comment", "first_comment_at"),
    ),
)
