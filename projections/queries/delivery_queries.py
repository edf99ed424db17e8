"""The last delivery of each repository, and how many came lately."""

from datetime import datetime, timedelta
from typing import LiteralString

from psycopg import sql

from projections.queries.listing import ListQuery
from replay.snapshot import Record, Snapshot

READS = ("webhook_events", "repositories")

LAST = """
SELECT names.full_name AS repository, names.repository_id, e.received_at, e.event_type, e.action, e.sender,
       e.delivery_id, e.position
FROM repositories names CROSS JOIN LATERAL (
    SELECT * FROM webhook_events w WHERE w.repository_id = names.repository_id AND w.position IS NOT NULL
    ORDER BY w.position DESC LIMIT 1
) AS e
"""
SORTS: dict[str, LiteralString] = {
    name: name for name in ("repository", "received_at", "event_type", "action", "sender", "position")
}
RATES = """
SELECT count(*) FILTER (WHERE e.received_at >= %(minute)s) AS last_minute,
       count(*) FILTER (WHERE e.received_at >= %(hour)s) AS last_hour, count(*) AS last_day
FROM webhook_events e WHERE e.position IS NOT NULL AND e.received_at >= %(day)s AND e.received_at < %(now)s
"""

RECOVERED = """
SELECT count(*) AS recovered, max(e.received_at) AS last_recovered_at
FROM webhook_events e WHERE e.source = 'reconciled' AND e.position IS NOT NULL
"""


def last_deliveries() -> ListQuery:
    """One row for each repository, the one that has been silent the longest first."""
    return ListQuery(sql.SQL(LAST), sql.SQL("received_at, repository_id"), {}, sorts=SORTS)


async def rates(snapshot: Snapshot, now: datetime) -> Record:
    """Webhook events received in the minute, the hour and the day before `now`."""
    lengths = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
    begins = {name: now - length for name, length in lengths.items()}
    return await snapshot.one(RATES, {"now": now, **begins})


async def recovered(snapshot: Snapshot) -> Record:
    """Events whose delivery had not come and that were fetched from GitHub afterwards: how many, and when the last."""
    return await snapshot.one(sql.SQL(RECOVERED))
