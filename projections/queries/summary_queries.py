"""Counts of webhook events: in all, by repository, by type; with success, duration and API usage."""

from typing import LiteralString, NamedTuple

from psycopg import sql

from projections.duration_buckets import percentile
from projections.queries import duration_queries, rolled_up
from projections.queries.listing import ListQuery
from projections.queries.remarks import remarked
from projections.queries.rolled_up import Cover, Rollups, carried
from projections.queries.units import DAY
from projections.queries.webhook_filters import Filters
from replay.snapshot import Record, Snapshot

READS = (*rolled_up.READS, "repositories", "repository_names", "actors")
"""The projections that the counts are made of."""

SHARES = (0.5, 0.75, 0.9, 0.95, 1.0)
"""Of the durations that are told."""

COUNTED: LiteralString = """
    remarked AS NOT MATERIALIZED ({remarked}),
    beside AS (
        SELECT e.repository_id, e.event_type, e.duration_us, e.from_us, e.sender FROM webhook_events e WHERE {events}
    ),
    counted AS (
        SELECT repository_id, event_type, sum(events)::bigint AS events, sum(failed)::bigint AS failed, sum(us) AS us,
               sum(calls)::bigint AS calls, sum(charged_calls)::bigint AS charged_calls
        FROM (
            SELECT c.repository_id, c.event_type, c.events, 0 AS failed, c.duration_us AS us, 0 AS calls,
                   0 AS charged_calls
            FROM event_counts c WHERE {units} AND {carried}
            UNION ALL
            SELECT c.repository_id, '', c.events, 0, c.duration_us, 0, 0
            FROM event_quarters c WHERE {quarters} AND {carried_of_any_type}
            UNION ALL
            SELECT repository_id, event_type, count(*), 0, sum(duration_us), 0, 0 FROM beside GROUP BY 1, 2
            UNION ALL
            SELECT repository_id, event_type, 0, count(*) FILTER (WHERE level > 0),
                   coalesce(sum(1000 * reported_ms - duration_us), 0), sum(calls), sum(charged_calls)
            FROM remarked GROUP BY 1, 2
        ) AS parts GROUP BY 1, 2
    )
"""
"""`beside`: the events that no rollup tells, those of the edges of a window: read once, for all that is counted of them.
"""
SUMS: LiteralString = """
    coalesce(sum(events), 0)::bigint AS total_events, coalesce(sum(events - failed), 0)::bigint AS successful_events,
    coalesce(sum(failed), 0)::bigint AS failed_events,
    (sum(us) / 1000.0 / nullif(sum(events), 0))::float8 AS avg_duration_ms,
    sum(calls)::bigint AS total_api_calls, sum(charged_calls)::bigint AS total_token_spend
"""
OVERVIEW: LiteralString = """
SELECT placed.*, CASE WHEN NOT of_repository AND event_type IS NULL THEN {durations} END AS durations,
       CASE WHEN NOT of_repository AND event_type IS NULL THEN {senders} END AS unique_senders,
       CASE WHEN NOT of_repository AND event_type IS NULL THEN {calls} END AS calls
FROM (
    SELECT groups.*, names.full_name AS repository,
           row_number() OVER (PARTITION BY of_repository, names.full_name IS NULL
                              ORDER BY total_events DESC, repository_id, event_type) AS place
    FROM (
        SELECT grouping(repository_id) = 0 AS of_repository, repository_id, event_type,
               count(DISTINCT repository_id) FILTER (WHERE repository_id <> 0) AS unique_repositories, {sums}
        FROM counted GROUP BY GROUPING SETS ((), (repository_id), (event_type))
    ) AS groups LEFT JOIN repositories names USING (repository_id)
) AS placed WHERE NOT of_repository OR (repository IS NOT NULL AND place <= %(top)s) ORDER BY place
"""
TOTALS: LiteralString = "SELECT {sums} FROM counted"
BY_REPOSITORY: LiteralString = """
SELECT repository_id, names.full_name AS repository, sum(sum(events)) OVER ()::bigint AS of_all, {sums}
FROM counted JOIN repositories names USING (repository_id) GROUP BY repository_id, names.full_name
"""
BUSIEST = "total_events DESC, repository_id"
SORTS: dict[str, LiteralString] = {
    "repository": "repository",
    "total_events": "total_events",
    "successful_events": "successful_events",
    "failed_events": "failed_events",
    "success_rate": "(successful_events::float8 / nullif(total_events, 0))",
    "avg_processing_time_ms": "avg_duration_ms",
    "total_api_calls": "total_api_calls",
    "total_token_spend": "total_token_spend",
}
"""Field of the answer -> what a list of repositories is sorted by."""
SENDERS = sql.SQL(
    """
(SELECT count(*) FROM (
    SELECT c.sender FROM event_senders c WHERE {units} AND {carried} AND c.sender <> ''
    UNION
    SELECT sender FROM beside WHERE sender <> ''
) AS seen)
"""
)
SENDERS_OF_EVENTS = sql.SQL(
    "SELECT count(DISTINCT e.sender) AS unique_senders FROM webhook_events e WHERE {where} AND e.sender <> ''"
)
DURATIONS = sql.SQL(
    """
(SELECT jsonb_object_agg(from_us, events) FROM (SELECT from_us, sum(events)::bigint AS events FROM (
    SELECT c.from_us, c.events FROM event_month_durations c WHERE {months} AND {carried}
    UNION ALL
    SELECT c.from_us, c.events FROM event_durations c WHERE {days} AND {carried}
    UNION ALL
    SELECT from_us, count(*) FROM beside GROUP BY 1
    UNION ALL
    SELECT r.from_us, -count(*) FROM remarked r WHERE r.reported_from_us IS NOT NULL GROUP BY 1
    UNION ALL
    SELECT r.reported_from_us, count(*) FROM remarked r WHERE r.reported_from_us IS NOT NULL GROUP BY 1
) AS parts GROUP BY from_us) AS buckets)
"""
)
"""How many events took as long as each bucket says, of `remarked` beside it."""
CALLS = sql.SQL(
    """
(SELECT jsonb_object_agg(calls, events)
 FROM (SELECT calls, count(*) AS events FROM remarked WHERE calls > 0 GROUP BY calls) AS spent)
"""
)
"""How many events so many API calls were reported of, of `remarked` beside it; of all others none was."""
SORTED = sql.SQL(
    """
SELECT percentile_cont(ARRAY[0.5, 0.75, 0.9, 0.95, 1.0])
       WITHIN GROUP (ORDER BY coalesce(e.reported_ms, e.duration_us / 1000.0)) AS percentiles
FROM webhook_events e WHERE {where}
"""
)


class Overview(NamedTuple):
    """Counts of all, of the busiest repositories and of each type, the most frequent first; of the durations, by
    bucket, and of the senders, None where they were not counted; and of the API calls of an event, by their number,
    empty where they were not counted.
    """

    totals: Record
    repositories: list[Record]
    types: list[Record]
    durations: dict[int, int] | None
    senders: int | None
    calls: dict[int, int]


class Durations(NamedTuple):
    """In milliseconds; None without events."""

    median: float | None
    p75: float | None
    p90: float | None
    p95: float | None
    longest: float | None


def _composed(select: LiteralString, filters: Filters, cover: Cover, **more: sql.Composable) -> sql.Composed:
    return sql.SQL("WITH " + COUNTED + select).format(sums=sql.SQL(SUMS), **_parts(filters, cover), **more)


def _parts(filters: Filters, cover: Cover, *, of_any_type: bool = False) -> dict[str, sql.Composable]:
    months, days = cover.monthly()
    return {
        "remarked": remarked(filters),
        "months": months,
        "days": days,
        "units": cover.units(),
        "quarters": cover.quarter_units(),
        "carried": carried(filters, of_any_type=of_any_type),
        "carried_of_any_type": carried(filters, of_any_type=True),
        "events": cover.events(filters),
        "where": filters.where(),
    }


async def overview(
    snapshot: Snapshot, rollups: Rollups, filters: Filters, *, top: int, timed: bool = False
) -> Overview:
    """Everything in one pass: `top` repositories, under their present names. `timed`: the API calls of an event too,
    and the durations and the senders, where rollups tell them.
    """
    cover, told = rollups.cover(filters, DAY), timed and rollups.cover(filters, DAY, of_any_type=True).whole_units
    parts, none = _parts(filters, cover, of_any_type=True), sql.SQL("NULL::jsonb")
    spread = {
        "durations": DURATIONS.format(**parts) if told else none,
        "senders": SENDERS.format(**parts) if told else none,
        "calls": CALLS if timed else none,
    }
    query = _composed(OVERVIEW, filters, cover, **spread)
    rows = await snapshot.rows(query, {**filters.arguments(), "top": top})
    repositories = [row for row in rows if row["of_repository"]]
    types = [row for row in rows if row["event_type"] is not None]
    (totals,) = (row for row in rows if not row["of_repository"] and row["event_type"] is None)
    durations = _by_number(totals["durations"]) if told else None
    return Overview(totals, repositories, types, durations, totals["unique_senders"], _calls(totals))


def _by_number(told: dict[str, int] | None) -> dict[int, int]:
    return {int(name): count for name, count in (told or {}).items()}


def _calls(totals: Record) -> dict[int, int]:
    reported = _by_number(totals["calls"])
    return {0: totals["total_events"] - sum(reported.values()), **reported}


async def totals(snapshot: Snapshot, rollups: Rollups, filters: Filters) -> Record:
    """One row of counts."""
    query = _composed(TOTALS, filters, rollups.finely(filters))
    return await snapshot.one(query, filters.arguments())


def of_repositories(rollups: Rollups, filters: Filters) -> ListQuery:
    """Counts of each repository, under its present name, the busiest first."""
    query = _composed(BY_REPOSITORY, filters, rollups.finely(filters))
    return ListQuery(query, sql.SQL(BUSIEST), filters.arguments(), sorts=SORTS)


async def unique_senders(snapshot: Snapshot, filters: Filters, found: Overview) -> int:
    """How many different logins caused the events that an overview counted."""
    if found.senders is not None:
        return found.senders
    query = SENDERS_OF_EVENTS.format(where=filters.where())
    return int((await snapshot.one(query, filters.arguments()))["unique_senders"])


async def durations(snapshot: Snapshot, rollups: Rollups, filters: Filters, found: Overview) -> Durations:
    """Of what an overview counted: exact where they are few, else within 2 %."""
    if found.durations is None or found.totals["total_events"] <= duration_queries.FEW:
        sorted_ = SORTED.format(**_parts(filters, rollups.cover(filters, DAY)))
        row = await snapshot.one(sorted_, filters.arguments())
        return Durations(*(row["percentiles"] or [None] * len(SHARES)))
    return Durations(*(_milliseconds(percentile(found.durations, share)) for share in SHARES))


def _milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else microseconds / 1000
