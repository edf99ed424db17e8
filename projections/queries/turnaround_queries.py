"""How soon pull requests are reviewed, approved, verified and done, in all and by repository; and how soon each
reviewer answers.
"""

from typing import Any, LiteralString

from psycopg import sql

from projections.queries.lifecycle import OF_REPOSITORIES, lifecycle
from projections.queries.lifecycle import READS as LIFECYCLE_READS
from projections.queries.people import CHOSEN, FACTS, OF_OTHERS, People
from projections.queries.statistics import statistics
from projections.queries.verified import VERIFIED
from replay.snapshot import Record, Snapshot

READS = (*LIFECYCLE_READS, "pr_labels", "pr_label_sightings", "review_requests", "repositories")
"""The projections that the answers are made of."""

COHORT: LiteralString = f"""{OF_REPOSITORIES}
    AND p.ready_at >= %(start)s::timestamptz AND p.ready_at < %(end)s::timestamptz"""
"""What became ready for review in the window."""
SPEEDS: tuple[LiteralString, ...] = (
    "time_to_first_review",
    "time_to_approval",
    "time_to_first_verified",
    "time_to_first_changes_requested",
    "pr_lifecycle",
)
PULL_REQUESTS = sql.SQL(
    """
WITH RECURSIVE {lifecycle},
told AS (
    SELECT min(label) AS label FROM pr_labels
    UNION ALL
    SELECT (SELECT min(label) FROM pr_labels WHERE label > told.label) FROM told WHERE told.label IS NOT NULL
), seen AS (
    SELECT min(label) AS label FROM pr_label_sightings
    UNION ALL
    SELECT (SELECT min(label) FROM pr_label_sightings WHERE label > seen.label) FROM seen WHERE seen.label IS NOT NULL
), verifying AS MATERIALIZED (
    SELECT label FROM (SELECT label FROM told UNION SELECT label FROM seen) AS labels WHERE {verified}
), verified AS NOT MATERIALIZED (
    SELECT repository_id, number, min(m.at) AS at
    FROM chosen c JOIN (
        SELECT repository_id, number, at FROM pr_labels WHERE added AND label = ANY(ARRAY(SELECT label FROM verifying))
        UNION ALL
        SELECT repository_id, number, first_seen_at FROM pr_label_sightings
        WHERE label = ANY(ARRAY(SELECT label FROM verifying))
    ) AS m USING (repository_id, number)
    WHERE m.at >= c.ready_at AND m.at < coalesce(c.merged_at, 'infinity') GROUP BY repository_id, number
), work AS MATERIALIZED (
    SELECT repository_id, merged_at IS NULL AND closed_at IS NULL AS open, time_to_first_review, time_to_approval,
           date_part('epoch', verified.at - ready_at) AS time_to_first_verified,
           time_to_changes_requested AS time_to_first_changes_requested,
           CASE WHEN merged THEN cycle_time WHEN closed_at IS NOT NULL
                THEN date_part('epoch', greatest(closed_at, opened_at) - opened_at) END AS pr_lifecycle
    FROM (
        SELECT l.*, lower(coalesce(author, 'ghost')) AS person, author_type = 'Bot' AS bot FROM lifecycle l
    ) AS authored LEFT JOIN verified USING (repository_id, number) WHERE {chosen}
)
SELECT speeds.*, names.full_name AS repository
FROM (
    SELECT grouping(repository_id) = 1 AS whole, repository_id, count(*) AS total_prs,
           count(*) FILTER (WHERE open) AS open_count, {speeds}
    FROM work GROUP BY GROUPING SETS ((), (repository_id))
) AS speeds LEFT JOIN repositories names USING (repository_id)
ORDER BY total_prs DESC, names.full_name, repository_id
"""
)
"""`told` and `seen`: the labels that there are, each looked up in the index after the one before. They are few, and what
they say is asked once of each.
"""
REVIEWERS = sql.SQL(
    """
WITH {facts}, given AS (
    SELECT person, min("user") AS reviewer, sum(reviews)::bigint AS total_reviews, bool_or(bot) AS bot,
           array_remove(array_agg(DISTINCT names.full_name), NULL) AS repositories_reviewed
    FROM (
        SELECT person, repository_id, min("user") AS "user", bool_or(bot) AS bot, count(*) AS reviews
        FROM reviews WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz GROUP BY person, repository_id
    ) AS of_each LEFT JOIN repositories names USING (repository_id) GROUP BY person
), requests AS (
    SELECT *, lead(at) OVER (PARTITION BY repository_id, number, person ORDER BY at, requested) AS next_at
    FROM (
        SELECT repository_id, number, lower(reviewer) AS person, at, requested FROM review_requests
        WHERE NOT team AND {asked}
    ) AS moves
), answers AS (
    SELECT q.person, date_part('epoch', answer.at - q.at) AS seconds
    FROM requests q JOIN pulls p USING (repository_id, number) CROSS JOIN LATERAL (
        SELECT v.submitted_at AS at FROM pr_reviews v
        WHERE v.repository_id = q.repository_id AND v.number = q.number AND v.person = q.person
        AND v.submitted_at >= q.at AND {of_others} ORDER BY v.submitted_at LIMIT 1
    ) AS answer
    WHERE q.requested AND q.at >= %(start)s::timestamptz AND q.at < %(end)s::timestamptz
    AND answer.at < coalesce(q.next_at, 'infinity')
), answered AS (SELECT person, {seconds} AS response_time FROM answers GROUP BY person)
SELECT given.*, coalesce(response_time, '{{"count": 0, "mean": null, "quantiles": null}}'::jsonb) AS response_time
FROM given LEFT JOIN answered USING (person) WHERE {chosen} ORDER BY total_reviews DESC, person
"""
)
"""Of a request that was repeated or taken back, nothing was an answer; within one second, a request comes first."""
ASKED: LiteralString = """
    (repository_id, number) IN (SELECT repository_id, number FROM review_requests
                                WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz)
"""


async def of_pull_requests(snapshot: Snapshot, asked: People) -> tuple[Record, list[Record]]:
    """SPEEDS, as statistics in seconds, of the people's pull requests that became ready in the window: together, and by
    repository, the largest first.
    """
    query = PULL_REQUESTS.format(
        lifecycle=lifecycle(COHORT),
        verified=sql.SQL(VERIFIED),
        chosen=sql.SQL(CHOSEN),
        speeds=sql.SQL(", ").join(sql.SQL("{} AS {}").format(statistics(name), sql.SQL(name)) for name in SPEEDS),
    )
    found = await snapshot.rows(query, asked.arguments())
    (whole,) = (row for row in found if row["whole"])
    return whole, [row for row in found if not row["whole"]]


async def of_reviewers(snapshot: Snapshot, asked: People) -> list[Record]:
    """Who of the people reviewed in the window, the busiest first, and how soon, in seconds, they answered the requests
    that were made of them in the window.
    """
    of_all_time = asked.start is None and asked.end is None
    query = REVIEWERS.format(
        facts=sql.SQL(FACTS),
        asked=sql.SQL("true" if of_all_time else ASKED),
        of_others=sql.SQL(OF_OTHERS),
        chosen=sql.SQL(CHOSEN),
        seconds=statistics("seconds"),
    )
    arguments: dict[str, Any] = {**asked.arguments(), "prefix": ""}
    return await snapshot.rows(query, arguments)
