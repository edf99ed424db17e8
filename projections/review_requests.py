"""review_requests: every time a review was asked of a person or a team, or the asking was taken back."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.event_times import event_time
from projections.facts import Moment, login, payload_of, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, key, once
from replay.projection import Projection


def review_request_rows(event: Event[Payload]) -> Iterator[Row]:
    """A transition: keyed by what happened when, so that the same one told twice is one."""
    payload, at = payload_of(event), event_time(event)
    if payload is None or payload.action not in ("review_requested", "review_request_removed") or at is None:
        return
    pull, asked = payload.pull_request, _asked(payload)
    if pull is None or pull.number is None or asked is None or not event.repository_id:
        return
    yield {
        "repository_id": event.repository_id,
        "number": pull.number,
        "at": at,
        "requested": payload.action == "review_requested",
        "actor": login(payload.sender),
        "actor_id": payload.sender.id if payload.sender is not None else None,
        **asked,
    }


def _asked(payload: Payload) -> Row | None:
    """The person or the team: a payload names one of them."""
    person, team = payload.requested_reviewer, payload.requested_team
    if person is not None and person.login is not None:
        return {"reviewer": person.login, "team": False, "reviewer_id": person.id, "reviewer_type": person.type}
    if team is not None and team.slug is not None:
        return {"reviewer": team.slug, "team": True, "reviewer_id": team.id, "reviewer_type": "Team"}
    return None


review_requests = Projection(
    name="review_requests",
    version=1,
    events=frozenset({"pull_request"}),
    columns=(
        key(
            *(Column(name, BigInteger) for name in ("repository_id", "number")),
            *strings("reviewer"),
            Column("team", Boolean),
            Column("at", Moment),
            Column("requested", Boolean),
        ),
        once(*(Column(name, BigInteger) for name in ("reviewer_id", "actor_id")), *strings("reviewer_type", "actor")),
    ),
    rows=review_request_rows,
    indexes=(Index("review_requests_reviewer", "reviewer", "at"), Index("review_requests_at", "at")),
)
