"""What deployments to production came to, as the keys of DORA need it: DEPLOYED, common table expressions.

`finished`: deployments that succeeded or failed, the first time that they did. `succeeded`: those that succeeded;
`rolls_back`: to a commit that was deployed before the one that was live then. `judged`: `failed` ones, with a failure or rolled
back; `reworks`: it follows one that failed, or rolls back. `incidents`: from the first failure in an environment to the
next success, and from the success of what was rolled back to that of the roll-back. `deployed`: pull requests with the
first successful deployment that holds them.

A deployment holds the pull requests whose merge commits came to its branch after the newest commit that was deployed
to the environment before, up to its own commit. So it does not matter whether their commits were squashed. What the
first deployment of an environment holds beside its own commit is not known.
"""

from typing import LiteralString

from psycopg import sql

READS = ("deployments", "deployment_statuses", "pull_requests", "commits")
"""The projections that these are made of."""

JUDGED: LiteralString = """
    finished AS MATERIALIZED (
        SELECT d.repository_id, d.deployment_id, d.sha, d.environment, lower(coalesce(d.creator, 'ghost')) AS person,
               NULL::boolean AS bot, s.succeeded_at, s.failed_at, least(s.succeeded_at, s.failed_at) AS finished_at
        FROM deployments d CROSS JOIN LATERAL (
            SELECT min(created_at) FILTER (WHERE state = 'success') AS succeeded_at,
                   min(created_at) FILTER (WHERE state <> 'success') AS failed_at
            FROM deployment_statuses s WHERE s.repository_id = d.repository_id AND s.deployment_id = d.deployment_id
            AND s.state IN ('success', 'failure', 'error') HAVING count(*) > 0
        ) AS s
        WHERE d.environment ~* ANY(%(environments)s::text[])
        AND (%(repository_ids)s::bigint[] IS NULL OR d.repository_id = ANY(%(repository_ids)s))
    ),
    ordered AS MATERIALIZED (
        SELECT f.*, coalesce(lag(first_succeeded_at) OVER (
                   PARTITION BY repository_id, f.environment ORDER BY succeeded_at, deployment_id)
                   > first_succeeded_at, false) AS rolls_back
        FROM (
            SELECT *, min(succeeded_at) OVER (PARTITION BY repository_id, environment, sha) AS first_succeeded_at
            FROM finished WHERE succeeded_at IS NOT NULL
        ) AS f
    ),
    succeeded AS MATERIALIZED (
        SELECT o.*, CASE WHEN lead(rolls_back) OVER environment THEN lead(succeeded_at) OVER environment END
                   AS rolled_back_at
        FROM ordered o
        WINDOW environment AS (PARTITION BY repository_id, o.environment ORDER BY succeeded_at, deployment_id)
    ),
    judged AS MATERIALIZED (
        SELECT f.*, f.failed_at IS NOT NULL OR s.rolled_back_at IS NOT NULL AS failed,
               s.rolled_back_at IS NOT NULL AS rolled_back,
               coalesce(s.rolls_back, false) OR coalesce(lag(f.failed_at IS NOT NULL) OVER (
                   PARTITION BY repository_id, f.environment ORDER BY f.finished_at, deployment_id), false) AS reworks
        FROM finished f LEFT JOIN succeeded s USING (repository_id, deployment_id)
    )
"""
INCIDENTS: LiteralString = """
    incidents AS MATERIALIZED (
        SELECT repository_id, min(at) AS failed_at, recovered_at, (array_agg(person ORDER BY at))[1] AS person,
               NULL::boolean AS bot
        FROM (
            SELECT ends.*, min(at) FILTER (WHERE NOT failure) OVER (
                       PARTITION BY repository_id, environment ORDER BY at DESC) AS recovered_at
            FROM (
                SELECT repository_id, environment, person, failed_at AS at, true AS failure
                FROM finished WHERE failed_at IS NOT NULL
                UNION ALL
                SELECT repository_id, environment, person, succeeded_at, false FROM succeeded
            ) AS ends
        ) AS failures WHERE failure GROUP BY repository_id, environment, recovered_at
        UNION ALL
        SELECT repository_id, succeeded_at, rolled_back_at, person, bot FROM succeeded WHERE rolled_back_at IS NOT NULL
    )
"""
DEPLOYED = sql.SQL("""
    known AS MATERIALIZED (
        SELECT s.*, coalesce(m.branch, CASE WHEN starts_with(c.ref, 'refs/heads/') THEN substr(c.ref, 12) END) AS branch,
               coalesce(c.pushed_at, m.merged_at) AS at
        FROM succeeded s
        LEFT JOIN commits c ON c.repository_id = s.repository_id AND c.sha = s.sha
        CROSS JOIN LATERAL (
            SELECT min(p.base_ref) AS branch, min(p.merged_at) AS merged_at FROM pull_requests p
            WHERE p.repository_id = s.repository_id AND p.merge_commit_sha = s.sha AND p.merged_at IS NOT NULL
        ) AS m
    ),
    advances AS MATERIALIZED (
        SELECT *, row_number() OVER (ORDER BY succeeded_at, deployment_id, repository_id) AS place FROM (
            SELECT k.*, coalesce(max(at) OVER (
                       PARTITION BY repository_id, environment, branch ORDER BY succeeded_at, deployment_id
                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) < at, true) AS advancing
            FROM known k WHERE at IS NOT NULL
        ) AS each WHERE advancing
    ),
    reach AS (
        SELECT min(coalesce(before, at)) AS first, max(at) AS last FROM (
            SELECT a.*, lag(at) OVER (PARTITION BY repository_id, environment, branch ORDER BY place) AS before
            FROM advances a
        ) AS steps WHERE succeeded_at >= %(start)s::timestamptz AND succeeded_at < %(end)s::timestamptz
    ),
    merges AS (
        SELECT p.repository_id, p.number, p.created_at, p.base_ref AS branch, coalesce(c.pushed_at, p.merged_at) AS at
        FROM {merged} LEFT JOIN commits c ON c.repository_id = p.repository_id AND c.sha = p.merge_commit_sha
        WHERE p.merged_at IS NOT NULL AND p.repository_id IN (SELECT repository_id FROM succeeded)
    ),
    held AS (
        SELECT repository_id, number, created_at, at, min(place) OVER line AS place,
               min(place) OVER whole AS first_place, min(at) FILTER (WHERE number IS NULL) OVER whole
                   AS first_at
        FROM (
            SELECT repository_id, environment, branch, NULL::bigint AS number, NULL::timestamptz AS created_at, at,
                   place
            FROM advances
            UNION ALL
            SELECT m.repository_id, e.environment, m.branch, m.number, m.created_at, m.at, NULL
            FROM merges m JOIN (SELECT DISTINCT repository_id, environment, branch FROM advances) AS e
            USING (repository_id, branch)
        ) AS points
        WINDOW line AS (PARTITION BY repository_id, environment, branch ORDER BY at DESC, number NULLS FIRST
                        RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
               whole AS (PARTITION BY repository_id, environment, branch)
    ),
    deployed AS MATERIALIZED (
        SELECT DISTINCT ON (h.repository_id, h.number) h.repository_id, h.number, h.created_at AS opened_at,
               a.succeeded_at AS deployed_at, a.person, a.bot
        FROM held h JOIN advances a USING (place)
        WHERE h.number IS NOT NULL AND (h.place > h.first_place OR h.at = h.first_at)
        ORDER BY h.repository_id, h.number, place
    )
""")
"""`known`: with the branch and the time at which the deployed commit came to it. `advances`: those that took an
environment further along a branch. `reach`: when the merges came that those of the window can hold.
"""
ALL: LiteralString = "pull_requests p"
REACHED: LiteralString = """(
    SELECT p.repository_id, p.number FROM pull_requests p
    WHERE p.merged_at >= (SELECT first FROM reach) AND p.merged_at <= (SELECT last FROM reach)
    UNION SELECT p.repository_id, p.number FROM commits c JOIN pull_requests p
        ON p.repository_id = c.repository_id AND p.merge_commit_sha = c.sha AND p.merged_at IS NOT NULL
    WHERE c.pushed_at >= (SELECT first FROM reach) AND c.pushed_at <= (SELECT last FROM reach)
    AND c.repository_id IN (SELECT repository_id FROM succeeded)
) AS found JOIN pull_requests p USING (repository_id, number)"""


def deployed(*, whole: bool) -> sql.Composed:
    """The expression `deployed`: `whole` of all time, else what the deployments of the window may hold."""
    return DEPLOYED.format(merged=sql.SQL(ALL if whole else REACHED))
