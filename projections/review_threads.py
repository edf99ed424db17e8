"""review_threads: one row for each thread of comments on code, known by its first comment: whether it is resolved."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.facts import event_time, event_version, login, moments, payload_of, strings
from projections.payload import Comment, Payload
from replay.event import Event
from replay.merges import Row, key, latest, once, smallest
from replay.projection import Projection

THREAD = "pull_request_review_thread"


def review_thread_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = payload_of(event)
    pull = payload.pull_request if payload is not None else None
    first = _first_comment(payload) if payload is not None else None
    if payload is None or first is None or first.id is None or pull is None or pull.number is None:
        return
    if not event.repository_id:
        return
    row: Row = {
        "repository_id": event.repository_id,
        "first_comment_id": first.id,
        "number": pull.number,
        "path": first.path,
        "first_comment_at": first.created_at,
    }
    if event.event_type == THREAD and payload.action in ("resolved", "unresolved"):
        row |= _resolution(event, payload)
    yield row


def _first_comment(payload: Payload) -> Comment | None:
    """The comment that a thread is known by: the first of the thread, or a comment that answers no other."""
    if payload.thread is not None:
        return payload.thread.comments[0] if payload.thread.comments else None
    comment = payload.comment
    return comment if comment is not None and comment.in_reply_to_id is None else None


def _resolution(event: Event[Payload], payload: Payload) -> Row:
    """The last word counts: a thread that was reopened is unresolved until it is resolved again."""
    resolved = payload.action == "resolved"
    return {
        "node_id": payload.thread.node_id if payload.thread is not None else None,
        "resolution_version": event_version(event, rank=1 if resolved else 0),
        "resolved": resolved,
        "resolved_at": event_time(event) if resolved else None,
        "resolver": login(payload.sender) if resolved else None,
    }


review_threads = Projection(
    name="review_threads",
    version=1,
    events=frozenset({THREAD, "pull_request_review_comment"}),
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "first_comment_id"))),
        once(Column("number", BigInteger), *strings("path", "node_id")),
        smallest(*moments("first_comment_at")),
        latest("resolution", Column("resolved", Boolean), *moments("resolved_at"), *strings("resolver")),
    ),
    rows=review_thread_rows,
    indexes=(
        Index("review_threads_pull_request", "repository_id", "number"),
        Index("review_threads_first_comment", "first_comment_at"),
    ),
)
