"""review_requests: every time a review was asked of a person or a team, or the asking was taken back."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.facts import Moment, event_time, login, payload_of, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, key, once
from replay.projection import Projection


def review_request_rows(event: Event[Payload]) -> Iterator[Row]:
    """A transition: keyed by what happened when, so that the same one told twice is one."""
    payload, at = payload_of(event), event_time(event)
    if payload is None or payload.action not in ("review_requested", "review_request_removed") or at is None:
        return
    pull, person, team = payload.pull_request, payload.requested_reviewer, payload.requested_team
    asked = person.login if person is not None else team.slug if team is not None else None
    if pull is None or pull.number is None or asked is None or not event.repository_id:
        return
    yield {
        "repository_id": event.repository_id,
        "number": pull.number,
        "reviewer": asked,
        "team": person is None,
        "at": at,
        "requested": payload.action == "review_requested",
        "reviewer_id": person.id if person is not None else team.id if team is not None else None,
        "reviewer_type": person.type if person is not None else "Team",
        "actor": login(payload.sender),
    }


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
        once(Column("reviewer_id", BigInteger), *strings("reviewer_type", "actor")),
    ),
    rows=review_request_rows,
    indexes=(Index("review_requests_reviewer", "reviewer", "at"),),
)
