"""Who opened, merged, reviewed and approved pull requests, and how many: contributors, each list by itself."""

from collections.abc import Sequence
from typing import Any, LiteralString

from psycopg import sql

from projections.queries.listing import ListQuery
from projections.queries.people import CHOSEN, FACTS, KNOWN, NAMED, People, approvals
from projections.queries.statistics import median, statistics
from projections.queries.team_queries import team_reviews

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings", "actors", "repository_names")
"""The projections that the lists are made of."""

CREATORS = sql.SQL("""
    SELECT person, min("user") AS "user", bool_or(author_type = 'Bot') AS bot,
           count(*) FILTER (WHERE opened) AS total_prs, count(*) FILTER (WHERE merged_then) AS merged_prs,
           count(*) FILTER (WHERE closed) AS closed_prs,
           {commits} AS commits_per_pr
    FROM pulls WHERE opened OR merged_then OR closed GROUP BY person
""").format(commits=statistics("commits", "opened"))
REVIEWERS = sql.SQL("""
    SELECT person, min("user") AS "user", bool_or(bot) AS bot, sum(reviews)::bigint AS total_reviews,
           count(*) AS prs_reviewed, {reviews} AS reviews_per_pr,
           CASE WHEN bool_or(across IS NOT NULL) THEN coalesce(sum(reviews) FILTER (WHERE across), 0)::bigint END
               AS cross_team_reviews
    FROM (
        SELECT person, min("user") AS "user", bool_or(bot) AS bot, count(*) AS reviews, bool_or({across}) AS across
        FROM {of} WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz
        GROUP BY repository_id, number, person
    ) AS of_each_pull_request GROUP BY person
""")
APPROVERS = sql.SQL("""
    SELECT person, min("user") AS "user", min(spelled) AS spelled, bool_or(bot) AS bot, count(*) AS given
    FROM approvals WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz GROUP BY person
""")
LGTM = sql.SQL("""
    SELECT person, min("user") AS "user", min(spelled) AS spelled, bool_or(bot) AS bot, count(*) AS given
    FROM lgtm WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz GROUP BY person
""")
GIVEN: LiteralString = "given DESC, person"
USER: dict[str, LiteralString] = {"user": "person"}
CREATOR_SORTS = {
    **USER,
    **{name: name for name in ("total_prs", "merged_prs", "closed_prs")},
    "median_commits_per_pr": median("commits_per_pr"),
}
REVIEWER_SORTS = {
    **USER,
    **{name: name for name in ("total_reviews", "prs_reviewed", "cross_team_reviews")},
    "median_reviews_per_pr": median("reviews_per_pr"),
}
LISTED = sql.SQL("WITH {facts}, people AS MATERIALIZED ({people}) SELECT people.* FROM people WHERE {chosen}")
LISTED_BY_LABEL = sql.SQL("""
WITH {facts}, people AS MATERIALIZED ({people})
SELECT person, {named} AS "user", given FROM people LEFT JOIN {known} USING (person) WHERE {chosen}
""")
"""Materialized, so that who is chosen is asked of each person and not of each row that the person is counted from."""


def creators(asked: People) -> ListQuery:
    """Authors by what they opened, merged and closed in the window."""
    query = LISTED.format(facts=_facts(asked), people=CREATORS, chosen=sql.SQL(CHOSEN))
    order = sql.SQL("total_prs DESC, merged_prs DESC, closed_prs DESC, person")
    return ListQuery(query, order, {**asked.arguments(), "prefix": ""}, sorts=CREATOR_SORTS)


def reviewers(asked: People, teams: dict[str, Any] | None = None) -> ListQuery:
    """Reviewers of others' pull requests, by reviews submitted in the window. `teams`: from team_arguments; None: it is
    not known of any review whether it is across teams.
    """
    judged = [] if teams is None else [team_reviews()]
    of, across = ("reviews", "NULL::boolean") if teams is None else ("team_reviews", "cross_team")
    facts = sql.SQL(", ").join([sql.SQL(FACTS), *judged])
    people = REVIEWERS.format(reviews=statistics("reviews"), of=sql.SQL(of), across=sql.SQL(across))
    query = LISTED.format(facts=facts, people=people, chosen=sql.SQL(CHOSEN))
    order = sql.SQL("total_reviews DESC, prs_reviewed DESC, person")
    return ListQuery(query, order, {**asked.arguments(), "prefix": "", **(teams or {})}, sorts=REVIEWER_SORTS)


def approvers(asked: People, prefix: str) -> ListQuery:
    """Who approved pull requests of others in the window, by review or by label."""
    return _by_label(asked, APPROVERS, ("total_approvals", "prs_approved"), prefix)


def lgtm(asked: People, prefix: str) -> ListQuery:
    """Who marked pull requests of others with the label in the window."""
    return _by_label(asked, LGTM, ("total_lgtm", "prs_lgtm"), prefix)


def _by_label(asked: People, people: sql.Composable, counts: Sequence[str], prefix: str) -> ListQuery:
    """People of whom some are known by labels only."""
    query = LISTED_BY_LABEL.format(facts=_facts(asked), people=people, named=NAMED, known=KNOWN, chosen=sql.SQL(CHOSEN))
    sorts: dict[str, LiteralString] = {**USER, **dict.fromkeys(counts, "given")}
    return ListQuery(query, sql.SQL(GIVEN), {**asked.arguments(), "prefix": prefix}, sorts=sorts)


def _facts(asked: People) -> sql.Composed:
    return sql.SQL(", ").join([sql.SQL(FACTS), approvals(asked)])
