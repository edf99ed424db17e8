"""Review threads: how long until somebody answered, and until they were resolved, by GitHub's clock alone.

A thread counts when its first comment was made, so that two windows that meet add up; what became of it later counts
whenever that was. It is of the person who began it. One of which the first comment was never told counts nowhere.
"""

from typing import LiteralString

from psycopg import sql

from projections.facts import seconds
from projections.queries.listing import ListQuery, Part
from projections.queries.people import CHOSEN, People
from projections.queries.statistics import statistics
from replay.snapshot import Record, Snapshot

READS = ("review_threads", "comments", "pull_requests", "pr_heads", "check_run_attempts", "pr_labels", "repositories")
"""The projections that the threads are made of."""

MERGEABLE = "can-be-merged"
"""The check, or label, by which a pull request is said to be ready to be merged."""

RESOLUTION: LiteralString = f"CASE WHEN t.resolved THEN {seconds('t.first_comment_at', 't.resolved_at')} END"
ANSWERED: LiteralString = seconds("t.first_comment_at", "said.answered_at")
WAITED: LiteralString = f"CASE WHEN t.resolved THEN {seconds('ready.at', 't.resolved_at')} END"

THREADS = sql.SQL(
    """
    begun AS NOT MATERIALIZED (
        SELECT repository_id, first_comment_id, number, path, node_id, first_comment_at,
               coalesce(resolved, false) AS resolved, resolved_at, resolver, lower(coalesce(author, 'ghost')) AS person,
               coalesce(author, 'ghost') AS "user", author_type = 'Bot' AS bot,
               (first_comment_deleted_at IS NULL)::int AS stands
        FROM review_threads
        WHERE %(repository_ids)s::bigint[] IS NULL OR repository_id = ANY(%(repository_ids)s)
    ),
    threads AS NOT MATERIALIZED (
        SELECT * FROM begun WHERE first_comment_at >= %(start)s::timestamptz
        AND first_comment_at < %(end)s::timestamptz AND {chosen}
    )
"""
).format(chosen=sql.SQL(CHOSEN))
"""`begun`: threads of any time and anyone; `threads`: those that are asked for."""

SAID = sql.SQL(
    """
    said AS (
        SELECT t.repository_id, t.first_comment_id, count(*) FILTER (WHERE r.deleted_at IS NULL) AS replies,
               {participants} min(r.created_at) FILTER (
                   WHERE lower(coalesce(r.author, 'ghost')) <> t.person AND r.created_at >= t.first_comment_at
                   AND (%(actors)s = 'all' OR NOT coalesce(
                       r.author_type = 'Bot' OR right(r.author, 5) = '[bot]'
                       OR lower(r.author) = ANY(%(bot_logins)s::text[])
                       OR lower(r.author) IN (SELECT lower(a.login) FROM actors a WHERE a.type = 'Bot'), false))
               ) AS answered_at
        FROM t JOIN comments r ON r.repository_id = t.repository_id AND r.in_reply_to_id = t.first_comment_id
        WHERE r.in_reply_to_id IS NOT NULL
        GROUP BY t.repository_id, t.first_comment_id
    )
"""
)
"""Of the threads `t` the replies. One answers if it is of another than who began the thread and, unless all actors are
asked for, of a person.
"""

ORDER = sql.SQL("first_comment_at DESC, repository_id, first_comment_id")

SHOWN = sql.SQL(
    """
WITH {threads}, t AS MATERIALIZED ({shown}), {said},
marked AS (
    SELECT h.repository_id, h.number, a.completed_at AS at
    FROM (SELECT DISTINCT repository_id, number FROM t) AS p JOIN pr_heads h USING (repository_id, number)
    JOIN check_run_attempts a USING (repository_id, head_sha)
    WHERE a.name = {mergeable} AND a.conclusion = 'success'
    UNION ALL
    SELECT repository_id, number, at FROM pr_labels WHERE label = {mergeable} AND added
),
ready AS (SELECT repository_id, number, min(at) AS at FROM marked GROUP BY repository_id, number)
SELECT t.repository_id, t.first_comment_id, t.node_id AS thread_node_id, names.full_name AS repository,
       t.number AS pr_number, p.title AS pr_title, t."user" AS author, t.first_comment_at, t.resolved, t.resolved_at,
       t.resolver, {resolution} AS resolution_seconds, t.path AS file_path,
       t.stands + coalesce(said.replies, 0) AS comment_count, {answered} AS answer_seconds,
       ARRAY(SELECT DISTINCT who FROM unnest(said.participants || t."user") AS who ORDER BY who) AS participants,
       ready.at AS can_be_merged_at, {waited} AS merge_wait_seconds
FROM t LEFT JOIN said USING (repository_id, first_comment_id) LEFT JOIN ready USING (repository_id, number)
LEFT JOIN pull_requests p USING (repository_id, number) LEFT JOIN repositories names USING (repository_id)
"""
)
PAGE = sql.SQL("SELECT * FROM threads ORDER BY {} LIMIT %(limit)s OFFSET %(offset)s").format(ORDER)
ALL = sql.SQL("SELECT * FROM threads")

SUMMARY = sql.SQL(
    """
WITH {threads}, t AS MATERIALIZED (
    SELECT repository_id, first_comment_id, first_comment_at, resolved, resolved_at, person, stands FROM threads
), {said},
measured AS (
    SELECT t.repository_id, t.resolved, {resolution} AS resolution_seconds, {answered} AS answer_seconds,
           t.stands + coalesce(said.replies, 0) AS comments
    FROM t LEFT JOIN said USING (repository_id, first_comment_id)
),
summed AS (
    SELECT true AS whole, NULL::bigint AS repository_id, count(*) AS total_threads,
           count(*) FILTER (WHERE resolved) AS resolved_threads, {resolution_time} AS resolution_time,
           {time_to_first_reply} AS time_to_first_reply, {comments} AS comments
    FROM measured
    UNION ALL
    SELECT false, repository_id, count(*), count(*) FILTER (WHERE resolved), {resolution_time}, NULL, NULL
    FROM measured GROUP BY repository_id
)
SELECT summed.*, names.full_name AS repository, CASE WHEN whole THEN (
    SELECT count(*) FROM begun WHERE first_comment_at < %(start)s::timestamptz AND NOT resolved AND {chosen}
) END AS unresolved_outside_range
FROM summed LEFT JOIN repositories names USING (repository_id)
ORDER BY whole DESC, total_threads DESC, repository, repository_id
"""
).format(
    threads=THREADS,
    said=SAID.format(participants=sql.SQL("")),
    resolution=sql.SQL(RESOLUTION),
    answered=sql.SQL(ANSWERED),
    resolution_time=statistics("resolution_seconds"),
    time_to_first_reply=statistics("answer_seconds"),
    comments=statistics("comments"),
    chosen=sql.SQL(CHOSEN),
)


def _told(of: sql.Composable) -> sql.Composed:
    """All that is told of some threads."""
    return SHOWN.format(
        threads=THREADS,
        shown=of,
        said=SAID.format(participants=sql.SQL("array_agg(DISTINCT coalesce(r.author, 'ghost')) AS participants,")),
        resolution=sql.SQL(RESOLUTION),
        answered=sql.SQL(ANSWERED),
        waited=sql.SQL(WAITED),
        mergeable=sql.Literal(MERGEABLE),
    )


SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("repository", "pr_number", "pr_title", "author", "first_comment_at", "resolved")},
    **{name: name for name in ("resolved_at", "resolver", "file_path", "comment_count")},
    "resolution_time_hours": "resolution_seconds",
    "time_to_first_response_hours": "answer_seconds",
}
PAGE_OF_THREADS = sql.SQL("SELECT * FROM ({}) AS told ORDER BY {}").format(_told(PAGE), ORDER)


def threads(asked: People) -> ListQuery:
    """The threads with all that is told of each, the latest first."""
    return ListQuery(_told(ALL), ORDER, asked.arguments(), sorts=SORTS)


async def page(snapshot: Snapshot, asked: People, part: Part) -> list[Record]:
    """One part of them; how many there are `summary` says."""
    return await snapshot.rows(PAGE_OF_THREADS, {**asked.arguments(), **part._asdict()})


async def summary(snapshot: Snapshot, asked: People) -> tuple[Record, list[Record]]:
    """What all threads come to, and those of each repository, that with the most first."""
    of_all, *of_each = await snapshot.rows(SUMMARY, asked.arguments())
    return of_all, of_each
