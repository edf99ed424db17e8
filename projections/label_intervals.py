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
        SELECT p.repository_id, p.number, p.labels, p.updated_at, p.closed_at FROM pull_requests p WHERE {chosen}
    ),
    told AS NOT MATERIALIZED (
        SELECT t.repository_id, t.number, t.label, t.at, t.added,
               lag(t.added) OVER (PARTITION BY t.repository_id, t.number, t.label ORDER BY t.at, t.added) AS before
        FROM pr_labels t WHERE (t.repository_id, t.number) IN (SELECT repository_id, number FROM labelled)
    ),
    changes AS MATERIALIZED (
        SELECT told.*, lead(at) OVER (PARTITION BY repository_id, number, label ORDER BY at, added) AS next_at
        FROM told WHERE added IS DISTINCT FROM before
    ),
    spans AS NOT MATERIALIZED (
        SELECT repository_id, number, label,
               CASE WHEN c.before IS NULL AND s.first_seen_at < c.at THEN s.first_seen_at ELSE c.at END AS added_at,
               c.next_at AS removed_at, c.before IS NULL AND coalesce(s.first_seen_at < c.at, false) AS inferred
        FROM changes c LEFT JOIN pr_label_sightings s USING (repository_id, number, label)
        WHERE c.added
        UNION ALL
        SELECT repository_id, number, label, s.first_seen_at, c.at, true
        FROM changes c JOIN pr_label_sightings s USING (repository_id, number, label)
        WHERE NOT c.added AND c.before IS NULL AND s.first_seen_at < c.at
        UNION ALL
        SELECT repository_id, number, label, s.last_seen_at, NULL, true
        FROM changes c JOIN pr_label_sightings s USING (repository_id, number, label)
        WHERE NOT c.added AND c.next_at IS NULL AND s.last_seen_at > c.at
        UNION ALL
        SELECT s.repository_id, s.number, s.label, s.first_seen_at, NULL, true
        FROM pr_label_sightings s
        WHERE s.first_seen_at IS NOT NULL
        AND (s.repository_id, s.number) IN (SELECT repository_id, number FROM labelled)
        AND NOT EXISTS (SELECT FROM pr_labels t WHERE t.repository_id = s.repository_id AND t.number = s.number
                        AND t.label = s.label)
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


def intervals(chosen: LiteralString) -> sql.Composed:
    """The common table expressions, for the pull requests `p` that a condition chooses."""
    return INTERVALS.format(chosen=sql.SQL(chosen))
