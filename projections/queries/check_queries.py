"""How each check of each repository fares: how often it succeeds, how long it takes, how often it is run again.

Attempts count when they were completed. A group of attempts counts once, when the first of them was completed, so that
two windows that meet add up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from projections.facts import seconds
from projections.queries import pull_request_authors
from projections.queries.listing import ListQuery
from projections.queries.people import Extent, People
from projections.queries.pull_request_authors import NUMBERED, authored, belongs
from projections.queries.statistics import median, statistics
from replay.snapshot import Snapshot

READS = ("check_run_attempts", "check_groups", "repositories", *pull_request_authors.READS)
"""The projections that the list is made of."""

SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("repository", "completed", "succeeded", "failed", "reruns", "flaky")},
    "success_rate": "succeeded::float8 / nullif(succeeded + failed, 0)",
    "rerun_rate": "reruns::float8 / nullif(groups, 0)",
    "flake_rate": "flaky::float8 / nullif(groups, 0)",
    "duration": median("duration"),
    "check": "name",
}

LISTED = sql.SQL(
    """
WITH {authored}, attempts AS (
    SELECT repository_id, coalesce(name, '') AS name, coalesce(app_id, 0) AS app_id, {bucket} AS bucket, app, conclusion,
           CASE WHEN conclusion NOT IN ('skipped', 'cancelled', 'neutral', 'stale')
                THEN {took} END AS seconds
    FROM check_run_attempts
    WHERE completed_at >= %(start)s::timestamptz AND completed_at < %(end)s::timestamptz AND {about}
), counted AS MATERIALIZED (
    SELECT repository_id, name, app_id, bucket, min(app) AS app, count(*) AS completed,
           count(*) FILTER (WHERE conclusion = 'success') AS succeeded,
           count(*) FILTER (WHERE conclusion NOT IN ('success', 'skipped', 'cancelled', 'neutral', 'stale')) AS failed,
           count(*) FILTER (WHERE conclusion = 'failure') AS failure,
           count(*) FILTER (WHERE conclusion = 'timed_out') AS timed_out,
           count(*) FILTER (WHERE conclusion = 'startup_failure') AS startup_failure,
           count(*) FILTER (WHERE conclusion = 'action_required') AS action_required,
           count(*) FILTER (WHERE conclusion = 'skipped') AS skipped,
           count(*) FILTER (WHERE conclusion = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE conclusion = 'neutral') AS neutral,
           count(*) FILTER (WHERE conclusion = 'stale') AS stale,
           array_agg(seconds) FILTER (WHERE seconds IS NOT NULL) AS took
    FROM attempts GROUP BY repository_id, name, app_id, bucket
), grouped AS (
    SELECT repository_id, name, app_id, {group_bucket} AS bucket, count(*) AS groups,
           count(*) FILTER (WHERE rerun) AS reruns, count(*) FILTER (WHERE flaky) AS flaky
    FROM check_groups
    WHERE first_completed_at >= %(start)s::timestamptz AND first_completed_at < %(end)s::timestamptz AND {about}
    GROUP BY 1, 2, 3, 4
), keys AS (
    SELECT repository_id, name, app_id, app, bucket FROM (
        SELECT repository_id, name, app_id, min(app) AS app FROM counted GROUP BY 1, 2, 3
    ) AS found CROSS JOIN generate_series(0, %(buckets)s - 1) AS bucket
)
SELECT repository_id, name, app_id, bucket, keys.app, {counts}, names.full_name AS repository, duration
FROM keys LEFT JOIN counted USING (repository_id, name, app_id, bucket)
CROSS JOIN LATERAL (SELECT {duration} AS duration FROM unnest(took) AS seconds) AS timed
LEFT JOIN grouped USING (repository_id, name, app_id, bucket)
LEFT JOIN repositories names USING (repository_id)
"""
)
"""The durations of a check are gathered before they are sorted: sorting all attempts by their check first takes twice
as long.
"""
COUNTS: tuple[LiteralString, ...] = (
    *("completed", "succeeded", "failed", "failure", "timed_out", "startup_failure", "action_required"),
    *("skipped", "cancelled", "neutral", "stale", "groups", "reruns", "flaky"),
)
EXTENT = sql.SQL(
    """
WITH {authored}
SELECT min(first) AS first, max(last) AS last, count(*) AS groups FROM (
    SELECT min(completed_at) AS first, max(completed_at) AS last FROM check_run_attempts
    WHERE completed_at >= %(start)s::timestamptz AND completed_at < %(end)s::timestamptz AND {about}
    GROUP BY repository_id, coalesce(name, ''), coalesce(app_id, 0)
) AS found
"""
)


@dataclass(frozen=True, slots=True)
class Checks:
    """Which checks: of these people's pull requests, of these names (None: all), in buckets that begin at `edges`
    (None: the whole window as one).
    """

    people: People
    names: Sequence[str] | None = None
    edges: Sequence[datetime] | None = None

    def arguments(self) -> dict[str, Any]:
        names = None if self.names is None else list(self.names)
        buckets = 1 if self.edges is None else len(self.edges)
        return {**self.people.arguments(), "names": names, "edges": list(self.edges or ()), "buckets": buckets}


async def extent(snapshot: Snapshot, asked: Checks) -> Extent:
    """When the first and the last attempt of these checks were completed, and how many checks there are."""
    query = EXTENT.format(authored=authored(asked.people), about=_about(asked))
    return Extent(**await snapshot.one(query, asked.arguments()))


def checks(asked: Checks) -> ListQuery:
    """One row for each bucket, empty ones too, of each repository, check name and app; `bucket` is the index of its
    edge.
    """
    query = LISTED.format(
        authored=authored(asked.people),
        bucket=_bucket(asked, "completed_at"),
        group_bucket=_bucket(asked, "first_completed_at"),
        about=_about(asked),
        took=sql.SQL(seconds("started_at", "completed_at")),
        duration=statistics("seconds", p95=True),
        counts=sql.SQL(", ").join(sql.SQL(f"coalesce({name}, 0) AS {name}") for name in COUNTS),
    )
    order = sql.SQL("bucket, completed DESC, repository, name, repository_id, app_id")
    return ListQuery(query, order, asked.arguments(), sorts=SORTS, leading="bucket, ")


def _bucket(asked: Checks, column: LiteralString) -> sql.Composable:
    return sql.SQL("0" if asked.edges is None else f"width_bucket({column}, %(edges)s::timestamptz[]) - 1")


def _about(asked: Checks) -> sql.Composable:
    repositories = "(%(repository_ids)s::bigint[] IS NULL OR repository_id = ANY(%(repository_ids)s))"
    names = "(%(names)s::text[] IS NULL OR name = ANY(%(names)s))"
    return sql.SQL(" AND ").join([sql.SQL(repositories), sql.SQL(names), belongs(asked.people, NUMBERED)])
