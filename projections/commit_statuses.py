"""commit_statuses: one row for each commit status: what a service without check runs said of a commit."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index

from projections.event_times import event_time
from projections.facts import moments, payload_of, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, key, once
from replay.projection import Projection


def commit_status_rows(event: Event[Payload]) -> Iterator[Row]:
    """A status never changes: another state is another status."""
    payload = payload_of(event)
    if payload is None or payload.id is None or payload.sha is None or not event.repository_id:
        return
    yield {
        "repository_id": event.repository_id,
        "status_id": payload.id,
        "sha": payload.sha,
        "context": payload.context,
        "state": payload.state,
        "at": event_time(event),
    }


commit_statuses = Projection(
    name="commit_statuses",
    version=1,
    events=frozenset({"status"}),
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "status_id"))),
        once(*strings("sha", "context", "state"), *moments("at")),
    ),
    rows=commit_status_rows,
    indexes=(
        Index("commit_statuses_sha", "repository_id", "sha"),
        Index("commit_statuses_at", "at"),
    ),
)
