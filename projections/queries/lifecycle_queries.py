"""The phases of what was merged in a window: statistics of each, together and by week, month or repository."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, LiteralString

from psycopg import sql

from projections.queries.lifecycle import OF_REPOSITORIES, lifecycle
from projections.queries.lifecycle import READS as LIFECYCLE_READS
from projections.queries.people import CHOSEN, People
from projections.queries.statistics import statistics
from replay.snapshot import Record, Snapshot

READS = (*LIFECYCLE_READS, "repositories")
"""The projections that the phases are made of."""

Group = Literal["week", "month", "repository", "all"]

COHORT: LiteralString = f"""{OF_REPOSITORIES} AND (
    p.merged_at >= %(start)s::timestamptz AND p.merged_at < %(end)s::timestamptz
    OR p.merged_at IS NULL AND p.closed_at IS NULL
    AND p.created_at >= %(start)s::timestamptz AND p.created_at < %(end)s::timestamptz)"""
"""What was merged in the window, and what was opened in it and is still open."""
AUTHORED = sql.SQL(
    """
    SELECT * FROM (SELECT p.*, lower(coalesce(p.author, 'ghost')) AS person, p.author_type = 'Bot' AS bot FROM {of} p)
    AS authored WHERE {chosen}
"""
)
SPAN = sql.SQL(
    """
WITH pulls AS (SELECT p.*, coalesce(p.merged_at, p.created_at) AS at FROM pull_requests p WHERE {cohort})
SELECT min(at) AS first, max(at) AS last FROM ({authored}) AS work
"""
)
BUCKET: LiteralString = "width_bucket(coalesce(merged_at, opened_at), %(edges)s::timestamptz[]) - 1"
KEYS: dict[Group, LiteralString] = {"week": BUCKET, "month": BUCKET, "repository": "repository_id", "all": "0"}
"""What the pull requests of one group have in common."""
COUNTED = sql.SQL(
    """
WITH {lifecycle}, work AS MATERIALIZED (
    SELECT {key} AS key, merged, draft_time, pickup_time, review_time, merge_time, cycle_time, publish_to_merge,
           pickup_imputed, review_imputed, merge_imputed, clamped, merged_without_review,
           merged AND NOT draft_history_known AS draft_history_unknown
    FROM ({authored}) AS authored
)
SELECT counted.*, names.full_name AS repository, CASE WHEN whole THEN ({distribution}) END AS distribution
FROM (
    SELECT grouping(key) = 1 AS whole, key, count(*) FILTER (WHERE merged) AS merged_count,
           count(*) FILTER (WHERE NOT merged) AS open_count, {cycle_time} AS cycle_time,
           {publish_to_merge} AS publish_to_merge, {phases},
           count(*) FILTER (WHERE merged_without_review) AS merged_without_review_count,
           count(*) FILTER (WHERE draft_history_unknown) AS draft_history_unknown_count,
           count(*) FILTER (WHERE clamped) AS clamped_count
    FROM work GROUP BY GROUPING SETS ((), (key))
) AS counted LEFT JOIN repositories names ON names.repository_id = counted.key
ORDER BY counted.merged_count DESC, counted.open_count DESC, names.full_name, counted.key
"""
)
DISTRIBUTION = sql.SQL(
    "SELECT coalesce(jsonb_object_agg(time, counts), '{{}}') FROM ("
    "SELECT time, jsonb_object_agg(bucket, merged) AS counts FROM ({bars}) AS bars GROUP BY time) AS spread"
)
BARS = sql.SQL(
    """
    SELECT {name} AS time, width_bucket({time}, %(bounds)s::float8[]) AS bucket, count(*) AS merged
    FROM work WHERE {time} IS NOT NULL AND NOT ({imputed}) GROUP BY bucket
"""
)
MINUTE, HOUR, DAY = 60, 3_600, 86_400
BOUNDS = (
    *(15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR),
    *(DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 56 * DAY),
)
"""Between the bars of a distribution, in seconds: each is about twice the one before."""
PHASE = sql.SQL("{known} || jsonb_build_object('mean', avg({time}), 'imputed', count(*) FILTER (WHERE {imputed}))")
PHASES: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("draft_time", "false"),
    ("pickup_time", "pickup_imputed"),
    ("review_time", "review_imputed"),
    ("merge_time", "merge_imputed"),
)


async def span(snapshot: Snapshot, asked: People) -> tuple[datetime | None, datetime | None]:
    """When the first and the last of what is asked for was merged, or opened if it is still open."""
    query = SPAN.format(cohort=sql.SQL(COHORT), authored=_authored("pulls"))
    found = await snapshot.one(query, asked.arguments())
    return found["first"], found["last"]


async def phases(
    snapshot: Snapshot, asked: People, group: Group, edges: Sequence[datetime]
) -> tuple[Record, list[Record]]:
    """Counts and statistics in seconds of the pull requests of the people: together, and of each group that is not
    empty, where most was merged first. `key` is the index of its bucket (the last of `edges` before it) or the id of its
    repository. Of a phase, `mean` is of all that was merged, the rest without the `imputed`.

    All together also have `distribution`: of the cycle time and each phase, how many took from one of BOUNDS to the next,
    by the number of bounds that are not above; in JSON, and without zeros.
    """
    query = COUNTED.format(
        lifecycle=lifecycle(COHORT),
        key=sql.SQL(KEYS[group]),
        authored=_authored("lifecycle"),
        cycle_time=statistics("cycle_time"),
        publish_to_merge=statistics("publish_to_merge"),
        phases=sql.SQL(", ").join(_phase(time, imputed) for time, imputed in PHASES),
        distribution=_distribution(),
    )
    found = await snapshot.rows(query, {**asked.arguments(), "edges": list(edges), "bounds": list(BOUNDS)})
    (whole,) = (row for row in found if row["whole"])
    return whole, [row for row in found if not row["whole"]]


def _authored(of: LiteralString) -> sql.Composed:
    """Those whose authors are asked for."""
    return AUTHORED.format(of=sql.SQL(of), chosen=sql.SQL(CHOSEN))


def _distribution() -> sql.Composed:
    """A phase counts where it was seen to end, as in its statistics."""
    bars = [
        BARS.format(name=sql.Literal(time), time=sql.SQL(time), imputed=sql.SQL(imputed))
        for time, imputed in (("cycle_time", "false"), *PHASES)
    ]
    return DISTRIBUTION.format(bars=sql.SQL(" UNION ALL ").join(bars))


def _phase(time: LiteralString, imputed: LiteralString) -> sql.Composed:
    known = statistics(time, f"NOT ({imputed})")
    told = PHASE.format(known=known, time=sql.SQL(time), imputed=sql.SQL(imputed))
    return sql.SQL("{} AS {}").format(told, sql.SQL(time))
