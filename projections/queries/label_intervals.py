"""When pull requests carried labels: INTERVALS, common table expressions over what was told and what was seen.

    sql.SQL("WITH {} SELECT * FROM intervals").format(intervals(OF_REPOSITORIES))

`intervals` has repository_id, number, label, added_at, removed_at (null: it is still on), closed_at (of the pull
request) and inferred. A label that was seen before it was told to be put on, or without that, begins when it was first
seen; one that was seen after it was taken off begins anew when it was last seen; one that is still on, but missing from
the latest list of labels, ends with that list. These are inferred. What is told twice counts once.

The condition says which pull requests, over `p`, a row of pull_requests.
"""

from typing import LiteralString

from psycopg import sql

READS = ("pull_requests", "pr_labels", "pr_label_sightings")
"""The projections that `intervals` is made of."""

INTERVALS = sql.SQL(
    """
    labelled AS MATERIALIZED (
        SELECT p.repository_id, p.number, p.labels, p.updated_at, p.closed_at FROM {pulls} p WHERE {chosen}
    ),
    told AS NOT MATERIALIZED (
        SELECT t.repository_id, t.number, t.label, t.at, t.added, lag(t.added) OVER line AS before,
               CASE WHEN t.added THEN min(t.at) FILTER (WHERE NOT t.added) OVER later
                    ELSE min(t.at) FILTER (WHERE t.added) OVER later END AS next_at
        FROM {told} WINDOW line AS (PARTITION BY t.repository_id, t.number, t.label ORDER BY t.at, t.added),
                           later AS (line ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ),
    known AS MATERIALIZED (
        SELECT repository_id, number, label, c.added, c.before, c.at, c.next_at, s.first_seen_at, s.last_seen_at
        FROM (SELECT * FROM told WHERE added IS DISTINCT FROM before) AS c FULL JOIN (
            SELECT t.repository_id, t.number, t.label, t.first_seen_at, t.last_seen_at FROM {seen}
        ) AS s USING (repository_id, number, label)
    ),
    spans AS NOT MATERIALIZED (
        SELECT repository_id, number, label,
               CASE WHEN added IS NOT true OR before IS NULL AND first_seen_at < at THEN first_seen_at ELSE at END
                   AS added_at,
               CASE WHEN added THEN next_at ELSE at END AS removed_at,
               added IS NOT true OR before IS NULL AND coalesce(first_seen_at < at, false) AS inferred
        FROM known
        WHERE added OR at IS NULL AND first_seen_at IS NOT NULL
        OR NOT added AND before IS NULL AND first_seen_at < at
        UNION ALL
        SELECT repository_id, number, label, last_seen_at, NULL, true
        FROM known WHERE NOT added AND next_at IS NULL AND last_seen_at > at
    ),
    intervals AS NOT MATERIALIZED (
        SELECT i.repository_id, i.number, i.label, i.added_at, p.closed_at,
               CASE WHEN i.removed_at IS NULL AND p.updated_at > i.added_at AND NOT i.label = ANY(p.labels)
                    THEN p.updated_at ELSE i.removed_at END AS removed_at,
               i.inferred OR i.removed_at IS NULL AND p.updated_at > i.added_at AND NOT i.label = ANY(p.labels)
                   AS inferred
        FROM spans i JOIN labelled p USING (repository_id, number)
    )
"""
)


ALL: LiteralString = "true"
"""The condition for all pull requests."""
OF_CHOSEN: LiteralString = """labelled l CROSS JOIN LATERAL (
    SELECT * FROM {} x WHERE x.repository_id = l.repository_id AND x.number = l.number OFFSET 0
) AS"""
"""Those of the pull requests that are chosen, looked up one by one."""


def intervals(chosen: LiteralString, pulls: LiteralString = "pull_requests") -> sql.Composed:
    """The common table expressions, for the pull requests `p` of `pulls` that a condition chooses."""
    told, seen = (sql.SQL(f"{name if chosen == ALL else OF_CHOSEN.format(name)} t") for name in READS[1:])
    return INTERVALS.format(chosen=sql.SQL(chosen), pulls=sql.SQL(pulls), told=told, seen=seen)
