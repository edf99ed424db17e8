"""The pull requests behind the lists of contributors: those that people opened, reviewed, approved or marked."""

from typing import Literal, LiteralString

from psycopg import sql

from projections.queries.contributor_queries import READS as CONTRIBUTOR_READS
from projections.queries.listing import ListQuery
from projections.queries.people import CHOSEN, FACTS, People, approvals

READS = (*CONTRIBUTOR_READS, "repositories")
"""The projections that the list is made of."""

Role = Literal["pr_creators", "pr_reviewers", "pr_approvers", "pr_lgtm"]

INVOLVED: dict[Role, LiteralString] = {
    "pr_creators": """
        SELECT repository_id, number, person, author_type = 'Bot' AS bot FROM pulls
        WHERE opened OR merged_then OR closed
    """,
    "pr_reviewers": "SELECT repository_id, number, person, bot FROM reviews WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz",
    "pr_approvers": "SELECT repository_id, number, person, bot FROM approvals WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz",
    "pr_lgtm": "SELECT repository_id, number, person, bot FROM lgtm WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz",
}
SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("number", "title", "owner", "repository", "state", "created_at", "updated_at")},
    "commits_count": "commits_count",
}
LISTED = sql.SQL(
    """
WITH {facts}, involved AS MATERIALIZED ({involved}),
people AS MATERIALIZED (SELECT person, bool_or(bot) AS bot FROM involved GROUP BY person),
listed AS (SELECT DISTINCT repository_id, number FROM involved WHERE person IN (SELECT person FROM people WHERE {chosen}))
SELECT p.repository_id, p.number, p.title, p."user" AS owner, names.full_name AS repository, p.state, p.merged,
       p.html_url AS url, p.created_at, p.updated_at, p.commits AS commits_count, p.head_sha
FROM listed JOIN pulls p USING (repository_id, number) LEFT JOIN repositories names USING (repository_id)
"""
)


def pull_requests_of(asked: People, role: Role, prefix: str = "") -> ListQuery:
    """Pull requests that the people had this part in, by repository, the newest first. `prefix`: of the labels."""
    facts = sql.SQL(", ").join([sql.SQL(FACTS), approvals(asked)])
    query = LISTED.format(facts=facts, involved=sql.SQL(INVOLVED[role]), chosen=sql.SQL(CHOSEN))
    return ListQuery(
        query, sql.SQL("repository, repository_id, number DESC"), {**asked.arguments(), "prefix": prefix}, sorts=SORTS
    )
