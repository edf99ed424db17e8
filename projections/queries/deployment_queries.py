"""The five keys of DORA, from deployments to the environments that count as production.

GitHub knows deployments and what became of them, but neither incidents nor what was planned: each key is a proxy, and
PROXIES says which. Each value falls into a window by one time of its own, so that two windows that meet add up.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString

from psycopg import sql

from projections.facts import seconds
from projections.queries import deployment_facts
from projections.queries.deployment_facts import INCIDENTS, JUDGED, deployed
from projections.queries.listing import ListQuery
from projections.queries.people import CHOSEN, Extent, People
from projections.queries.statistics import median, statistics
from replay.snapshot import Snapshot

READS = (*deployment_facts.READS, "pr_heads", "repositories", "actors")
"""The projections that the keys are made of."""

Group = Literal["repository", "all"]

PROXIES = {
    "deployment_frequency": "deployments to production with a status success, by the first of these, per day",
    "change_lead_time": "from the first commit of a pull request, or its opening where that is not known, to the first"
    " successful deployment that holds its merge commit",
    "change_fail_rate": "percent of finished deployments with a status failure or error, or rolled back: the next"
    " success is of a commit that had been deployed before it",
    "failed_deployment_recovery_time": "from the first failure in an environment to its next success; of what was rolled"
    " back, from its success to that of the roll-back",
    "deployment_rework_rate": "percent of finished deployments that follow a failed one in their environment, or that"
    " roll back",
}

SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("deployments", "unattributed", "finished", "failed", "rolled_back")},
    "deployment_frequency": "deployments",
    "change_lead_time": median("lead_time"),
    "change_fail_rate": "failed::float8 / nullif(finished, 0)",
    "failed_deployment_recovery_time": median("recovery_time"),
    "reworks": "reworks",
    "deployment_rework_rate": "reworks::float8 / nullif(finished, 0)",
}
"""Within a bucket, which is one length of time: so the frequency is in the order of the deployments."""

EXTENT = sql.SQL(
    "WITH {judged} SELECT min(finished_at) AS first, max(finished_at) AS last, count(DISTINCT repository_id) AS groups"
    " FROM finished"
)
KEYS = sql.SQL(
    """
WITH {judged}, {incidents}, {deployed}, counted AS (
    SELECT {group} AS of, {finished_bucket} AS bucket, count(*) AS finished, count(*) FILTER (WHERE failed) AS failed,
           count(*) FILTER (WHERE rolled_back) AS rolled_back, count(*) FILTER (WHERE reworks) AS reworks
    FROM judged WHERE finished_at >= %(start)s::timestamptz AND finished_at < %(end)s::timestamptz AND {chosen}
    GROUP BY 1, 2
), successes AS (
    SELECT {group} AS of, {succeeded_bucket} AS bucket, count(*) AS deployments,
           count(*) FILTER (WHERE at IS NULL) AS unattributed
    FROM known WHERE succeeded_at >= %(start)s::timestamptz AND succeeded_at < %(end)s::timestamptz AND {chosen}
    GROUP BY 1, 2
), recovered AS (
    SELECT {group} AS of, {failed_bucket} AS bucket, count(*) FILTER (WHERE recovered_at IS NULL) AS unrecovered,
           {recovery} AS recovery_time
    FROM incidents WHERE failed_at >= %(start)s::timestamptz AND failed_at < %(end)s::timestamptz AND {chosen}
    GROUP BY 1, 2
), released AS MATERIALIZED (
    SELECT * FROM deployed
    WHERE deployed_at >= %(start)s::timestamptz AND deployed_at < %(end)s::timestamptz AND {chosen}
), begun AS MATERIALIZED (
    SELECT r.*, (
        SELECT min(c.committed_at) FROM pr_heads h
        JOIN commits c ON c.repository_id = h.repository_id AND c.after = h.head_sha
        WHERE h.repository_id = r.repository_id AND h.number = r.number
    ) AS first_commit_at
    FROM released r
), led AS (
    SELECT {group} AS of, {deployed_bucket} AS bucket, count(*) AS changes,
           count(*) FILTER (WHERE first_commit_at <= opened_at) AS from_first_commit, {lead} AS lead_time
    FROM begun GROUP BY 1, 2
), keys AS (
    SELECT of, bucket FROM (
        SELECT of FROM counted UNION SELECT of FROM successes UNION SELECT of FROM recovered UNION SELECT of FROM led
        {everything}
    ) AS found CROSS JOIN generate_series(0, %(buckets)s - 1) AS bucket
)
SELECT keys.bucket, keys.of AS repository_id, names.full_name AS repository, coalesce(deployments, 0) AS deployments,
       coalesce(unattributed, 0) AS unattributed, coalesce(finished, 0) AS finished, coalesce(failed, 0) AS failed,
       coalesce(rolled_back, 0) AS rolled_back, coalesce(reworks, 0) AS reworks,
       coalesce(unrecovered, 0) AS unrecovered, recovery_time, coalesce(changes, 0) AS changes,
       coalesce(from_first_commit, 0) AS from_first_commit, lead_time
FROM keys LEFT JOIN counted USING (of, bucket) LEFT JOIN successes USING (of, bucket)
LEFT JOIN recovered USING (of, bucket) LEFT JOIN led USING (of, bucket)
LEFT JOIN repositories names ON names.repository_id = keys.of
"""
)


@dataclass(frozen=True, slots=True)
class Production:
    """Which deployments: by these people, to environments whose names match `environments`, in buckets that begin at
    `edges` (None: the whole window as one).
    """

    people: People
    environments: Sequence[str]
    edges: Sequence[datetime] | None = None

    def arguments(self) -> dict[str, Any]:
        return {
            **self.people.arguments(),
            "environments": [pattern(name) for name in self.environments],
            "edges": list(self.edges or ()),
            "buckets": 1 if self.edges is None else len(self.edges),
        }


def pattern(name: str) -> str:
    """The regular expression of the names that a setting means: the name itself, also with more behind it after
    something that is no letter or digit (prod: prod-eu, not product); one with * or ? as it is, both standing for
    anything.
    """
    if "*" in name or "?" in name:
        parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", name))
        return f"^{''.join(parts)}$"
    return f"^{re.escape(name)}($|[^[:alnum:]])"


async def extent(snapshot: Snapshot, asked: Production) -> Extent:
    """When the first and the last of all these deployments came to an end, and of how many repositories they are."""
    return Extent(**await snapshot.one(EXTENT.format(judged=sql.SQL(JUDGED)), asked.arguments()))


def keys(asked: Production, group: Group) -> ListQuery:
    """One row for each bucket and repository; with `all` one for each bucket, of repository 0."""
    query = KEYS.format(
        judged=sql.SQL(JUDGED),
        incidents=sql.SQL(INCIDENTS),
        deployed=deployed(whole=asked.people.start is None),
        chosen=sql.SQL(CHOSEN),
        group=sql.SQL("repository_id" if group == "repository" else "0::bigint"),
        everything=sql.SQL("" if group == "repository" else "UNION SELECT 0::bigint"),
        recovery=statistics(seconds("failed_at", "recovered_at")),
        lead=statistics(seconds("least(first_commit_at, opened_at)", "deployed_at")),
        finished_bucket=_bucket(asked, "finished_at"),
        succeeded_bucket=_bucket(asked, "succeeded_at"),
        failed_bucket=_bucket(asked, "failed_at"),
        deployed_bucket=_bucket(asked, "deployed_at"),
    )
    order = sql.SQL("bucket, repository, repository_id")
    sorts: dict[str, LiteralString] = {"repository": "repository", **SORTS} if group == "repository" else SORTS
    return ListQuery(query, order, asked.arguments(), sorts=sorts, leading="bucket, ")


def _bucket(asked: Production, column: LiteralString) -> sql.Composable:
    return sql.SQL("0" if asked.edges is None else f"width_bucket({column}, %(edges)s::timestamptz[]) - 1")
