"""Counts of webhook events: in all, by repository, by type; with success, duration and API usage."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from projections.statuses import IMPERFECT
from replay.snapshot import Record, Snapshot

READS = ("webhook_events", "usage_reports", "repositories")
"""The projections that the counts are made of."""


@dataclass(frozen=True, slots=True)
class Window:
    """Events received in [start, end); None: without that bound."""

    start: datetime | None = None
    end: datetime | None = None

    def before(self) -> "Window | None":
        """The window of the same length just before; None where this one is open, or as long as the calendar."""
        if self.start is None or self.end is None:
            return None
        try:
            return Window(self.start - (self.end - self.start), self.start)
        except OverflowError:
            return None

    def where(self) -> sql.Composed:
        conditions: list[LiteralString] = ["e.position IS NOT NULL"]
        if self.start is not None:
            conditions.append("e.received_at >= %(start)s")
        if self.end is not None:
            conditions.append("e.received_at < %(end)s")
        return sql.SQL(" AND ").join(map(sql.SQL, conditions))

    def arguments(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end}


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
ORDER BY total_events DESC, repository_id LIMIT %(limit)s OFFSET %(offset)s
"""
COUNT_REPOSITORIES = "SELECT count(DISTINCT repository_id) AS total FROM events JOIN repositories USING (repository_id)"
BY_TYPE = "SELECT event_type, count(*) AS events FROM events GROUP BY event_type ORDER BY events DESC, event_type"


def _query(window: Window, select: LiteralString) -> sql.Composed:
    events = sql.SQL(EVENTS).format(imperfect=sql.SQL(IMPERFECT), where=window.where())
    return sql.SQL("WITH {} {}").format(events, sql.SQL(select).format(counted=sql.SQL(COUNTED)))


async def totals(snapshot: Snapshot, window: Window) -> Record:
    """One row: counts, durations in milliseconds, usage, and how many senders and repositories."""
    return await snapshot.one(_query(window, TOTALS), window.arguments())


async def by_repository(snapshot: Snapshot, window: Window, *, limit: int, offset: int = 0) -> list[Record]:
    """Counts of each repository, under its present name, the busiest first."""
    arguments = {**window.arguments(), "limit": limit, "offset": offset}
    return await snapshot.rows(_query(window, BY_REPOSITORY), arguments)


async def count_repositories(snapshot: Snapshot, window: Window) -> int:
    """How many repositories by_repository lists."""
    return int((await snapshot.one(_query(window, COUNT_REPOSITORIES), window.arguments()))["total"])


async def by_type(snapshot: Snapshot, window: Window) -> list[Record]:
    """Events of each type, the most frequent first."""
    return await snapshot.rows(_query(window, BY_TYPE), window.arguments())
