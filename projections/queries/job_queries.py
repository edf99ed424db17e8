"""How long the jobs of workflows wait for a runner and how long they run.

A job counts when it was created, a run of a workflow when its first job was. What waits and what runs is told as of a
moment: GitHub ends a job that has waited for a day or run for five, so one whose end was never told does not go on for
ever.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, LiteralString

from psycopg import sql

from projections.facts import seconds
from projections.queries import pull_request_authors
from projections.queries.listing import ListQuery
from projections.queries.people import People
from projections.queries.pull_request_authors import HEADED, authored, belongs
from projections.queries.statistics import median, statistics
from replay.snapshot import Record, Snapshot

READS = ("workflow_jobs", "repositories", *pull_request_authors.READS)
"""The projections that the list is made of."""

LONGEST_WAIT = timedelta(days=1)
LONGEST_RUN = timedelta(days=5)
CALENDAR = datetime.min.replace(tzinfo=UTC)

Group = Literal["label", "repository", "workflow", "job"]

NAMES: dict[Group, LiteralString] = {
    "label": "NULL::bigint AS repository_id, unnest(coalesce(nullif(labels, '{}'), ARRAY[NULL]::text[])) AS label,"
    " NULL AS workflow, NULL AS name",
    "repository": "repository_id, NULL AS label, NULL AS workflow, NULL AS name",
    "workflow": "repository_id, NULL AS label, workflow_name AS workflow, NULL AS name",
    "job": "repository_id, NULL AS label, workflow_name AS workflow, name",
}
"""A job that asks for several labels is in the group of each."""
PARTS: dict[Group, dict[str, LiteralString]] = {
    "label": {"label": "label"},
    "repository": {"repository": "repository"},
    "workflow": {"repository": "repository", "workflow": "workflow"},
    "job": {"repository": "repository", "workflow": "workflow", "job": "name"},
}
"""What each group is named by."""
SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("jobs", "failed", "queued", "running")},
    "success_rate": "succeeded::float8 / nullif(succeeded + failed, 0)",
    "queue_time": median("queue_time"),
    "duration": median("duration"),
}
CHOSEN = sql.SQL(
    """
    chosen AS (
        SELECT *, created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz AS counted,
               created_at > %(waiting_since)s AND created_at <= %(as_of)s AND status <> 'waiting'
                   AND coalesce(completed_at > %(as_of)s, status <> 'completed')
                   AND coalesce(started_at > %(as_of)s, true) AS is_queued,
               started_at > %(running_since)s AND started_at <= %(as_of)s
                   AND coalesce(completed_at > %(as_of)s, status <> 'completed') AS is_running
        FROM workflow_jobs
        WHERE conclusion IS DISTINCT FROM 'skipped' AND {about} AND (
            created_at >= %(start)s::timestamptz AND created_at < %(end)s::timestamptz
            OR created_at > %(known_since)s AND created_at <= %(as_of)s
        )
    )
"""
)
"""What is skipped neither waits nor runs: it is no job here."""
RUNS = sql.SQL(
    """
    runs AS (
        SELECT repository_id, workflow, {duration} AS workflow_duration
        FROM (
            SELECT repository_id, {workflow} AS workflow,
                   {lasted} AS seconds
            FROM workflow_jobs
            WHERE conclusion IS DISTINCT FROM 'skipped' AND {about}
            AND created_at >= %(start)s::timestamptz - interval '35 days'
            AND created_at < %(end)s::timestamptz + interval '35 days'
            GROUP BY repository_id, workflow_name, run_id, run_attempt
            HAVING bool_and(status = 'completed') AND min(created_at) >= %(start)s::timestamptz
                   AND min(created_at) < %(end)s::timestamptz
        ) AS attempts GROUP BY repository_id, workflow
    )
"""
)
"""A run attempt lasts from the creation of its first job to the end of its last; 35 days at most."""
LISTED = sql.SQL(
    """
WITH {authored}, {chosen}, {runs}, grouped AS (
    SELECT {names}, chosen.counted, wait_seconds, run_seconds, status, conclusion, is_queued, is_running FROM chosen
), counts AS (
    SELECT repository_id, label, workflow, name, count(*) FILTER (WHERE counted) AS jobs,
           count(*) FILTER (WHERE counted AND status = 'completed') AS completed,
           count(*) FILTER (WHERE counted AND conclusion = 'success') AS succeeded,
           count(*) FILTER (WHERE counted AND conclusion IN ('failure', 'timed_out', 'startup_failure')) AS failed,
           count(*) FILTER (WHERE counted AND conclusion = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE is_queued) AS queued, count(*) FILTER (WHERE is_running) AS running,
           {queue_time} AS queue_time, {duration} AS duration
    FROM grouped GROUP BY repository_id, label, workflow, name
)
SELECT counts.*, names.full_name AS repository, {workflow_duration} AS workflow_duration
FROM counts LEFT JOIN repositories names USING (repository_id) {join}
WHERE jobs > 0 OR queued > 0 OR running > 0
"""
)
SLOWEST = sql.SQL(
    """
WITH {authored}, {chosen}, longest AS (
    SELECT * FROM chosen WHERE counted AND run_seconds IS NOT NULL
    ORDER BY run_seconds DESC, repository_id, job_id LIMIT %(limit)s
)
SELECT names.full_name AS repository, workflow_name AS workflow, name, labels, job_id, run_id, run_attempt, conclusion,
       longest.created_at, wait_seconds AS queue_time, run_seconds AS duration, longest.html_url AS url
FROM longest LEFT JOIN repositories names USING (repository_id) ORDER BY run_seconds DESC, repository_id, job_id
"""
)


@dataclass(frozen=True, slots=True)
class Jobs:
    """Which jobs: of these people's pull requests. `as_of`: the moment at which some wait and some run."""

    people: People
    as_of: datetime

    def arguments(self) -> dict[str, Any]:
        return {
            **self.people.arguments(),
            "as_of": self.as_of,
            "waiting_since": self._before(LONGEST_WAIT),
            "running_since": self._before(LONGEST_RUN),
            "known_since": self._before(LONGEST_WAIT + LONGEST_RUN),
        }

    def _before(self, length: timedelta) -> datetime:
        """So long before the moment, or when the calendar begins."""
        return self.as_of - min(length, self.as_of - CALENDAR)

    def chosen(self) -> sql.Composed:
        """The common table expression of them."""
        return CHOSEN.format(about=self.about())

    def about(self) -> sql.Composable:
        repositories = "(%(repository_ids)s::bigint[] IS NULL OR repository_id = ANY(%(repository_ids)s))"
        return sql.SQL(" AND ").join([sql.SQL(repositories), belongs(self.people, HEADED)])


def jobs(asked: Jobs, group: Group) -> ListQuery:
    """One row for each runner label, repository, workflow or job name."""
    of_runs = group in ("repository", "workflow")
    runs = RUNS.format(
        about=asked.about(),
        workflow=sql.SQL("workflow_name" if group == "workflow" else "NULL"),
        lasted=sql.SQL(seconds("min(created_at)", "max(completed_at)")),
        duration=statistics("seconds"),
    )
    query = LISTED.format(
        authored=authored(asked.people),
        chosen=asked.chosen(),
        runs=runs,
        names=sql.SQL(NAMES[group]),
        queue_time=statistics("wait_seconds", "counted"),
        duration=statistics("run_seconds", "counted", p95=True),
        workflow_duration=sql.SQL("workflow_duration" if of_runs else "NULL::jsonb"),
        join=sql.SQL(
            "LEFT JOIN runs ON runs.repository_id = counts.repository_id"
            " AND runs.workflow IS NOT DISTINCT FROM counts.workflow"
            if of_runs
            else ""
        ),
    )
    order = sql.SQL("jobs DESC, repository, label, workflow, name, repository_id")
    return ListQuery(query, order, asked.arguments(), sorts={**PARTS[group], **SORTS})


async def slowest(snapshot: Snapshot, asked: Jobs, limit: int) -> list[Record]:
    """The jobs that ran longest."""
    query = SLOWEST.format(authored=authored(asked.people), chosen=asked.chosen())
    return await snapshot.rows(query, {**asked.arguments(), "limit": limit})
