"""Webhook events over time: counts in each of the buckets that a reader asks for."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from psycopg import sql

from projections import rolled_up
from projections.remarks import flawed
from projections.rolled_up import DAY, QUARTER, Cover, Rollups, carried
from projections.webhook_filters import Filters
from replay.snapshot import Record, Snapshot

READS = (*rolled_up.READS, "usage_reports", "repositories", "repository_names", "actors")
"""The projections that trends are made of."""

OF_DAYS: LiteralString = "SELECT c.day::timestamptz AS at, c.events, 0 AS failed FROM event_counts c"
OF_QUARTERS: LiteralString = "SELECT c.quarter AS at, c.events, 0 AS failed FROM event_quarters c"
COUNTED: LiteralString = """
SELECT bucket, sum(events)::bigint AS total_events, sum(events - failed)::bigint AS successful_events,
       sum(failed)::bigint AS failed_events
FROM (
    SELECT width_bucket(at, %(edges)s::timestamptz[]) - 1 AS bucket, sum(events) AS events, 0 AS failed
    FROM ({units} WHERE {within} AND {carried}) AS units GROUP BY 1
    UNION ALL
    SELECT width_bucket(e.received_at, %(edges)s::timestamptz[]) - 1, count(*), 0
    FROM webhook_events e WHERE {events} AND {where} GROUP BY 1
    UNION ALL
    SELECT width_bucket(received_at, %(edges)s::timestamptz[]) - 1, 0, count(*)
    FROM ({flawed}) AS flawed GROUP BY 1
) AS parts GROUP BY bucket
"""


async def counts(
    snapshot: Snapshot, rollups: Rollups, filters: Filters, edges: Sequence[datetime]
) -> dict[int, Record]:
    """Counts by the index of the bucket: the last edge that is not after the event. Empty buckets are left out."""
    cover = _cover(rollups, filters, edges)
    query = sql.SQL(COUNTED).format(
        units=sql.SQL(OF_QUARTERS if cover.unit == QUARTER else OF_DAYS),
        within=cover.units(),
        carried=carried(filters, of_any_type=cover.unit == QUARTER),
        events=cover.events(),
        where=filters.where(),
        flawed=flawed(filters),
    )
    found = await snapshot.rows(query, {**filters.arguments(), "edges": list(edges)})
    return {row["bucket"]: row for row in found}


def _cover(rollups: Rollups, filters: Filters, edges: Sequence[datetime]) -> Cover:
    """Of the longest units of which each bucket has whole ones."""
    if all(rolled_up.begins(edge, DAY) for edge in edges):
        return rollups.cover(filters, DAY)
    if all(rolled_up.begins(edge, QUARTER) for edge in edges):
        return rollups.cover(filters, QUARTER, of_any_type=True)
    return rolled_up.of_events(filters, QUARTER)
