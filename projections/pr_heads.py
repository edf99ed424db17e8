"""pr_heads: every commit that was seen as the head of a pull request: the way from a check or a push to it.

GitHub names no pull requests for checks of forks, and the head of a pull request changes with every push.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index

from projections.facts import moments, strings
from projections.payload import Payload
from projections.pull_requests import EVENTS
from replay.event import Event
from replay.merges import Row, key, smallest
from replay.projection import Projection


def pr_head_rows(event: Event[Payload]) -> Iterator[Row]:
    """The head, and where a push moved it, the one before, whose own delivery may have been missed."""
    payload = event.payload
    pull = payload.pull_request if payload is not None else None
    if payload is None or pull is None or pull.number is None or not event.repository_id:
        return
    key = {"repository_id": event.repository_id, "number": pull.number}
    if pull.head is not None and pull.head.sha is not None:
        yield {**key, "head_sha": pull.head.sha, "first_seen_at": pull.updated_at}
    if payload.action == "synchronize" and payload.before is not None:
        yield {**key, "head_sha": payload.before}


pr_heads = Projection(
    name="pr_heads",
    version=1,
    events=EVENTS,
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "number")), *strings("head_sha")),
        smallest(*moments("first_seen_at")),
    ),
    rows=pr_head_rows,
    indexes=(Index("pr_heads_sha", "repository_id", "head_sha"),),
)
