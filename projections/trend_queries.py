"""Webhook events over time: counts in each of the buckets that a reader asks for."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import sql

from projections.statuses import IMPERFECT
from projections.webhook_queries import Filters
from replay.snapshot import Record, Snapshot

READS = ("webhook_events", "usage_reports", "repositories", "repository_names", "actors")
"""The projections that trends are made of."""

SPAN = sql.SQL("SELECT min(e.received_at) AS first, max(e.received_at) AS last FROM webhook_events e WHERE {where}")
COUNTED = sql.SQL(
    """
WITH imperfect AS ({imperfect})
SELECT width_bucket(e.received_at, %(edges)s::timestamptz[]) - 1 AS bucket, count(*) AS total_events,
       count(*) FILTER (WHERE imperfect.level IS NULL) AS successful_events,
       count(*) FILTER (WHERE imperfect.level IS NOT NULL) AS failed_events
FROM webhook_events e LEFT JOIN imperfect USING (position) WHERE {where} GROUP BY bucket
"""
)


async def span(snapshot: Snapshot, filters: Filters) -> tuple[datetime | None, datetime | None]:
    """When the first and the last of the events that the filters let through were received."""
    found = await snapshot.one(SPAN.format(where=filters.where()), filters.arguments())
    return found["first"], found["last"]


async def counts(snapshot: Snapshot, filters: Filters, edges: Sequence[datetime]) -> dict[int, Record]:
    """Counts by the index of the bucket: the last edge that is not after the event. Empty buckets are left out."""
    query = COUNTED.format(imperfect=sql.SQL(IMPERFECT), where=filters.where())
    found = await snapshot.rows(query, {**filters.arguments(), "edges": list(edges)})
    return {row["bucket"]: row for row in found}
