"""actors: everyone who was seen doing something, by GitHub's user id: login and kind as last told."""

from collections.abc import Iterator, Mapping

from sqlalchemy import BigInteger, Column, Index, text

from projections.event_times import told_version
from projections.facts import payload_of, strings
from projections.payload import Payload
from projections.payload_parts import User
from replay.event import Event
from replay.merges import Row, key, latest
from replay.projection import Projection


def actor_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = payload_of(event)
    if payload is None:
        return
    told = told_version(event)
    seen: set[int | None] = {None}
    for user in _users(payload):
        if user is not None and user.id not in seen and user.login is not None:
            seen.add(user.id)
            yield {"actor_id": user.id, "naming_version": told, "login": user.login, "type": user.type}


def actors_settled(event: Event[Payload], rows: Mapping[int | None, Row]) -> bool:
    payload = payload_of(event)
    if payload is None:
        return True
    told = told_version(event)
    for user in _users(payload):
        if user is not None:
            held = rows.get(user.id)
            if (held is None or held["naming_version"] < told) and user.id is not None and user.login is not None:
                return False
    return True


def _users(payload: Payload) -> list[User | None]:
    """The sender first: within one payload the first telling of a user stands."""
    users = [payload.sender, payload.requested_reviewer]
    review, comment, issue, pull = payload.review, payload.comment, payload.issue, payload.pull_request
    if review is not None:
        users.append(review.user)
    if comment is not None:
        users.append(comment.user)
    if issue is not None:
        users.append(issue.user)
    if pull is not None:
        users += (pull.user, pull.merged_by)
    return users


actors = Projection(
    name="actors",
    version=1,
    hot=True,
    columns=(key(Column("actor_id", BigInteger)), latest("naming", *strings("login", "type"))),
    rows=actor_rows,
    settled=actors_settled,
    indexes=(
        Index("actors_login", "login"),
        Index("actors_bots", "login", postgresql_where=text("type = 'Bot'")),
    ),
)
