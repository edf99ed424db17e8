"""The story of one pull request: everything that happened to it, each at its own time, with the checks of each push.

Told twice under two delivery ids, an event is one: the first delivery of it stands.
"""

from typing import Any, LiteralString

from psycopg import sql

from projections.queries.checked import CHECKED
from projections.queries.checked import READS as CHECKED_READS
from replay.snapshot import Record, Snapshot

READS = (
    *("pull_requests", "pr_events", "pr_reviews", "comments", "review_threads", "deployments", "deployment_statuses"),
    *("repositories", "repository_names", "actors", *CHECKED_READS),
)
"""The projections that a story is made of."""

EXCERPT = 500
"""Characters of a comment or review that are shown."""
CHILDREN = 200
"""Checks that are shown of one push."""

TOLD: LiteralString = """
    told AS (
        SELECT DISTINCT ON (event_type, action, at, actor, label, requested_reviewer, requested_team, assignee,
                            milestone, changed, review_id, comment_id, thread_id, before_sha, head_sha,
                            CASE WHEN at IS NULL THEN delivery_id END) *
        FROM pr_events WHERE repository_id = %(repository_id)s AND number = %(number)s
        ORDER BY event_type, action, at, actor, label, requested_reviewer, requested_team, assignee,
                 milestone, changed, review_id, comment_id, thread_id, before_sha, head_sha,
                 CASE WHEN at IS NULL THEN delivery_id END, position
    )
"""
HAPPENED: LiteralString = """
    checked AS (
        SELECT sha, min(at) AS at, count(*) AS checks, count(*) FILTER (WHERE failed) AS failed
        FROM checks GROUP BY sha
    ),
    deployed AS (
        SELECT d.deployment_id, d.sha, d.ref, d.creator, d.created_at, d.environment
        FROM deployments d WHERE d.repository_id = %(repository_id)s AND d.sha IN (
            SELECT sha FROM shas UNION SELECT merge_commit_sha FROM pull_requests
            WHERE repository_id = %(repository_id)s AND number = %(number)s)
    ),
    happened AS (
        SELECT 'event' AS kind, at,
               CASE action WHEN 'opened' THEN 0 WHEN 'dismissed' THEN 2 WHEN 'deleted' THEN 2 WHEN 'closed' THEN 3
                    ELSE 1 END AS rank,
               position, delivery_id, NULL::bigint AS deployment_id, NULL::bigint AS status_id, NULL::text AS sha,
               NULL::bigint AS checks, NULL::bigint AS failed, NULL::text AS environment,
               NULL::text AS deployment_state
        FROM told
        UNION ALL SELECT 'checks', at, 1, NULL, NULL, NULL, NULL, sha, checks, failed, NULL, NULL FROM checked
        UNION ALL SELECT 'deployment', created_at, 1, NULL, NULL, deployment_id, NULL, sha, NULL, NULL, environment, NULL
        FROM deployed
        UNION ALL SELECT 'deployment_status', s.created_at, 2, NULL, NULL, s.deployment_id, s.deployment_status_id,
                         d.sha, NULL, NULL, s.environment, s.state
        FROM deployed d JOIN deployment_statuses s
        ON s.repository_id = %(repository_id)s AND s.deployment_id = d.deployment_id
        UNION ALL SELECT 'seen_ready', ready_at, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM pull_requests WHERE repository_id = %(repository_id)s AND number = %(number)s
        AND opened_as_draft AND ready_at = first_seen_ready_at AND ready_at IS DISTINCT FROM first_ready_at
    ),
    page AS (
        SELECT row_number() OVER (
                   ORDER BY at NULLS LAST, rank, position NULLS LAST, kind, sha, deployment_id, status_id
               ) AS place, happened.*
        FROM happened ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
    )
"""
EVENTS = sql.SQL(
    """
WITH {checked}, {told}, {happened}
SELECT page.place, page.kind, page.at, page.sha, page.checks, page.failed, page.environment, page.deployment_state,
       t.position, delivery_id, t.event_type, t.action, t.actor, t.label, t.requested_reviewer, t.requested_team,
       t.requested_team_name, t.assignee, t.milestone, t.changed, t.previous_title, t.review_state, t.draft,
       t.merged_at, t.before_sha, t.head_sha, d.creator, d.ref,
       v.state AS submitted_state, v.reviewer,
       CASE WHEN t.action = 'submitted' THEN left(v.body, {excerpt})
            WHEN t.action = 'created' AND c.deleted_at IS NULL THEN left(c.body, {excerpt}) END AS body,
       coalesce(length(CASE t.action WHEN 'submitted' THEN v.body WHEN 'created' THEN c.body END) > {excerpt}, false)
           AS truncated,
       coalesce(v.html_url, c.html_url) AS url, c.deleted_at, coalesce(c.path, h.path) AS path,
       extract(epoch FROM greatest(t.at - h.first_comment_at, interval '0'))::float8 AS resolution_seconds,
       counted.total
FROM (SELECT count(*) AS total FROM happened) AS counted LEFT JOIN page ON true
LEFT JOIN told t USING (delivery_id)
LEFT JOIN deployed d ON d.deployment_id = page.deployment_id
LEFT JOIN pr_reviews v ON v.repository_id = %(repository_id)s AND v.review_id = t.review_id
LEFT JOIN comments c ON c.repository_id = %(repository_id)s AND c.comment_id = t.comment_id
    AND c.on_code = (t.event_type <> 'issue_comment')
LEFT JOIN LATERAL (
    SELECT path, first_comment_at FROM review_threads
    WHERE repository_id = %(repository_id)s AND number = %(number)s AND node_id = t.thread_id
    ORDER BY first_comment_id LIMIT 1
) AS h ON t.thread_id IS NOT NULL
ORDER BY page.place
"""
).format(
    checked=CHECKED,
    told=sql.SQL(TOLD),
    happened=sql.SQL(HAPPENED),
    excerpt=sql.Literal(EXCERPT),
)
"""A page of what happened with the number of all of it, on a page past the end too."""

CHECKS_OF = sql.SQL(
    """
WITH {checked}
SELECT * FROM (
    SELECT checks.*, row_number() OVER (PARTITION BY sha ORDER BY at NULLS LAST, name, id) AS place
    FROM checks WHERE sha = ANY(%(shas)s)
) AS placed WHERE place <= {children} ORDER BY sha, place
"""
).format(checked=CHECKED, children=sql.Literal(CHILDREN))

PULL_REQUEST = """
WITH planned AS MATERIALIZED (SELECT set_config('plan_cache_mode', 'force_generic_plan', true))
SELECT i.repository_id, r.full_name AS repository, p.title, p.state, p.merged, coalesce(p.author, 'ghost') AS author, p.created_at, p.merged_at,
       p.closed_at, p.html_url AS url, p.draft, p.head_sha, p.commits
FROM planned CROSS JOIN unnest(%(ids)s::bigint[]) AS i (repository_id)
LEFT JOIN pull_requests p ON p.repository_id = i.repository_id AND p.number = %(number)s
LEFT JOIN repositories r ON r.repository_id = i.repository_id
WHERE p.number IS NOT NULL OR EXISTS (
    SELECT FROM pr_events e WHERE e.repository_id = i.repository_id AND e.number = %(number)s)
ORDER BY (SELECT max(n.last_seen_at) FROM repository_names n
          WHERE n.repository_id = i.repository_id AND lower(n.full_name) = lower(%(name)s)) DESC NULLS LAST,
         i.repository_id DESC LIMIT 1
"""
"""Of two repositories that were called the same, the one that was called so last.

What is asked after this is asked by key: a plan made once is as good for any other pull request, and planning takes
longer than all the rest.
"""

SUMMARY = sql.SQL(
    """
WITH {checked}, bots AS (
    SELECT lower(login) AS person FROM actors WHERE type = 'Bot' UNION SELECT unnest(%(bot_logins)s::text[])
), reviews AS (
    SELECT v.reviewer_type = 'Bot' OR right(v.reviewer, 5) = '[bot]'
           OR lower(v.reviewer) IN (SELECT person FROM bots) AS bot
    FROM pr_reviews v LEFT JOIN pull_requests p USING (repository_id, number)
    WHERE v.repository_id = %(repository_id)s AND v.number = %(number)s
    AND v.state IN ('approved', 'changes_requested', 'commented')
    AND NOT coalesce(v.reviewer_id = p.author_id, lower(v.reviewer) = lower(p.author), false)
), said AS (
    SELECT on_code FROM comments
    WHERE repository_id = %(repository_id)s AND number = %(number)s AND deleted_at IS NULL
)
SELECT (SELECT count(*) FROM reviews WHERE NOT coalesce(bot, false)) AS total_reviews,
       (SELECT count(*) FROM reviews WHERE bot) AS bot_reviews,
       (SELECT count(*) FROM said) AS total_comments, (SELECT count(*) FROM said WHERE on_code) AS code_comments,
       (SELECT count(*) FROM shas) AS total_pushes, runs.*
FROM (
    SELECT count(DISTINCT id) FILTER (WHERE kind = 'check_run') AS total_check_runs,
           count(*) FILTER (WHERE kind = 'check_run' AND status = 'completed') AS total_check_attempts,
           count(*) FILTER (WHERE kind = 'check_run' AND failed) AS failed_check_attempts,
           count(*) FILTER (WHERE kind = 'status') AS total_commit_statuses
    FROM checks
) AS runs
"""
).format(checked=CHECKED)


async def pull_request(snapshot: Snapshot, ids: tuple[int, ...], name: str, number: int) -> Record | None:
    """What is known of the pull request of this number, in that of the repositories which was last called `name`."""
    return await snapshot.row(PULL_REQUEST, {"ids": list(ids), "name": name, "number": number})


async def events(snapshot: Snapshot, one: dict[str, Any], limit: int, offset: int) -> tuple[list[Record], int]:
    """A part of what happened, in order of time, and how much there is. `one`: repository_id and number."""
    found = await snapshot.rows(EVENTS, {**one, "limit": limit, "offset": offset})
    return [row for row in found if row["place"] is not None], found[0]["total"]


async def checks(snapshot: Snapshot, one: dict[str, Any], shas: list[str]) -> dict[str, list[Record]]:
    """Of each push that is named the checks, at most CHILDREN, in order of time."""
    found: dict[str, list[Record]] = {sha: [] for sha in shas}
    for row in await snapshot.rows(CHECKS_OF, {**one, "shas": shas}):
        found[row["sha"]].append(row)
    return found


async def summary(snapshot: Snapshot, one: dict[str, Any], bot_logins: list[str]) -> Record:
    """How many of what. `bot_logins` in lower case."""
    return await snapshot.one(SUMMARY, {**one, "bot_logins": bot_logins})
