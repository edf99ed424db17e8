"""Webhook events over time: counts in each of the buckets that a reader asks for, of each type if wanted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import sql

from projections.queries import duration_queries, rolled_up
from projections.queries.duration_queries import Group, Grouping, Quantiles
from projections.queries.remarks import remarked
from projections.queries.rolled_up import Cover, Rollups, carried
from projections.queries.units import DAY, QUARTER, begin, hold_whole
from projections.queries.webhook_filters import Filters
from replay.snapshot import Snapshot, array

READS = (*rolled_up.READS, "repositories", "repository_names", "actors")
"""The projections that trends are made of."""

ANY_TYPE = ""
"""Stands for all types together."""
OF_DAYS: LiteralString = (
    "SELECT c.day::timestamptz AS at, c.event_type, c.events, c.duration_us AS us FROM event_counts c"
)
OF_QUARTERS: LiteralString = (
    "SELECT c.quarter AS at, '' AS event_type, c.events, c.duration_us AS us FROM event_quarters c"
)
EDGES: LiteralString = """edges AS MATERIALIZED (
    SELECT array_agg(to_timestamp(edge) ORDER BY edge) AS moments FROM unnest(%(edges)s::float8[]) AS edge
)"""
COUNTED: LiteralString = """
WITH {edges}
SELECT array_agg(bucket) AS buckets, array_agg(event_type) AS types, array_agg(total) AS totals,
       array_agg(failed) AS failures, array_agg(us) AS durations
FROM (
    SELECT bucket, event_type, sum(events)::bigint AS total, sum(failed)::bigint AS failed, sum(us)::float8 AS us
    FROM (
        SELECT width_bucket(at, (SELECT edges.moments FROM edges)) - 1 AS bucket, {type} AS event_type,
               sum(events) AS events, 0 AS failed, sum(us) AS us
        FROM ({units} WHERE {within} AND {carried}) AS units GROUP BY 1, 2
        UNION ALL
        SELECT width_bucket(e.received_at, (SELECT edges.moments FROM edges)) - 1, {type}, count(*), 0,
               sum(e.duration_us)
        FROM webhook_events e WHERE {events} GROUP BY 1, 2
        UNION ALL
        SELECT width_bucket(received_at, (SELECT edges.moments FROM edges)) - 1, {type}, 0,
               count(*) FILTER (WHERE level > 0), coalesce(sum(1000 * reported_ms - duration_us), 0)
        FROM ({remarked}) AS remarked GROUP BY 1, 2
    ) AS parts GROUP BY bucket, event_type
) AS counted
"""


class Counts(NamedTuple):
    """Some events: how many, how many of them failed, and how long all of them took together."""

    total: int = 0
    failed: int = 0
    microseconds: float = 0

    @property
    def mean_milliseconds(self) -> float | None:
        """How long each took; None of nothing."""
        return self.microseconds / 1000 / self.total if self.total else None


NOTHING = Counts()
ByType = Mapping[str, Counts]


def together(types: ByType) -> Counts:
    """Those of all types."""
    if len(types) == 1:
        return next(iter(types.values()))
    return Counts(*map(sum, zip(*types.values(), strict=True))) if types else NOTHING


async def counts(
    snapshot: Snapshot, rollups: Rollups, filters: Filters, edges: Sequence[datetime], *, by_type: bool = False
) -> Mapping[int, ByType]:
    """Counts by the index of the bucket (the last edge that is not after the event) and by type, or of ANY_TYPE. Empty
    buckets are left out. Edges are whole seconds. Everything comes as arrays: rows of thousands of buckets would take
    longer than counting.
    """
    begins = _seconds(edges)
    cover = _cover(rollups, filters, begins, by_type=by_type)
    query = sql.SQL(COUNTED).format(
        edges=sql.SQL(EDGES),
        type=sql.SQL("event_type" if by_type else "''"),
        units=sql.SQL(OF_QUARTERS if cover.unit == QUARTER else OF_DAYS),
        within=cover.units(),
        carried=carried(filters, of_any_type=cover.unit == QUARTER),
        events=cover.events(filters),
        remarked=remarked(filters),
    )
    found = await snapshot.one(query, {**filters.arguments(), "edges": array(begins)})
    columns = (found[name] or () for name in ("buckets", "types", "totals", "failures", "durations"))
    buckets, types, totals, failures, durations = columns
    counted: dict[int, dict[str, Counts]] = {}
    for bucket, event_type, of in zip(buckets, types, map(Counts, totals, failures, durations), strict=True):
        counted.setdefault(bucket, {})[event_type] = of
    return counted


def few(found: Mapping[int, ByType]) -> bool:
    """Whether what was counted is so little that it may be sorted."""
    return sum(counts.total for types in found.values() for counts in types.values()) <= duration_queries.FEW


async def durations(
    snapshot: Snapshot,
    rollups: Rollups,
    filters: Filters,
    edges: Sequence[datetime],
    *,
    few: bool,
    by_type: bool = False,
) -> Mapping[Group, Quantiles]:
    """How long the events took, by the index of the bucket and by type, or of ANY_TYPE. `few`: as `few` says."""
    if not edges:
        return {}
    grouping = Grouping(
        of_units="width_bucket(c.day::timestamptz, (SELECT edges.moments FROM edges)) - 1",
        of_events="width_bucket(e.received_at, (SELECT edges.moments FROM edges)) - 1",
        before=EDGES,
        arguments={"edges": array(_seconds(edges))},
        by_type=by_type,
    )
    whole = hold_whole(edges, DAY) and not by_type
    cover = rollups.cover(filters, DAY, of_any_type=True).apart(edges) if whole else rolled_up.of_events(filters, DAY)
    return await duration_queries.quantiles(snapshot, cover, filters, grouping, few=few)


def _seconds(edges: Sequence[datetime]) -> list[int]:
    return [int(edge.timestamp()) for edge in edges]


def _cover(rollups: Rollups, filters: Filters, begins: Sequence[int], *, by_type: bool) -> Cover:
    """Of the longest units of which each bucket has whole ones; a quarter of an hour does not tell of types."""
    if begin(begins, DAY):
        return rollups.cover(filters, DAY)
    if not by_type and begin(begins, QUARTER):
        return rollups.cover(filters, QUARTER, of_any_type=True)
    return rolled_up.of_events(filters, QUARTER)
