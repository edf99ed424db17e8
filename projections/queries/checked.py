"""What was checked of one pull request: every attempt of every check of the commits that were its head."""

from psycopg import sql

from projections.check_runs import FAILED

READS = ("pr_heads", "check_runs", "check_run_attempts", "commit_statuses")
"""The projections that it is made of."""

CHECKED = sql.SQL(
    """
    shas AS (
        SELECT head_sha AS sha FROM pr_heads WHERE repository_id = %(repository_id)s AND number = %(number)s
        UNION SELECT head_sha FROM check_runs
        WHERE repository_id = %(repository_id)s AND pr_number = %(number)s AND head_sha IS NOT NULL
    ),
    checks AS (
        SELECT 'check_run' AS kind, a.check_run_id AS id, a.head_sha AS sha, a.name, a.app, 'completed' AS status,
               a.conclusion, coalesce(a.started_at, a.completed_at) AS at, a.started_at, a.completed_at,
               a.conclusion IN {failed} AS failed,
               row_number() OVER (PARTITION BY a.head_sha, a.app_id, a.check_suite_id, a.name
                                  ORDER BY a.completed_at, a.check_run_id) AS attempt
        FROM shas JOIN check_run_attempts a ON a.repository_id = %(repository_id)s AND a.head_sha = shas.sha
        UNION ALL
        SELECT 'check_run', r.check_run_id, r.head_sha, r.name, r.app, r.status, r.conclusion,
               r.started_at, r.started_at, NULL, r.conclusion IN {failed}, NULL
        FROM shas JOIN check_runs r ON r.repository_id = %(repository_id)s AND r.head_sha = shas.sha
        WHERE r.status IS DISTINCT FROM 'completed' OR r.completed_at IS NULL
        UNION ALL
        SELECT 'status', s.status_id, s.sha, s.context, NULL,
               CASE s.state WHEN 'pending' THEN 'pending' ELSE 'completed' END, nullif(s.state, 'pending'),
               s.at, NULL, CASE WHEN s.state <> 'pending' THEN s.at END, s.state IN ('failure', 'error'), NULL
        FROM shas JOIN commit_statuses s ON s.repository_id = %(repository_id)s AND s.sha = shas.sha
        WHERE s.state <> 'pending' OR NOT EXISTS (
            SELECT FROM commit_statuses later WHERE later.repository_id = s.repository_id AND later.sha = s.sha
            AND later.context = s.context AND (later.at, later.status_id) > (s.at, s.status_id))
    )
"""
).format(failed=sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, FAILED))))
"""`shas`: the commits that were the head of one pull request, as far as anything told. A check of a fork names no pull
request, so its commit is the way to it.

`checks`: every completed attempt of a check run, those that have not completed, and commit statuses: pending ones only
where nothing followed. `attempt` counts within the same job of the same commit.
"""
