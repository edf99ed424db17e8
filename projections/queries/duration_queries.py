"""How long webhook events took, of each of some groups of them: exact where they are few, else within 2 %."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from projections.duration_buckets import interpolated
from projections.queries.remarks import timed
from projections.queries.rolled_up import Cover, carried
from projections.queries.webhook_filters import Filters
from replay.snapshot import Record, Snapshot

FEW = 5_000
"""So many durations are sorted, and their percentiles are exact."""
SHARES = (0.5, 0.75, 0.9)
"""Median, p75 and p90."""

BUCKETS: LiteralString = """
WITH {before}timed AS NOT MATERIALIZED ({timed}),
counted AS (
    SELECT of_group, event_type, from_us, sum(events) AS events FROM (
        SELECT {of_units} AS of_group, '' AS event_type, c.from_us, sum(c.events::float8) AS events
        FROM event_durations c WHERE {days} AND {carried} GROUP BY 1, 2, 3
        {of_months}
        UNION ALL
        SELECT {of_events}, {type}, e.from_us, count(*)::float8 FROM webhook_events e WHERE {events} GROUP BY 1, 2, 3
        UNION ALL
        SELECT {of_events}, {type}, e.from_us, -count(*)::float8 FROM timed e GROUP BY 1, 2, 3
        UNION ALL
        SELECT {of_events}, {type}, e.reported_from_us, count(*)::float8 FROM timed e GROUP BY 1, 2, 3
    ) AS parts GROUP BY of_group, event_type, from_us HAVING sum(events) > 0
)
SELECT of_group, event_type, max(upto)::bigint AS total, {places} AS places FROM (
    SELECT *, sum(events) OVER (PARTITION BY of_group, event_type ORDER BY from_us ROWS UNBOUNDED PRECEDING) AS upto,
           sum(events) OVER (PARTITION BY of_group, event_type) - 1 AS last
    FROM counted
) AS ranked GROUP BY of_group, event_type
"""
"""The buckets between which each share of a group lies. Counts are float8, which holds them exactly: numeric, the sum of
bigint, takes five times as long.
"""
OF_MONTHS: LiteralString = """
        UNION ALL
        SELECT {of_units}, '', c.from_us, sum(c.events::float8)
        FROM event_month_durations c WHERE {months} AND {carried} GROUP BY 1, 2, 3
"""
PLACE: LiteralString = """
    min(from_us) FILTER (WHERE upto > floor({share}::float8 * last)),
    min(from_us) FILTER (WHERE upto > ceil({share}::float8 * last))
"""
SORTED: LiteralString = """
{with_before}
SELECT {of_events} AS of_group, {type} AS event_type,
       percentile_cont(%(shares)s::float8[])
       WITHIN GROUP (ORDER BY coalesce(e.reported_ms, e.duration_us / 1000.0)) AS percentiles
FROM webhook_events e WHERE {where} GROUP BY 1, 2
"""


class Quantiles(NamedTuple):
    """In milliseconds; None of nothing."""

    median: float | None = None
    p75: float | None = None
    p90: float | None = None


NOTHING = Quantiles()
Group = tuple[int, str]
"""Its number, and a type of events, empty where types are not told from one another."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which group an event is of: SQL of the rows `c` of event_durations, and of the events `e`. `before`: what comes
    before that in WITH; `by_type`: a group for each type, of which event_durations knows nothing; `monthly`: whether
    a whole month is of one group, and so the SQL of rows that of event_month_durations too.
    """

    of_units: LiteralString
    of_events: LiteralString
    before: LiteralString = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    by_type: bool = False
    monthly: bool = False


async def quantiles(
    snapshot: Snapshot, cover: Cover, filters: Filters, grouping: Grouping, *, few: bool
) -> dict[Group, Quantiles]:
    """Of each group that has events. `cover`: what of the window event_durations answers; `few`: they are so few that
    they may be sorted.
    """
    query = sql.SQL(SORTED if few else BUCKETS).format(**_parts(cover, filters, grouping))
    arguments = {**filters.arguments(), **grouping.arguments, "shares": list(SHARES)}
    rows = await snapshot.rows(query, arguments)
    return {(row["of_group"], row["event_type"]): Quantiles(*(_sorted(row) if few else _between(row))) for row in rows}


def _parts(cover: Cover, filters: Filters, grouping: Grouping) -> dict[str, sql.Composable]:
    told, of_units = carried(filters, of_any_type=True), sql.SQL(grouping.of_units)
    months, days = cover.monthly() if grouping.monthly else (None, cover.units())
    of_months = sql.SQL(OF_MONTHS).format(of_units=of_units, months=months, carried=told) if months else sql.SQL("")
    return {
        "before": sql.SQL(f"{grouping.before}, " if grouping.before else ""),
        "with_before": sql.SQL(f"WITH {grouping.before}" if grouping.before else ""),
        "timed": timed(filters),
        "of_units": of_units,
        "of_events": sql.SQL(grouping.of_events),
        "type": sql.SQL("e.event_type" if grouping.by_type else "''"),
        "days": days,
        "of_months": of_months,
        "carried": told,
        "events": cover.events(filters),
        "where": filters.where(),
        "places": sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(map(_place, SHARES))),
    }


def _place(share: float) -> sql.Composed:
    return sql.SQL(PLACE).format(share=sql.Literal(share))


def _sorted(row: Record) -> Sequence[float]:
    percentiles: Sequence[float] = row["percentiles"]
    return percentiles


def _between(row: Record) -> Sequence[float]:
    pairs = zip(SHARES, row["places"][::2], row["places"][1::2], strict=True)
    return [interpolated(below, above, share * (row["total"] - 1)) / 1000 for share, below, above in pairs]
