"""One repository in numbers: what it is called, what was delivered of it, its pull requests, reviews, checks, labels."""

from collections.abc import Sequence
from typing import LiteralString

from psycopg import sql

from projections.queries import pull_request_authors
from projections.queries.people import CHOSEN, FACTS, People
from projections.queries.pull_request_authors import NUMBERED, authored, belongs
from replay.snapshot import Record, Snapshot

READS = (
    "repositories",
    "repository_names",
    "webhook_events",
    "pull_requests",
    "pr_reviews",
    "pr_labels",
    "pr_label_sightings",
    "check_run_attempts",
    *pull_request_authors.READS,
)
"""The projections that a profile is made of, beside those of the other endpoints' numbers in it."""

KNOWN: LiteralString = """
SELECT r.*, first.received_at AS first_received_at, last.received_at AS last_received_at, last.delivery_id,
       last.event_type, (
           SELECT coalesce(jsonb_agg(jsonb_build_object(
               'name', n.full_name, 'first_seen_at', n.first_seen_at, 'last_seen_at', n.last_seen_at
           ) ORDER BY n.first_seen_at, n.full_name), '[]') FROM repository_names n
           WHERE n.repository_id = r.repository_id
       ) AS names
FROM repositories r LEFT JOIN LATERAL (
    SELECT e.received_at FROM webhook_events e WHERE e.repository_id = r.repository_id AND e.position IS NOT NULL
    ORDER BY e.position LIMIT 1
) AS first ON true LEFT JOIN LATERAL (
    SELECT e.received_at, e.delivery_id, e.event_type, e.position FROM webhook_events e
    WHERE e.repository_id = r.repository_id AND e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1
) AS last ON true
WHERE r.repository_id = ANY(%(ids)s) ORDER BY last.position DESC NULLS LAST, r.repository_id LIMIT 1
"""
WORK = sql.SQL(
    """
WITH {facts}, {authored}, theirs AS NOT MATERIALIZED (
    SELECT * FROM (SELECT *, author_type = 'Bot' AS bot FROM pulls) AS pulls WHERE {chosen}
), checked AS (
    SELECT count(*) AS completed, count(*) FILTER (WHERE conclusion = 'success') AS succeeded,
           count(*) FILTER (WHERE conclusion NOT IN ('success', 'skipped', 'cancelled', 'neutral', 'stale')) AS failed
    FROM check_run_attempts
    WHERE repository_id = ANY(%(repository_ids)s)
    AND completed_at >= %(start)s::timestamptz AND completed_at < %(end)s::timestamptz AND {belongs}
)
SELECT (SELECT row_to_json(counted) FROM (
           SELECT count(*) FILTER (WHERE opened) AS opened, count(*) FILTER (WHERE merged_then) AS merged,
                  count(*) FILTER (WHERE closed) AS closed, count(*) FILTER (WHERE state = 'open') AS open
           FROM theirs) AS counted) AS pull_requests,
       (SELECT row_to_json(counted) FROM (
           SELECT count(*) AS reviews, count(*) FILTER (WHERE state = 'approved') AS approved,
                  count(*) FILTER (WHERE state = 'changes_requested') AS changes_requested,
                  count(*) FILTER (WHERE state = 'commented') AS commented, count(DISTINCT person) AS reviewers
           FROM reviews WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz AND {chosen}
           ) AS counted) AS reviews,
       (SELECT row_to_json(checked) FROM checked) AS checks,
       (SELECT coalesce(json_agg(counted), '[]') FROM (
           SELECT label, count(*) AS current FROM theirs, unnest(labels) AS label WHERE state = 'open'
           GROUP BY label ORDER BY current DESC, label LIMIT %(labels)s) AS counted) AS labels
"""
)
LABELS = 20


async def known(snapshot: Snapshot, ids: Sequence[int]) -> Record | None:
    """The repository that something was delivered of last, with every name that it had; None of none."""
    return await snapshot.row(KNOWN, {"ids": list(ids)})


async def work(snapshot: Snapshot, asked: People) -> Record:
    """Counts of pull requests by these authors, reviews by these people of what others wrote, and attempts of checks of
    those authors' pull requests; and the labels of their open ones.
    """
    query = WORK.format(
        facts=sql.SQL(FACTS),
        authored=authored(asked),
        chosen=sql.SQL(CHOSEN),
        belongs=belongs(asked, NUMBERED),
    )
    return await snapshot.one(query, {**asked.arguments(), "prefix": "", "labels": LABELS})
