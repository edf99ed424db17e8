"""Reviews across teams: by somebody of another team than the pull request's."""

from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from projections.listing import ListQuery
from projections.people import CHOSEN, FACTS, People
from projections.team_queries import TEAMS
from replay.snapshot import Record, Snapshot

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings")
"""The projections that the answers are made of, besides those that name repositories and bots."""

JUDGED: LiteralString = """
    judged AS MATERIALIZED (
        SELECT * FROM (
            SELECT v.repository_id, v.number, v.review_id, v.at, v.state, v.person, v."user", v.bot, t.label,
                   t.teams AS pr_teams, m.teams AS reviewer_teams, NOT (m.teams && t.teams) AS cross_team
            FROM reviews v
            JOIN pull_teams t USING (repository_id, number)
            LEFT JOIN team_members m ON m.person = v.person AND m.scope = t.scope
            WHERE v.at >= %(start)s::timestamptz AND v.at < %(end)s::timestamptz
        ) AS reviewed
        WHERE {chosen}
        AND (%(reviewer_team)s::text IS NULL OR %(reviewer_team)s = ANY(reviewer_teams))
        AND (%(pr_team)s::text IS NULL OR %(pr_team)s = ANY(pr_teams))
    )
"""
"""`cross_team` is null where the reviewer or the pull request is of no team that is known."""

LISTED = sql.SQL(
    """
WITH {facts}, {teams}, {judged}
SELECT j.number AS pr_number, j.repository_id, names.full_name AS repository, j."user" AS reviewer, j.reviewer_teams,
       j.label AS pr_sig_label, j.pr_teams, j.state AS review_type, j.at AS created_at, j.review_id
FROM judged j LEFT JOIN repositories names USING (repository_id) WHERE j.cross_team
"""
)
SUMMARY = sql.SQL(
    """
WITH {facts}, {teams}, {judged}, across AS (SELECT * FROM judged WHERE cross_team)
SELECT (SELECT count(*) FROM across) AS total,
       (SELECT count(*) FROM judged WHERE cross_team IS NOT NULL) AS known,
       (SELECT count(*) FROM judged WHERE cross_team IS NULL) AS unknown,
       (SELECT jsonb_object_agg(team, reviews) FROM (
           SELECT team, count(*) AS reviews FROM across, unnest(reviewer_teams) AS team GROUP BY team
       ) AS counted) AS by_reviewer_team,
       (SELECT jsonb_object_agg(team, reviews) FROM (
           SELECT team, count(*) AS reviews FROM across, unnest(pr_teams) AS team GROUP BY team
       ) AS counted) AS by_pr_team
"""
)


@dataclass(frozen=True, slots=True)
class Sides:
    """Keys of the teams that are asked for; None: all."""

    reviewer_team: str | None = None
    pr_team: str | None = None


def cross_team_reviews(asked: People, teams: dict[str, Any], sides: Sides) -> ListQuery:
    """Reviews that are known to be across teams, submitted in the window, the newest first. `teams`: from
    team_arguments.
    """
    order = sql.SQL("created_at DESC, repository_id, review_id DESC")
    return ListQuery(_about(LISTED), order, _arguments(asked, teams, sides))


async def cross_team_summary(snapshot: Snapshot, asked: People, teams: dict[str, Any], sides: Sides) -> Record:
    """How many these are, and by team; and of how many reviews that is known and not."""
    return await snapshot.one(_about(SUMMARY), _arguments(asked, teams, sides))


def _about(query: sql.SQL) -> sql.Composed:
    judged = sql.SQL(JUDGED).format(chosen=sql.SQL(CHOSEN))
    return query.format(facts=sql.SQL(FACTS), teams=TEAMS, judged=judged)


def _arguments(asked: People, teams: dict[str, Any], sides: Sides) -> dict[str, Any]:
    sought = {"reviewer_team": sides.reviewer_team, "pr_team": sides.pr_team}
    return {**asked.arguments(), **teams, **sought, "prefix": ""}
