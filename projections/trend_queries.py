"""Webhook events over time: counts in each of the buckets that a reader asks for."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import sql

from projections import rolled_up
from projections.remarks import flawed
from projections.rolled_up import DAY, QUARTER, Cover, Rollups, carried
from projections.webhook_filters import Filters
from replay.snapshot import Snapshot

READS = (*rolled_up.READS, "usage_reports", "repositories", "repository_names", "actors")
"""The projections that trends are made of."""

OF_DAYS: LiteralString = "SELECT c.day::timestamptz AS at, c.events, 0 AS failed FROM event_counts c"
OF_QUARTERS: LiteralString = "SELECT c.quarter AS at, c.events, 0 AS failed FROM event_quarters c"
COUNTED: LiteralString = """
WITH edges AS MATERIALIZED (
    SELECT array_agg(to_timestamp(edge) ORDER BY edge) AS moments FROM unnest(%(edges)s::float8[]) AS edge
)
SELECT array_agg(bucket) AS buckets, array_agg(total) AS totals, array_agg(failed) AS failures FROM (
    SELECT bucket, sum(events)::bigint AS total, sum(failed)::bigint AS failed
    FROM (
        SELECT width_bucket(at, (SELECT edges.moments FROM edges)) - 1 AS bucket, sum(events) AS events, 0 AS failed
        FROM ({units} WHERE {within} AND {carried}) AS units GROUP BY 1
        UNION ALL
        SELECT width_bucket(e.received_at, (SELECT edges.moments FROM edges)) - 1, count(*), 0
        FROM webhook_events e WHERE {events} AND {where} GROUP BY 1
        UNION ALL
        SELECT width_bucket(received_at, (SELECT edges.moments FROM edges)) - 1, 0, count(*)
        FROM ({flawed}) AS flawed GROUP BY 1
    ) AS parts GROUP BY bucket
) AS counted
"""


class Counts(NamedTuple):
    """The events of one bucket."""

    total_events: int
    successful_events: int
    failed_events: int


NOTHING = Counts(0, 0, 0)


async def counts(
    snapshot: Snapshot, rollups: Rollups, filters: Filters, edges: Sequence[datetime]
) -> dict[int, Counts]:
    """Counts by the index of the bucket: the last edge that is not after the event. Empty buckets are left out.
    Edges are whole seconds. Everything comes as arrays: rows of thousands of buckets would take longer than counting.
    """
    cover = _cover(rollups, filters, edges)
    query = sql.SQL(COUNTED).format(
        units=sql.SQL(OF_QUARTERS if cover.unit == QUARTER else OF_DAYS),
        within=cover.units(),
        carried=carried(filters, of_any_type=cover.unit == QUARTER),
        events=cover.events(),
        where=filters.where(),
        flawed=flawed(filters),
    )
    arguments = {**filters.arguments(), "edges": [int(edge.timestamp()) for edge in edges]}
    found = await snapshot.one(query, arguments)
    columns = (found[name] or () for name in ("buckets", "totals", "failures"))
    return {bucket: Counts(total, total - failed, failed) for bucket, total, failed in zip(*columns, strict=True)}


def _cover(rollups: Rollups, filters: Filters, edges: Sequence[datetime]) -> Cover:
    """Of the longest units of which each bucket has whole ones."""
    if all(rolled_up.begins(edge, DAY) for edge in edges):
        return rollups.cover(filters, DAY)
    if all(rolled_up.begins(edge, QUARTER) for edge in edges):
        return rollups.cover(filters, QUARTER, of_any_type=True)
    return rolled_up.of_events(filters, QUARTER)
