"""Counts of webhook events: in all, by repository, by type; with success, duration and API usage."""

from typing import LiteralString

from psycopg import sql

from projections.listing import ListQuery, Part
from projections.statuses import IMPERFECT
from projections.webhook_queries import Filters
from replay.snapshot import Record, Snapshot

READS = ("webhook_events", "usage_reports", "repositories", "repository_names", "actors")
"""The projections that the counts are made of."""


EVENTS = """
    imperfect AS ({imperfect}),
    reported AS (
        SELECT delivery_id, sum(calls) AS calls, sum(charged_calls) AS charged_calls, max(duration_ms) AS duration_ms
        FROM usage_reports WHERE delivery_id IS NOT NULL GROUP BY delivery_id
    ),
    events AS (
        SELECT e.repository_id, e.event_type, e.sender, e.received_at, imperfect.level IS NOT NULL AS failed,
               coalesce(reported.duration_ms, e.duration_us / 1000.0) AS duration_ms,
               coalesce(reported.calls, 0) AS calls, coalesce(reported.charged_calls, 0) AS charged_calls
        FROM webhook_events e LEFT JOIN imperfect USING (position) LEFT JOIN reported USING (delivery_id)
        WHERE {where}
    )
"""
COUNTED = """
    count(*) AS total_events, count(*) FILTER (WHERE NOT failed) AS successful_events,
    count(*) FILTER (WHERE failed) AS failed_events, avg(duration_ms)::float8 AS avg_duration_ms,
    sum(calls)::bigint AS total_api_calls, sum(charged_calls)::bigint AS total_token_spend
"""
TOTALS = """
SELECT {counted}, percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY duration_ms) AS percentiles,
       max(duration_ms)::float8 AS max_duration_ms, count(DISTINCT sender) AS unique_senders,
       count(DISTINCT repository_id) FILTER (WHERE repository_id <> 0) AS unique_repositories,
       min(received_at) AS first_received_at, max(received_at) AS last_received_at
FROM events
"""
BY_REPOSITORY = """
SELECT repository_id, names.full_name AS repository, {counted}
FROM events JOIN repositories names USING (repository_id)
GROUP BY repository_id, names.full_name
"""
BUSIEST = "total_events DESC, repository_id"
BY_TYPE = "SELECT event_type, count(*) AS events FROM events GROUP BY event_type ORDER BY events DESC, event_type"


def _query(filters: Filters, select: LiteralString) -> sql.Composed:
    events = sql.SQL(EVENTS).format(imperfect=sql.SQL(IMPERFECT), where=filters.where())
    return sql.SQL("WITH {} {}").format(events, sql.SQL(select).format(counted=sql.SQL(COUNTED)))


async def totals(snapshot: Snapshot, filters: Filters) -> Record:
    """One row: counts, durations in milliseconds, usage, and how many senders and repositories."""
    return await snapshot.one(_query(filters, TOTALS), filters.arguments())


def of_repositories(filters: Filters) -> ListQuery:
    """Counts of each repository, under its present name, the busiest first."""
    return ListQuery(_query(filters, BY_REPOSITORY), sql.SQL(BUSIEST), filters.arguments())


async def by_repository(snapshot: Snapshot, filters: Filters, *, limit: int) -> list[Record]:
    """The busiest repositories."""
    return (await of_repositories(filters).page(snapshot, Part(limit, 0))).rows


async def by_type(snapshot: Snapshot, filters: Filters) -> list[Record]:
    """Events of each type, the most frequent first."""
    return await snapshot.rows(_query(filters, BY_TYPE), filters.arguments())
