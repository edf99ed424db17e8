"""commits: every commit that was seen in a push, with the ref it first came by."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import BigInteger, Column, Index

from projections.event_times import event_time, moment
from projections.facts import moments, payload_of, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, earliest, key, smallest
from replay.projection import Projection
from replay.version import version


def commit_rows(event: Event[Payload]) -> Iterator[Row]:
    """A push names at most 2,048 commits; what it leaves out is not known. When it came is told by GitHub's clock where
    the payload has it: the time of the commit itself is a committer's, and that of a tag's push would be the branch's.
    """
    payload = payload_of(event)
    if payload is None or not event.repository_id:
        return
    at = _pushed_at(event, payload)
    seen = [*(payload.commits or ()), *([payload.head_commit] if payload.head_commit is not None else ())]
    for commit in {commit.id: commit for commit in seen if commit.id is not None}.values():
        yield {
            "repository_id": event.repository_id,
            "sha": commit.id,
            "committed_at": commit.timestamp,
            "push_version": version(at, 0, event.body_sha256),
            "pushed_at": at,
            "ref": payload.ref,
            "after": payload.after,
        }


def _pushed_at(event: Event[Payload], payload: Payload) -> datetime | None:
    told = moment(payload.repository.pushed_at) if payload.repository is not None else None
    return told or event_time(event)


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
    indexes=(
        Index("commits_after", "repository_id", "after", postgresql_include=["committed_at"]),
        Index("commits_pushed", "pushed_at"),
    ),
)
