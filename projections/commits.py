"""commits: every commit that was seen in a push, with the ref it first came by."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index

from projections.facts import event_time, event_version, moments, payload_of, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, earliest, key, smallest
from replay.projection import Projection


def commit_rows(event: Event[Payload]) -> Iterator[Row]:
    """A push names at most 2,048 commits; what it leaves out is not known."""
    payload = payload_of(event)
    if payload is None or not event.repository_id:
        return
    seen = [*(payload.commits or ()), *([payload.head_commit] if payload.head_commit is not None else ())]
    for commit in {commit.id: commit for commit in seen if commit.id is not None}.values():
        yield {
            "repository_id": event.repository_id,
            "sha": commit.id,
            "committed_at": commit.timestamp,
            "push_version": event_version(event),
            "pushed_at": event_time(event),
            "ref": payload.ref,
            "after": payload.after,
        }


commits = Projection(
    name="commits",
    version=1,
    events=frozenset({"push"}),
    columns=(
        key(Column("repository_id", BigInteger), *strings("sha")),
        smallest(*moments("committed_at")),
        earliest("push", *moments("pushed_at"), *strings("ref", "after")),
    ),
    rows=commit_rows,
    indexes=(Index("commits_after", "repository_id", "after"),),
)
