"""pr_events: the timeline of every pull request, one row for each delivery about it; pr_event_repeats: further bodies
that came under the same delivery id.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index, text
from sqlalchemy.dialects.postgresql import UUID

from projections.event_times import event_time
from projections.facts import login, moments, pull_request_key, strings
from projections.payload import Changes, Payload
from projections.pull_requests import EVENTS
from replay.event import Event
from replay.merges import Row, key, once
from replay.projection import Projection


def pr_event_rows(event: Event[Payload]) -> Iterator[Row]:
    """The first body of a delivery id; a repeat of it tells the same event again."""
    pull = pull_request_key(event)
    if pull is None or event.repeat or event.payload is None:
        return
    payload = event.payload
    yield {
        "repository_id": event.repository_id,
        "number": pull[1],
        "delivery_id": event.delivery_id,
        "position": event.position,
        "at": event_time(event),
        "event_type": event.event_type,
        "action": payload.action,
        "body_hash": _hash(event),
        "actor": login(payload.sender),
        "actor_id": payload.sender.id if payload.sender is not None else None,
        "actor_type": payload.sender.type if payload.sender is not None else None,
        **_subject(payload),
    }


def pr_event_repeat_rows(event: Event[Payload]) -> Iterator[Row]:
    """They state rows elsewhere, so that a version may lead to one of them."""
    pull = pull_request_key(event)
    if pull is not None and event.repeat:
        key = {"repository_id": event.repository_id, "number": pull[1], "position": event.position}
        yield {**key, "delivery_id": event.delivery_id, "body_hash": _hash(event)}


def _hash(event: Event[Payload]) -> int:
    return int.from_bytes(event.body_sha256[:8], "big", signed=True)


def _subject(payload: Payload) -> Row:
    """What the event is about, as far as it says."""
    review, comment, pull = payload.review, payload.comment, payload.pull_request
    reviewer, team = payload.requested_reviewer, payload.requested_team
    milestone, changes = payload.milestone, payload.changes
    return {
        "label": payload.label.name if payload.label is not None else None,
        "requested_reviewer": login(reviewer) if reviewer is not None else None,
        "requested_team": team.slug if team is not None else None,
        "requested_team_name": team.name if team is not None else None,
        "assignee": login(payload.assignee) if payload.assignee is not None else None,
        "milestone": milestone.title if milestone is not None else None,
        "changed": _changed(changes) if changes is not None else None,
        "previous_title": changes.title.was if changes is not None and changes.title is not None else None,
        "review_id": review.id if review is not None else None,
        "review_state": review.state.lower() if review is not None and review.state is not None else None,
        "comment_id": comment.id if comment is not None else None,
        "thread_id": payload.thread.node_id if payload.thread is not None else None,
        "draft": pull.draft if pull is not None else None,
        "opened_at": pull.created_at if pull is not None else None,
        "merged_at": pull.merged_at if pull is not None else None,
        "before_sha": payload.before,
        "head_sha": pull.head.sha if pull is not None and pull.head is not None else None,
    }


def _changed(changes: Changes) -> str | None:
    """The names of what an edit changed."""
    return ", ".join(name for name in changes.__struct_fields__ if getattr(changes, name) is not None) or None


pr_events = Projection(
    name="pr_events",
    version=2,
    events=EVENTS | {"issue_comment"},
    columns=(
        key(Column("repository_id", BigInteger), Column("number", BigInteger), Column("delivery_id", UUID)),
        once(
            *(Column(name, BigInteger) for name in ("position", "body_hash", "actor_id", "review_id", "comment_id")),
            *moments("at", "opened_at", "merged_at"),
            *strings("event_type", "action", "actor", "actor_type", "label", "requested_reviewer", "requested_team"),
            *strings("requested_team_name", "assignee", "milestone", "changed", "previous_title"),
            *strings("review_state", "thread_id", "before_sha", "head_sha"),
            Column("draft", Boolean),
        ),
    ),
    rows=pr_event_rows,
    indexes=(
        Index("pr_events_reopened", "repository_id", "number", postgresql_where=text("action = 'reopened'")),
        Index("pr_events_pushed", "repository_id", "number", "at", postgresql_where=text("action = 'synchronize'")),
    ),
)

pr_event_repeats = Projection(
    name="pr_event_repeats",
    version=1,
    events=EVENTS | {"issue_comment"},
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "number", "position"))),
        once(Column("delivery_id", UUID), Column("body_hash", BigInteger)),
    ),
    rows=pr_event_repeat_rows,
)
