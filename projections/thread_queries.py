"""Review threads: how long until somebody answered, and until they were resolved, by GitHub's clock alone.

A thread counts when its first comment was made, so that two windows that meet add up; what became of it later counts
whenever that was. It is of the person who began it. One of which the first comment was never told counts nowhere.
"""

from typing import LiteralString

from psycopg import sql

from projections.listing import ListQuery
from projections.people import CHOSEN, People
from projections.statistics import seconds, statistics
from replay.snapshot import Record, Snapshot

READS = ("review_threads", "comments", "pull_requests", "pr_heads", "check_run_attempts", "pr_labels", "repositories")
"""The projections that the threads are made of."""

MERGEABLE = "can-be-merged"
"""The check, or label, by which a pull request is said to be ready to be merged."""

RESOLUTION: LiteralString = f"CASE WHEN t.resolved THEN {seconds('t.first_comment_at', 't.resolved_at')} END"
ANSWERED: LiteralString = seconds("t.first_comment_at", "said.answered_at")
WAITED: LiteralString = f"CASE WHEN t.resolved THEN {seconds('ready.can_be_merged_at', 't.resolved_at')} END"

THREADS = sql.SQL(
    """
    begun AS NOT MATERIALIZED (
        SELECT t.repository_id, t.first_comment_id, t.number, t.path, t.node_id, t.first_comment_at,
               coalesce(t.resolved, false) AS resolved, t.resolved_at, t.resolver,
               lower(coalesce(c.author, 'ghost')) AS person, coalesce(c.author, 'ghost') AS "user",
               c.author_type = 'Bot' AS bot, c.deleted_at IS NULL AS stands
        FROM review_threads t LEFT JOIN comments c
        ON c.repository_id = t.repository_id AND c.on_code AND c.comment_id = t.first_comment_id
        WHERE %(repository_ids)s::bigint[] IS NULL OR t.repository_id = ANY(%(repository_ids)s)
    ),
    threads AS NOT MATERIALIZED (
        SELECT * FROM begun WHERE first_comment_at >= %(start)s::timestamptz
        AND first_comment_at < %(end)s::timestamptz AND {chosen}
    )
"""
).format(chosen=sql.SQL(CHOSEN))
"""`begun`: threads of any time and anyone; `threads`: those that are asked for."""

ANSWERS: LiteralString = """
    coalesce(r.in_reply_to_id = t.first_comment_id, false) AND lower(coalesce(r.author, 'ghost')) <> t.person
    AND r.created_at >= t.first_comment_at AND (%(actors)s = 'all' OR NOT coalesce(
        r.author_type = 'Bot' OR right(r.author, 5) = '[bot]' OR lower(r.author) = ANY(%(bot_logins)s::text[])
        OR lower(r.author) IN (SELECT lower(a.login) FROM actors a WHERE a.type = 'Bot'), false))
"""
"""Whether a comment answers a thread: it is of another than who began it and, unless all actors are asked for, of a
person.
"""

LISTED = sql.SQL("WITH {threads} SELECT repository_id, first_comment_id, first_comment_at FROM threads").format(
    threads=THREADS
)
ORDER = sql.SQL("first_comment_at DESC, repository_id, first_comment_id")

SHOWN = sql.SQL(
    """
WITH {threads}, shown AS ({shown})
SELECT t.repository_id, t.first_comment_id, t.node_id AS thread_node_id, names.full_name AS repository,
       t.number AS pr_number, p.title AS pr_title, t."user" AS author, t.first_comment_at, t.resolved, t.resolved_at,
       t.resolver, {resolution} AS resolution_seconds, t.path AS file_path, t.stands::int + said.replies AS comment_count,
       {answered} AS answer_seconds, coalesce(said.participants, ARRAY[t."user"]) AS participants,
       ready.can_be_merged_at, {waited} AS merge_wait_seconds
FROM shown t
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE r.comment_id <> t.first_comment_id AND r.deleted_at IS NULL) AS replies,
           min(r.created_at) FILTER (WHERE {answers}) AS answered_at,
           array_agg(DISTINCT coalesce(r.author, 'ghost')) AS participants
    FROM comments r WHERE r.repository_id = t.repository_id AND r.on_code
    AND (r.in_reply_to_id = t.first_comment_id OR r.comment_id = t.first_comment_id)
) AS said ON true
LEFT JOIN LATERAL (
    SELECT least(
        (SELECT min(a.completed_at) FROM pr_heads h JOIN check_run_attempts a USING (repository_id, head_sha)
         WHERE h.repository_id = t.repository_id AND h.number = t.number
         AND a.name = {mergeable} AND a.conclusion = 'success'),
        (SELECT min(l.at) FROM pr_labels l WHERE l.repository_id = t.repository_id AND l.number = t.number
         AND l.label = {mergeable} AND l.added)) AS can_be_merged_at
) AS ready ON true
LEFT JOIN pull_requests p ON p.repository_id = t.repository_id AND p.number = t.number
LEFT JOIN repositories names ON names.repository_id = t.repository_id
"""
)
OF_A_PAGE = sql.SQL(
    "SELECT threads.* FROM unnest(%(page_repositories)s::bigint[], %(page_threads)s::bigint[])"
    " AS page (repository_id, first_comment_id) JOIN threads USING (repository_id, first_comment_id)"
)
ALL = sql.SQL("SELECT * FROM threads")

SUMMARY = sql.SQL(
    """
WITH {threads}, t AS MATERIALIZED (SELECT * FROM threads),
said AS (
    SELECT t.repository_id, t.first_comment_id, count(*) FILTER (WHERE r.deleted_at IS NULL) AS replies,
           min(r.created_at) FILTER (WHERE {answers}) AS answered_at
    FROM t JOIN comments r
    ON r.repository_id = t.repository_id AND r.on_code AND r.in_reply_to_id = t.first_comment_id
    GROUP BY t.repository_id, t.first_comment_id
),
measured AS (
    SELECT t.repository_id, t.resolved, {resolution} AS resolution_seconds, {answered} AS answer_seconds,
           t.stands::int + coalesce(said.replies, 0) AS comments
    FROM t LEFT JOIN said USING (repository_id, first_comment_id)
),
summed AS (
    SELECT grouping(repository_id) = 1 AS whole, repository_id, count(*) AS total_threads,
           count(*) FILTER (WHERE resolved) AS resolved_threads, {resolution_time} AS resolution_time,
           {time_to_first_reply} AS time_to_first_reply, {comments} AS comments
    FROM measured GROUP BY GROUPING SETS ((repository_id), ())
)
SELECT summed.*, names.full_name AS repository, CASE WHEN whole THEN (
    SELECT count(*) FROM begun WHERE first_comment_at < %(start)s::timestamptz AND NOT resolved AND {chosen}
) END AS unresolved_outside_range
FROM summed LEFT JOIN repositories names USING (repository_id)
ORDER BY whole DESC, total_threads DESC, repository, repository_id
"""
).format(
    threads=THREADS,
    answers=sql.SQL(ANSWERS),
    resolution=sql.SQL(RESOLUTION),
    answered=sql.SQL(ANSWERED),
    resolution_time=statistics("resolution_seconds"),
    time_to_first_reply=statistics("answer_seconds"),
    comments=statistics("comments"),
    chosen=sql.SQL(CHOSEN),
)


def _told(of: sql.SQL) -> sql.Composed:
    """All that is told of some threads."""
    return SHOWN.format(
        threads=THREADS,
        shown=of,
        resolution=sql.SQL(RESOLUTION),
        answered=sql.SQL(ANSWERED),
        answers=sql.SQL(ANSWERS),
        waited=sql.SQL(WAITED),
        mergeable=sql.Literal(MERGEABLE),
    )


def threads(asked: People) -> ListQuery:
    """The threads by their keys, the latest first: `shown` tells of those on a page."""
    return ListQuery(LISTED, ORDER, asked.arguments())


def whole(asked: People) -> ListQuery:
    """The threads with all that is told of each."""
    return ListQuery(_told(ALL), ORDER, asked.arguments())


async def shown(snapshot: Snapshot, asked: People, rows: list[Record]) -> list[Record]:
    """All that is told of the threads in rows of `threads`."""
    page = {
        "page_repositories": [row["repository_id"] for row in rows],
        "page_threads": [row["first_comment_id"] for row in rows],
    }
    query = sql.SQL("{} ORDER BY t.first_comment_at DESC, t.repository_id, t.first_comment_id").format(_told(OF_A_PAGE))
    return await snapshot.rows(query, {**asked.arguments(), **page})


async def summary(snapshot: Snapshot, asked: People) -> tuple[Record, list[Record]]:
    """What all threads come to, and those of each repository, that with the most first."""
    of_all, *of_each = await snapshot.rows(SUMMARY, asked.arguments())
    return of_all, of_each
