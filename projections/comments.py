"""comments: one row for each comment on a pull request: in its conversation, or on its code."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.facts import event_time, event_version, moments, payload_of, pull_request_key, strings
from projections.payload import Comment, Payload
from replay.event import Event
from replay.merges import Row, key, latest, once, smallest
from replay.projection import Projection

REVIEW_COMMENT = "pull_request_review_comment"
RANKS = {"created": 0, "edited": 1, "deleted": 2}
"""Within one of GitHub's seconds."""


def comment_rows(event: Event[Payload]) -> Iterator[Row]:
    payload, pull = payload_of(event), pull_request_key(event)
    comment = payload.comment if payload is not None else None
    if payload is None or pull is None or comment is None or comment.id is None:
        return
    row: Row = {
        "repository_id": event.repository_id,
        "comment_id": comment.id,
        "on_code": event.event_type == REVIEW_COMMENT,
        "number": pull[1],
        "in_reply_to_id": comment.in_reply_to_id,
        "review_id": comment.pull_request_review_id,
        "path": comment.path,
        "created_at": comment.created_at,
        "text_version": event_version(event, RANKS.get(payload.action or "", 0)),
        "body": comment.body,
        "html_url": comment.html_url,
        **_author(event, comment),
    }
    if payload.action == "deleted":
        row["deleted_at"] = event_time(event)
    yield row


def _author(event: Event[Payload], comment: Comment) -> Row:
    """Who wrote it. A payload without a user (a ghost) does not take the name away."""
    if comment.user is None or comment.user.login is None:
        return {}
    return {
        "author_version": event_version(event),
        "author": comment.user.login,
        "author_id": comment.user.id,
        "author_type": comment.user.type,
    }


comments = Projection(
    name="comments",
    version=1,
    events=frozenset({REVIEW_COMMENT, "issue_comment"}),
    columns=(
        key(Column("repository_id", BigInteger), Column("on_code", Boolean), Column("comment_id", BigInteger)),
        once(*(Column(name, BigInteger) for name in ("number", "in_reply_to_id", "review_id")), *strings("path")),
        smallest(*moments("created_at", "deleted_at")),
        latest("author", *strings("author", "author_type"), Column("author_id", BigInteger)),
        latest("text", *strings("body", "html_url")),
    ),
    rows=comment_rows,
    indexes=(
        Index("comments_pull_request", "repository_id", "number"),
        Index("comments_created", "created_at"),
        Index("comments_thread", "repository_id", "in_reply_to_id"),
    ),
)
