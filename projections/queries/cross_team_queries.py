"""Reviews across teams: by somebody of another team than the pull request's."""

from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from projections.queries.people import CHOSEN, FACTS, People
from projections.queries.sections import Section
from projections.queries.team_queries import team_reviews

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings")
"""The projections that the answers are made of, besides those that name repositories and bots."""

JUDGED = sql.SQL("""
    judged AS MATERIALIZED (
        SELECT repository_id, number, review_id, at, state, "user", label, pr_teams, reviewer_teams, cross_team
        FROM team_reviews
        WHERE {chosen}
        AND (%(reviewer_team)s::text IS NULL OR reviewer_teams ? %(reviewer_team)s)
        AND (%(pr_team)s::text IS NULL OR %(pr_team)s = ANY(pr_teams))
    )
""").format(chosen=sql.SQL(CHOSEN))
LISTED = sql.SQL("""
    listed AS MATERIALIZED (
        SELECT j.number AS pr_number, j.repository_id, names.full_name AS repository, j."user" AS reviewer,
               j.reviewer_teams, j.label AS pr_sig_label, j.pr_teams, j.state AS review_type, j.at AS created_at,
               j.review_id
        FROM judged j LEFT JOIN repositories names USING (repository_id) WHERE j.cross_team
    )
""")
SUMMARY = sql.SQL("""
    SELECT count(cross_team) AS known, count(*) FILTER (WHERE cross_team IS NULL) AS unknown,
           (SELECT jsonb_object_agg(team, reviews) FROM (
               SELECT team, count(*) AS reviews FROM listed, jsonb_array_elements_text(reviewer_teams) AS team
               GROUP BY team
           ) AS counted) AS by_reviewer_team,
           (SELECT jsonb_object_agg(team, reviews) FROM (
               SELECT team, count(*) AS reviews FROM listed, unnest(pr_teams) AS team GROUP BY team
           ) AS counted) AS by_pr_team,
           (SELECT jsonb_agg(counted ORDER BY reviewer_team, pr_team) FROM (
               SELECT reviewer_team, pr_team, count(*) AS reviews
               FROM judged, jsonb_array_elements_text(reviewer_teams) AS reviewer_team, unnest(pr_teams) AS pr_team
               WHERE cross_team IS NOT NULL AND (cross_team OR reviewer_team = pr_team) GROUP BY reviewer_team, pr_team
           ) AS counted) AS by_teams
    FROM judged
""")
ORDER = sql.SQL("created_at DESC, repository_id, review_id DESC")
SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("created_at", "repository", "pr_number", "review_type", "pr_sig_label")},
    "reviewer": "lower(reviewer)",
    "reviewer_team": "reviewer_teams ->> 0",
    "pr_team": "pr_teams[1]",
}
PARTS = sql.SQL(", ").join([sql.SQL(FACTS), team_reviews(), JUDGED, LISTED])

cross_team_reviews = Section(PARTS, SUMMARY, ORDER, sorts=SORTS)
"""Reviews of the window that are known to be across teams, the newest first; how many by team, and of how many reviews
that is known and not.
"""


@dataclass(frozen=True, slots=True)
class Sides:
    """Keys of the teams that are asked for; None: all."""

    reviewer_team: str | None = None
    pr_team: str | None = None


def arguments(asked: People, teams: dict[str, Any], sides: Sides) -> dict[str, Any]:
    """`teams`: from team_arguments."""
    sought = {"reviewer_team": sides.reviewer_team, "pr_team": sides.pr_team}
    return {**asked.arguments(), **teams, **sought, "prefix": ""}
