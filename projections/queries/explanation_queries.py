"""Where the numbers of one pull request come from: its life, what could have set each boundary, and the deliveries that
told it.

What a table took over from one telling is versioned, and the version ends in the hash of the body that told it: that
is the way back to the delivery. Of the same told several times, the first delivery counts.
"""

from typing import Any

from psycopg import sql

from projections.queries.lifecycle import ONE, lifecycle
from projections.queries.lifecycle import READS as LIFECYCLE_READS
from projections.queries.pull_request_queries import BY_ANOTHER_PERSON
from replay.snapshot import Record, Snapshot
from replay.version import EPOCH

READS = (*LIFECYCLE_READS, "pr_event_repeats", "review_threads", "repositories", "repository_names")
"""The projections that an explanation is made of."""

MOST = 1000
"""Candidates that are looked at."""

LIFE = sql.SQL("WITH {} SELECT *, seen_ready_version AS seen_ready_version FROM lifecycle").format(lifecycle(ONE))

CANDIDATES = sql.SQL(
    """
WITH {lifecycle},
told AS (
    SELECT * FROM pr_events
    WHERE repository_id = %(repository_id)s AND number = %(number)s AND position IS NOT NULL
),
of_reviews AS (
    SELECT DISTINCT ON (review_id) review_id, position, delivery_id, event_type, action FROM told
    WHERE event_type = 'pull_request_review' ORDER BY review_id, action IS DISTINCT FROM 'submitted', position
),
of_comments AS (
    SELECT DISTINCT ON (on_code, comment_id) event_type <> 'issue_comment' AS on_code, comment_id,
           position, delivery_id, event_type, action
    FROM told WHERE comment_id IS NOT NULL
    ORDER BY on_code, comment_id, action IS DISTINCT FROM 'created', position
),
of_threads AS (
    SELECT DISTINCT ON (h.first_comment_id) h.first_comment_id, t.position, t.delivery_id, t.event_type, t.action
    FROM told t JOIN review_threads h USING (repository_id, number)
    WHERE h.node_id = t.thread_id ORDER BY h.first_comment_id, t.position
),
of_labels AS (
    SELECT DISTINCT ON (label, at) label, at, position, delivery_id, event_type, action, actor FROM told
    WHERE action = 'labeled' AND %(approval_prefix)s <> '' AND starts_with(label, %(approval_prefix)s)
    ORDER BY label, at, position
),
candidates AS (
    SELECT 'review' AS kind, v.submitted_at AS at, coalesce(v.reviewer, 'ghost') AS actor, v.state, v.review_id AS id,
           coalesce(v.reviewer_id = c.author_id, lower(v.reviewer) = lower(c.author), false) AS own,
           coalesce(v.reviewer_type = 'Bot' OR right(v.reviewer, 5) = '[bot]'
                    OR lower(v.reviewer) IN (SELECT person FROM bots), false) AS bot,
           s.position, s.delivery_id, s.event_type, s.action
    FROM chosen c JOIN pr_reviews v USING (repository_id, number) LEFT JOIN of_reviews s USING (review_id)
    UNION ALL
    SELECT 'comment', m.created_at, coalesce(m.author, 'ghost'), NULL, m.comment_id,
           coalesce(m.author_id = c.author_id, lower(m.author) = lower(c.author), false),
           coalesce(m.author_type = 'Bot' OR right(m.author, 5) = '[bot]'
                    OR lower(m.author) IN (SELECT person FROM bots), false),
           coalesce(s.position, h.position), coalesce(s.delivery_id, h.delivery_id),
           coalesce(s.event_type, h.event_type), coalesce(s.action, h.action)
    FROM chosen c JOIN comments m USING (repository_id, number) LEFT JOIN of_comments s USING (on_code, comment_id)
    LEFT JOIN of_threads h ON m.on_code AND h.first_comment_id = coalesce(m.in_reply_to_id, m.comment_id)
    UNION ALL
    SELECT 'label', s.at, s.actor, s.label, NULL, false, false, s.position, s.delivery_id, s.event_type, s.action
    FROM of_labels s
)
SELECT * FROM candidates
ORDER BY coalesce(at = ANY(%(boundaries)s::timestamptz[]), false) DESC, at NULLS LAST, kind DESC, id, actor
LIMIT {most}
"""
).format(lifecycle=lifecycle(ONE), most=sql.Literal(MOST))
"""Whatever reviews, approves or answers, with who did it and the delivery that told it; where one sets a boundary, it
is among them, however many there are.
"""

DELIVERIES = """
WITH told AS (
    SELECT body_hash, position, delivery_id, event_type, action, at, opened_at, merged_at, draft FROM pr_events
    WHERE repository_id = %(repository_id)s AND number = %(number)s AND position IS NOT NULL
), tellings AS (
    SELECT body_hash, position, delivery_id, event_type, action, at, draft FROM told
    WHERE body_hash = ANY(%(hashes)s::bigint[]) AND event_type <> 'issue_comment'
    UNION ALL
    SELECT r.body_hash, r.position, r.delivery_id, t.event_type, t.action, t.at, t.draft
    FROM pr_event_repeats r LEFT JOIN told t USING (delivery_id)
    WHERE r.repository_id = %(repository_id)s AND r.number = %(number)s AND r.body_hash = ANY(%(hashes)s::bigint[])
)
SELECT 'telling' AS fact, * FROM (SELECT DISTINCT ON (body_hash) * FROM tellings ORDER BY body_hash, position) AS first
UNION ALL
SELECT 'opened_at', * FROM (
    SELECT body_hash, position, delivery_id, event_type, action, at, draft FROM told WHERE opened_at = %(opened_at)s
    ORDER BY action IS DISTINCT FROM 'opened', position LIMIT 1) AS first
UNION ALL
SELECT 'merged_at', * FROM (
    SELECT body_hash, position, delivery_id, event_type, action, at, draft FROM told WHERE merged_at = %(merged_at)s
    ORDER BY action IS DISTINCT FROM 'closed', position LIMIT 1) AS first
UNION ALL
SELECT 'transition', * FROM (
    SELECT DISTINCT ON (action, at) body_hash, position, delivery_id, event_type, action, at, draft FROM told
    WHERE event_type = 'pull_request' AND action IN ('opened', 'ready_for_review', 'converted_to_draft', 'reopened')
    ORDER BY action, at, position) AS first
ORDER BY fact, at, position
"""


TURNS = sql.SQL(
    """
WITH {lifecycle},
told AS (
    SELECT e.action, lower(e.requested_reviewer) AS person, e.at, e.position, e.delivery_id, e.event_type,
           {by_another} AS by_another
    FROM chosen l JOIN pr_events e USING (repository_id, number)
)
SELECT * FROM (
    SELECT DISTINCT ON (action, person, at) 'turn' AS fact, action, person, at, position, delivery_id, event_type
    FROM told WHERE at IS NOT NULL
    AND (action = 'synchronize' OR action IN ('review_requested', 'review_request_removed') AND person IS NOT NULL)
    ORDER BY action, person, at, position) AS turns
UNION ALL
SELECT * FROM (
    SELECT 'last_activity', action, person, at, position, delivery_id, event_type
    FROM told WHERE at IS NOT NULL AND by_another ORDER BY at DESC, position LIMIT 1) AS latest
ORDER BY at, position
"""
).format(lifecycle=lifecycle(ONE), by_another=sql.SQL(BY_ANOTHER_PERSON))
"""Pushes, and requests for review of persons that were made or taken back, as far as they differ; and the last that
another person than the author did.
"""


async def life(snapshot: Snapshot, one: dict[str, Any], people: dict[str, Any]) -> Record | None:
    """Its row of `lifecycle`. `one`: repository_id and number; `people`: bot_logins, in lower case, and
    approval_prefix.
    """
    return await snapshot.row(LIFE, {**one, **people})


async def candidates(snapshot: Snapshot, one: dict[str, Any], people: dict[str, Any], life: Record) -> list[Record]:
    """What could have set a boundary of this life, in order of time."""
    boundaries = [life[name] for name in ("first_review_at", "approved_at", "first_response_at")]
    known = [at for at in boundaries if at is not None]
    found = await snapshot.rows(CANDIDATES, {**one, **people, "boundaries": known})
    return sorted(found, key=lambda row: (row["at"] is None, row["at"] or EPOCH))


async def deliveries(snapshot: Snapshot, one: dict[str, Any], life: Record) -> list[Record]:
    """The deliveries behind a life: `telling` of each version, `opened_at`, `merged_at`, and each `transition`."""
    versions = [life[name] for name in VERSIONS if life[name] is not None]
    hashes = [body_hash(version) for version in versions]
    times = {name: life[name] for name in ("opened_at", "merged_at")}
    return await snapshot.rows(DELIVERIES, {**one, **times, "hashes": hashes})


async def turns(snapshot: Snapshot, one: dict[str, Any], people: dict[str, Any]) -> list[Record]:
    """What begins and ends review rounds, beside reviews, as `turn`; and the `last_activity` of another person."""
    return await snapshot.rows(TURNS, {**one, **people})


VERSIONS = ("details_version", "draft_version", "seen_ready_version", "author_version", "size_version")
"""The versions of what pull_requests holds."""


def body_hash(version: bytes) -> int:
    """The hash of the body that stated a version, as in `pr_events.body_hash`."""
    return int.from_bytes(version[-8:], "big", signed=True)
