"""Whose pull requests checks and jobs belong to, so that these can be asked for by people.

What belongs to no pull request, such as a check of the main branch, is nobody's: it is left out where users or bots are
asked for, and stays where only some are excluded.
"""

from typing import LiteralString

from psycopg import sql

from projections.queries.people import CHOSEN, People

READS = ("pull_requests", "pr_heads", "actors")
"""The projections that lead from a commit to an author."""

AUTHORED = sql.SQL(
    """
    authored AS MATERIALIZED (
        SELECT repository_id, number FROM (
            SELECT p.repository_id, p.number, lower(coalesce(p.author, 'ghost')) AS person,
                   p.author_type = 'Bot' AS bot
            FROM pull_requests p
            WHERE %(repository_ids)s::bigint[] IS NULL OR p.repository_id = ANY(%(repository_ids)s)
        ) AS pulls WHERE {chosen}
    ),
    authored_heads AS MATERIALIZED (
        SELECT h.repository_id, h.head_sha FROM pr_heads h JOIN authored USING (repository_id, number)
    )
"""
)
NUMBERED: LiteralString = """
    (CASE WHEN pr_number IS NULL
     THEN (repository_id, head_sha) IN (SELECT repository_id, head_sha FROM authored_heads)
     ELSE (repository_id, pr_number) IN (SELECT repository_id, number FROM authored) END)
"""
"""By the pull request that a check names; where it names none, as those of forks, by its commit."""
HEADED: LiteralString = "((repository_id, head_sha) IN (SELECT repository_id, head_sha FROM authored_heads))"
"""By its commit."""


def authored(people: People) -> sql.Composed:
    """Common table expressions of the pull requests whose authors decide; they cost nothing unless `belongs` names
    them.
    """
    chosen = sql.SQL(CHOSEN) if _only_some(people) else sql.SQL("NOT ({})").format(sql.SQL(CHOSEN))
    return AUTHORED.format(chosen=chosen)


def belongs(people: People, link: LiteralString) -> sql.Composable:
    """The condition on a row with repository_id, head_sha and, for NUMBERED, pr_number. It needs `authored`."""
    if _only_some(people):
        return sql.SQL("coalesce({}, false)").format(sql.SQL(link))
    if people.excluded or people.actors != "all":
        return sql.SQL("NOT coalesce({}, false)").format(sql.SQL(link))
    return sql.SQL("true")


def _only_some(people: People) -> bool:
    return people.users is not None or people.actors == "bot"
