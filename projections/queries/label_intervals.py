"""When pull requests carried labels: INTERVALS, common table expressions over what was told and what was seen.

    sql.SQL("WITH {} SELECT * FROM intervals_once UNION ALL SELECT * FROM intervals_again").format(intervals(ALL))

Both have repository_id, number, label, added_at, removed_at (null: it is still on), closed_at (of the pull request) and
inferred. A label that was seen before it was told to be put on, or without that, begins when it was first seen; one that
was seen after it was taken off begins anew when it was last seen; one that is still on, but missing from the latest list
of labels, ends with that list. These are inferred. What is told twice counts once.

`intervals_once`: of a label that a pull request carried once (pr_label_sightings.carried_once), which needs no look at
what was told of it one by one. `intervals_again`: of the few others, of which there may be several.

The condition says which pull requests, over `p`, a row of pull_requests.
"""

from typing import LiteralString

from psycopg import sql

READS = ("pull_requests", "pr_labels", "pr_label_sightings")
"""The projections that `intervals` is made of."""

INTERVALS = sql.SQL(
    """
    labelled AS {materialized} (
        SELECT p.repository_id, p.number, p.labels, p.updated_at, p.closed_at FROM {pulls} p WHERE {chosen}
    ),
    sightings AS {materialized} (SELECT s.* FROM {seen}),
    once AS NOT MATERIALIZED (
        SELECT repository_id, number, label, least(first_added_at, first_seen_at) AS added_at,
               first_removed_at AS removed_at,
               first_added_at IS NULL OR coalesce(first_seen_at < first_added_at, false) AS inferred
        FROM sightings WHERE carried_once
    ),
    often AS MATERIALIZED (
        SELECT repository_id, number, label, first_seen_at, last_seen_at FROM sightings WHERE NOT carried_once
    ),
    told AS NOT MATERIALIZED (
        SELECT repository_id, number, label, o.first_seen_at, o.last_seen_at, t.at, t.added,
               lag(t.added) OVER line AS before,
               CASE WHEN t.added THEN min(t.at) FILTER (WHERE NOT t.added) OVER later
                    ELSE min(t.at) FILTER (WHERE t.added) OVER later END AS next_at
        FROM often o JOIN pr_labels t USING (repository_id, number, label)
        WINDOW line AS (PARTITION BY repository_id, number, label ORDER BY t.at, t.added),
               later AS (line ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
    ),
    known AS MATERIALIZED (SELECT * FROM told WHERE added IS DISTINCT FROM before),
    again AS NOT MATERIALIZED (
        SELECT repository_id, number, label,
               CASE WHEN NOT added OR before IS NULL AND first_seen_at < at THEN first_seen_at ELSE at END AS added_at,
               CASE WHEN added THEN next_at ELSE at END AS removed_at,
               NOT added OR before IS NULL AND coalesce(first_seen_at < at, false) AS inferred
        FROM known WHERE added OR before IS NULL AND first_seen_at < at
        UNION ALL
        SELECT repository_id, number, label, last_seen_at, NULL, true
        FROM known WHERE NOT added AND next_at IS NULL AND last_seen_at > at
    ),
    {intervals}
"""
)
INTERVAL: LiteralString = """
    {name} AS NOT MATERIALIZED (
        SELECT i.repository_id, i.number, i.label, i.added_at, p.closed_at,
               CASE WHEN i.removed_at IS NULL AND p.updated_at > i.added_at AND NOT i.label = ANY(p.labels)
                    THEN p.updated_at ELSE i.removed_at END AS removed_at,
               i.inferred OR i.removed_at IS NULL AND p.updated_at > i.added_at AND NOT i.label = ANY(p.labels)
                   AS inferred
        FROM {spans} i JOIN labelled p USING (repository_id, number)
    )
"""


ALL: LiteralString = "true"
"""The condition for all pull requests."""
OF_CHOSEN: LiteralString = """labelled l CROSS JOIN LATERAL (
    SELECT * FROM pr_label_sightings x WHERE x.repository_id = l.repository_id AND x.number = l.number OFFSET 0
) AS s"""
"""Those of the pull requests that are chosen, looked up one by one."""


def intervals(chosen: LiteralString, pulls: LiteralString = "pull_requests") -> sql.Composed:
    """The common table expressions, for the pull requests `p` of `pulls` that a condition chooses."""
    whole = chosen == ALL
    return INTERVALS.format(
        chosen=sql.SQL(chosen),
        pulls=sql.SQL(pulls),
        seen=sql.SQL("pr_label_sightings s" if whole else OF_CHOSEN),
        materialized=sql.SQL("NOT MATERIALIZED" if whole else "MATERIALIZED"),
        intervals=sql.SQL(", ").join(
            sql.SQL(INTERVAL).format(name=sql.SQL(name), spans=sql.SQL(spans))
            for name, spans in (("intervals_once", "once"), ("intervals_again", "again"))
        ),
    )
