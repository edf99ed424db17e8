"""The life of every pull request, worked out when it is read: `lifecycle`, common table expressions for queries.

    query = sql.SQL("WITH {} SELECT number, cycle_time FROM lifecycle").format(lifecycle(OF_REPOSITORIES))
    await snapshot.rows(query, asked.arguments())

The condition says which pull requests: OF_REPOSITORIES, ONE, or any other over `p`, a row of pull_requests. It reaches
every table that is read, so that one pull request costs one look-up in each. What a query does not name costs nothing,
while it names `lifecycle` once; one that needs it twice makes a MATERIALIZED expression of the columns it needs.

`lifecycle` has every column of pull_requests, and

| column | |
|---|---|
| opened_at | created_at |
| first_review_at | first review by another person than the author, from ready_at on and, if merged, before the merge |
| first_response_at | first review or comment by such a person, at any time |
| approved_at | first approving review by such a person, within the bounds of first_review_at; a label approves nothing here |
| changes_requested_at | first review by such a person that asked for changes, within the same bounds |
| reviewed_in_draft | such a person reviewed it before it was ready |
| merged_without_review | merged, and no such person had reviewed it, not even as a draft |
| bot_reviews | reviews by bots |
| reopened | how often it was reopened |
| ready_boundary, review_boundary, approval_boundary, merge_boundary | of merged ones: ready_at, first_review_at, |
| | approved_at and merged_at (the latter where there is none), made monotone |
| draft_time, pickup_time, review_time, merge_time | seconds between opened_at and these, of merged ones; never negative |
| pickup_imputed, review_imputed, merge_imputed | the phase ends or begins at a review or approval that never was |
| cycle_time | their sum, which is merged_at - opened_at |
| clamped | making the boundaries monotone moved one that was known |
| publish_to_merge | seconds from ready_boundary to merge_boundary |
| time_to_first_review, time_to_approval, time_to_changes_requested | seconds from ready_at, of open ones too |
| time_to_first_response | seconds from opened_at, of open ones too |

The other expressions are `chosen`, `bots` and `bounded`. Parameters: bot_logins (in lower case), and those of the condition.
Seconds are double precision. The definitions are those of docs/metrics.md, "The life of a pull request".
"""

from typing import LiteralString

from psycopg import sql

READS = ("pull_requests", "pr_reviews", "comments", "pr_events", "actors")
"""The projections that `lifecycle` is made of."""

OF_REPOSITORIES: LiteralString = "(%(repository_ids)s::bigint[] IS NULL OR p.repository_id = ANY(%(repository_ids)s))"
"""All pull requests, or those of some repositories."""
ONE: LiteralString = "p.repository_id = %(repository_id)s AND p.number = %(number)s"
"""One pull request."""

FACTS: LiteralString = """
    chosen AS NOT MATERIALIZED (SELECT p.* FROM pull_requests p WHERE {chosen}),
    bots AS MATERIALIZED (
        SELECT lower(login) AS person FROM actors WHERE type = 'Bot' UNION SELECT unnest(%(bot_logins)s::text[])
    ),
    bounded AS NOT MATERIALIZED (
        SELECT c.*, c.created_at AS opened_at, r.first_review_at, r.approved_at, r.changes_requested_at,
               least(r.first_at, t.first_at) AS first_response_at,
               coalesce(r.first_at < coalesce(c.ready_at, 'infinity'), false) AS reviewed_in_draft,
               c.merged AND coalesce(r.first_at >= c.merged_at, true) AS merged_without_review,
               b.reviews AS bot_reviews, o.times AS reopened,
               CASE WHEN c.merged THEN greatest(c.merged_at, c.created_at) END AS merge_boundary
        FROM chosen c
        LEFT JOIN LATERAL (
            SELECT min(at) AS first_at, min(at) FILTER (WHERE inside) AS first_review_at,
                   min(at) FILTER (WHERE inside AND state = 'approved') AS approved_at,
                   min(at) FILTER (WHERE inside AND state = 'changes_requested') AS changes_requested_at
            FROM (
                SELECT v.submitted_at AS at, v.state,
                       v.submitted_at >= c.ready_at AND v.submitted_at < coalesce(c.merged_at, 'infinity') AS inside
                FROM pr_reviews v
                WHERE v.repository_id = c.repository_id AND v.number = c.number AND v.submitted_at >= c.created_at
                AND NOT coalesce(v.reviewer_id = c.author_id, lower(v.reviewer) = lower(c.author), false)
                AND NOT coalesce(v.reviewer_type = 'Bot' OR right(v.reviewer, 5) = '[bot]'
                                 OR lower(v.reviewer) IN (SELECT person FROM bots), false)
            ) AS reviews
        ) AS r ON true
        LEFT JOIN LATERAL (
            SELECT count(*) AS reviews FROM pr_reviews v
            WHERE v.repository_id = c.repository_id AND v.number = c.number
            AND NOT coalesce(v.reviewer_id = c.author_id, lower(v.reviewer) = lower(c.author), false)
            AND (v.reviewer_type = 'Bot' OR right(v.reviewer, 5) = '[bot]'
                 OR lower(v.reviewer) IN (SELECT person FROM bots))
        ) AS b ON true
        LEFT JOIN LATERAL (
            SELECT min(m.created_at) AS first_at FROM comments m
            WHERE m.repository_id = c.repository_id AND m.number = c.number AND m.created_at >= c.created_at
            AND NOT coalesce(m.author_id = c.author_id, lower(m.author) = lower(c.author), false)
            AND NOT coalesce(m.author_type = 'Bot' OR right(m.author, 5) = '[bot]'
                             OR lower(m.author) IN (SELECT person FROM bots), false)
        ) AS t ON true
        LEFT JOIN LATERAL (
            SELECT count(DISTINCT e.at) AS times FROM pr_events e
            WHERE e.repository_id = c.repository_id AND e.number = c.number AND e.action = 'reopened'
        ) AS o ON true
    )
"""
PHASES: LiteralString = """
    lifecycle AS NOT MATERIALIZED (
        SELECT b.*, coalesce(ready.at <> b.ready_at OR review.at <> b.first_review_at OR approval.at <> b.approved_at
                             OR b.merge_boundary <> b.merged_at, false) AS clamped,
               ready.at AS ready_boundary, review.at AS review_boundary, approval.at AS approval_boundary,
               date_part('epoch', ready.at - b.opened_at) AS draft_time,
               date_part('epoch', review.at - ready.at) AS pickup_time,
               date_part('epoch', approval.at - review.at) AS review_time,
               date_part('epoch', b.merge_boundary - approval.at) AS merge_time,
               date_part('epoch', b.merge_boundary - b.opened_at) AS cycle_time,
               b.merged AND b.first_review_at IS NULL AS pickup_imputed,
               b.merged AND b.approved_at IS NULL AS review_imputed,
               b.merged AND b.approved_at IS NULL AS merge_imputed,
               date_part('epoch', b.merge_boundary - ready.at) AS publish_to_merge,
               date_part('epoch', b.first_review_at - b.ready_at) AS time_to_first_review,
               date_part('epoch', b.approved_at - b.ready_at) AS time_to_approval,
               date_part('epoch', b.changes_requested_at - b.ready_at) AS time_to_changes_requested,
               date_part('epoch', b.first_response_at - b.opened_at) AS time_to_first_response
        FROM bounded b CROSS JOIN LATERAL (
            SELECT CASE WHEN b.merged
                   THEN least(greatest(b.ready_at, b.opened_at), b.merge_boundary) END AS at
        ) AS ready CROSS JOIN LATERAL (
            SELECT CASE WHEN b.merged
                   THEN least(greatest(coalesce(b.first_review_at, b.merge_boundary), ready.at), b.merge_boundary)
                   END AS at
        ) AS review CROSS JOIN LATERAL (
            SELECT CASE WHEN b.merged
                   THEN least(greatest(coalesce(b.approved_at, b.merge_boundary), review.at), b.merge_boundary)
                   END AS at
        ) AS approval
    )
"""


def lifecycle(chosen: LiteralString) -> sql.Composed:
    """The common table expressions, for the pull requests `p` that a condition chooses."""
    return sql.SQL(FACTS + "," + PHASES).format(chosen=sql.SQL(chosen))
