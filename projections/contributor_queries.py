"""Who opened, merged, reviewed and approved pull requests, and how many: contributors, each list by itself."""

from typing import LiteralString, NamedTuple

from psycopg import sql

from projections.people import CHOSEN, FACTS, People
from replay.snapshot import Record, Snapshot

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings", "actors", "repository_names")
"""The projections that the lists are made of."""

CREATORS: LiteralString = """
    SELECT person, min("user") AS "user", bool_or(author_type = 'Bot') AS bot,
           count(*) FILTER (WHERE opened) AS total_prs, count(*) FILTER (WHERE merged_then) AS merged_prs,
           count(*) FILTER (WHERE closed) AS closed_prs,
           (avg(commits) FILTER (WHERE opened))::float8 AS avg_commits_per_pr,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY commits) FILTER (WHERE opened) AS median_commits_per_pr
    FROM pulls WHERE opened OR merged_then OR closed GROUP BY person
"""
REVIEWERS: LiteralString = """
    SELECT person, min("user") AS "user", bool_or(bot) AS bot, sum(reviews)::bigint AS total_reviews,
           count(*) AS prs_reviewed, avg(reviews)::float8 AS avg_reviews_per_pr,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY reviews) AS median_reviews_per_pr
    FROM (
        SELECT person, min("user") AS "user", bool_or(bot) AS bot, count(*) AS reviews
        FROM reviews WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz
        GROUP BY person, repository_id, number
    ) AS of_each_pull_request GROUP BY person
"""
APPROVERS: LiteralString = """
    SELECT person, min("user") AS "user", bool_or(bot) AS bot, count(*) AS given
    FROM approvals WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz GROUP BY person
"""
LGTM: LiteralString = """
    SELECT person, min("user") AS "user", bool_or(bot) AS bot, count(*) AS given
    FROM lgtm WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz GROUP BY person
"""
LISTED = sql.SQL(
    """
WITH {facts}, people AS ({people}),
listed AS (SELECT row_number() OVER (ORDER BY {order}, person) AS place, people.* FROM people WHERE {chosen})
SELECT counted.total, page.* FROM (SELECT count(*) AS total FROM listed) AS counted
LEFT JOIN (SELECT * FROM listed WHERE place > %(offset)s AND place <= %(offset)s + %(limit)s) AS page ON true
ORDER BY page.place
"""
)
"""A page of people with the number of all of them, on a page past the end too."""


class Listed(NamedTuple):
    """A page of a list, and how many there are in the whole list."""

    rows: list[Record]
    total: int


class Part(NamedTuple):
    """Which part of a list is asked for."""

    limit: int
    offset: int


async def creators(snapshot: Snapshot, asked: People, part: Part) -> Listed:
    """Authors by what they opened, merged and closed in the window."""
    return await _listed(snapshot, asked, part, CREATORS, "total_prs DESC, merged_prs DESC, closed_prs DESC")


async def reviewers(snapshot: Snapshot, asked: People, part: Part) -> Listed:
    """Reviewers of others' pull requests, by reviews submitted in the window."""
    return await _listed(snapshot, asked, part, REVIEWERS, "total_reviews DESC, prs_reviewed DESC")


async def approvers(snapshot: Snapshot, asked: People, part: Part, prefix: str) -> Listed:
    """Who approved pull requests of others in the window, by review or by label."""
    return await _listed(snapshot, asked, part, APPROVERS, "given DESC", prefix)


async def lgtm(snapshot: Snapshot, asked: People, part: Part, prefix: str) -> Listed:
    """Who marked pull requests of others with the label in the window."""
    return await _listed(snapshot, asked, part, LGTM, "given DESC", prefix)


async def _listed(
    snapshot: Snapshot, asked: People, part: Part, people: LiteralString, order: LiteralString, prefix: str = ""
) -> Listed:
    query = LISTED.format(facts=sql.SQL(FACTS), people=sql.SQL(people), order=sql.SQL(order), chosen=sql.SQL(CHOSEN))
    found = await snapshot.rows(query, {**asked.arguments(), **part._asdict(), "prefix": prefix})
    return Listed([row for row in found if row["place"] is not None], found[0]["total"])
