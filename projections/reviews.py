"""pr_reviews: one row for each review of a pull request."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Computed, Index

from projections.event_times import event_time, event_version
from projections.facts import String, login, moments, strings
from projections.payload import Payload, Review
from replay.event import Event
from replay.merges import Row, earliest, key, latest, once, smallest
from replay.projection import Projection

RANKS = {"edited": 1, "dismissed": 2}
"""Submitting and editing often come within one second."""


def review_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = event.payload
    if payload is None or payload.review is None or payload.pull_request is None or not event.repository_id:
        return
    review, pull = payload.review, payload.pull_request
    if review.id is None or pull.number is None:
        return
    row: Row = {
        "repository_id": event.repository_id,
        "review_id": review.id,
        "number": pull.number,
        "submitted_at": review.submitted_at,
        "text_version": event_version(event, RANKS.get(payload.action or "", 0)),
        "body": review.body,
        "html_url": review.html_url,
        "commit_id": review.commit_id,
        **_reviewer(event, review),
    }
    if payload.action == "dismissed":
        row |= {
            "dismissed_at": event_time(event),
            "dismissal_version": event_version(event),
            "dismissed_by": login(payload.sender),
        }
    yield row | _state(review)


def _reviewer(event: Event[Payload], review: Review) -> Row:
    """Who wrote it. A payload without a user (a ghost) does not take the name away."""
    if review.user is None or review.user.login is None:
        return {}
    return {
        "reviewer_version": event_version(event),
        "reviewer": review.user.login,
        "reviewer_id": review.user.id,
        "reviewer_type": review.user.type,
    }


def _state(review: Review) -> Row:
    """The state of the submission: a dismissal replaces it in the payload, never here."""
    state = review.state.lower() if review.state is not None else None
    return {} if state == "dismissed" else {"state": state}


pr_reviews = Projection(
    name="pr_reviews",
    version=2,
    events=frozenset({"pull_request_review"}),
    columns=(
        key(Column("repository_id", BigInteger), Column("review_id", BigInteger)),
        once(Column("number", BigInteger), *strings("state")),
        smallest(*moments("submitted_at", "dismissed_at")),
        latest("reviewer", *strings("reviewer", "reviewer_type"), Column("reviewer_id", BigInteger)),
        latest("text", *strings("body", "html_url", "commit_id")),
        earliest("dismissal", *strings("dismissed_by")),
    ),
    derived=(Column("person", String, Computed("lower(coalesce(reviewer, 'ghost'))", persisted=True)),),
    rows=review_rows,
    indexes=(
        Index(
            "pr_reviews_pull_request",
            *("repository_id", "number", "person", "submitted_at"),
            postgresql_include=["state", "reviewer", "reviewer_id", "reviewer_type"],
        ),
        Index("pr_reviews_submitted", "submitted_at"),
        Index("pr_reviews_reviewer", "reviewer"),
    ),
)
