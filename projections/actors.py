"""actors: everyone who was seen doing something, by GitHub's user id: login and kind as last told."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index

from projections.facts import payload_of, strings, told_at
from projections.payload import Payload, User
from replay.event import Event
from replay.merges import Row, key, latest
from replay.projection import Projection
from replay.version import version


def actor_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = payload_of(event)
    if payload is None:
        return
    seen: set[int] = set()
    for user in _users(payload):
        if user is not None and user.id is not None and user.login is not None and user.id not in seen:
            seen.add(user.id)
            yield {
                "actor_id": user.id,
                "naming_version": version(told_at(event), 0, event.body_sha256),
                "login": user.login,
                "type": user.type,
            }


def _users(payload: Payload) -> Iterator[User | None]:
    """The sender first: within one payload the first telling of a user stands."""
    yield payload.sender
    for about in (payload.pull_request, payload.review, payload.comment, payload.issue):
        yield about.user if about is not None else None
    yield payload.requested_reviewer
    yield payload.pull_request.merged_by if payload.pull_request is not None else None


actors = Projection(
    name="actors",
    version=1,
    columns=(key(Column("actor_id", BigInteger)), latest("naming", *strings("login", "type"))),
    rows=actor_rows,
    indexes=(Index("actors_login", "login"),),
)
