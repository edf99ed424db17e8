"""comments: one row for each comment on a pull request: in its conversation, or on its code."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index, text

from projections.event_times import event_time, event_version
from projections.facts import PullRequestKey, moments, payload_of, pull_request_key, strings
from projections.payload import Comment, Payload
from replay.event import Event
from replay.merges import Row, key, latest, once, smallest
from replay.projection import Projection
from replay.version import version

REVIEW_COMMENT = "pull_request_review_comment"
THREAD = "pull_request_review_thread"
RANKS = {"created": 0, "edited": 1, "deleted": 2}
"""Within one of GitHub's seconds."""


def comment_rows(event: Event[Payload]) -> Iterator[Row]:
    """A thread that is resolved or reopened shows all its comments, those too that are older than the webhook."""
    payload, pull = payload_of(event), pull_request_key(event)
    if payload is None or pull is None:
        return
    if payload.thread is not None:
        for comment in payload.thread.comments or ():
            if comment.id is not None:
                told = version(comment.updated_at, 0, event.body_sha256)
                yield {**_comment(pull, comment, on_code=True), **_text(comment, told), **_author(comment, told)}
    elif payload.comment is not None and payload.comment.id is not None:
        yield _commented(event, pull, payload, payload.comment)


def _commented(event: Event[Payload], pull: PullRequestKey, payload: Payload, comment: Comment) -> Row:
    row = {
        **_comment(pull, comment, on_code=event.event_type == REVIEW_COMMENT),
        **_text(comment, event_version(event, RANKS.get(payload.action or "", 0))),
        **_author(comment, event_version(event)),
    }
    if payload.action == "deleted":
        row["deleted_at"] = event_time(event)
    return row


def _comment(pull: PullRequestKey, comment: Comment, *, on_code: bool) -> Row:
    return {
        "repository_id": pull[0],
        "comment_id": comment.id,
        "on_code": on_code,
        "number": pull[1],
        "in_reply_to_id": comment.in_reply_to_id,
        "review_id": comment.pull_request_review_id,
        "path": comment.path,
        "created_at": comment.created_at,
    }


def _text(comment: Comment, told: bytes) -> Row:
    return {"text_version": told, "body": comment.body, "html_url": comment.html_url}


def _author(comment: Comment, told: bytes) -> Row:
    """Who wrote it. A payload without a user (a ghost) does not take the name away."""
    if comment.user is None or comment.user.login is None:
        return {}
    return {
        "author_version": told,
        "author": comment.user.login,
        "author_id": comment.user.id,
        "author_type": comment.user.type,
    }


comments = Projection(
    name="comments",
    version=2,
    events=frozenset({REVIEW_COMMENT, "issue_comment", THREAD}),
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
        Index(
            "comments_thread",
            *("repository_id", "in_reply_to_id"),
            postgresql_include=["created_at", "deleted_at", "author", "author_type"],
            postgresql_where=text("in_reply_to_id IS NOT NULL"),
        ),
    ),
)
