"""GET /api/metrics/cross-team-reviews: reviews by somebody of another team than the pull request's."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paging, Sort, pages, paginated, sorted_by, whole
from github_metrics.api.pages import Pagination, Time, TimeRange
from github_metrics.api.requests import text
from github_metrics.api.teams import TeamsFileState, file_state, teams_now
from projections.queries import cross_team_queries
from projections.queries.cross_team_queries import Sides, cross_team_reviews
from projections.queries.team_queries import team_arguments
from projections.queries.teams import Teams
from replay.snapshot import Record

router = APIRouter(tags=["people"])

TeamName = Annotated[str | None, Query(max_length=200, description="a team, with or without the prefix of its label")]


class CrossTeamReview(BaseModel):
    """A review by somebody of another team than the pull request's."""

    pr_number: int
    repository: str | None
    reviewer: str
    reviewer_team: str = Field(description="as the teams file writes it; of several, the first there")
    reviewer_teams: list[str]
    pr_team: str = Field(description="that of the first label that names one, else the author's")
    pr_teams: list[str] = Field(description="more than one only where its author is in several")
    pr_sig_label: str | None = Field(description="the label; null: the team is the author's")
    review_type: str = Field(description="approved, changes_requested or commented")
    created_at: Time = Field(description="when it was submitted")


class Crossing(BaseModel):
    """Reviews by one team of another's pull requests, or of its own."""

    reviewer_team: str
    pr_team: str
    reviews: int


class CrossTeamSummary(BaseModel):
    """What they come to. Null without teams: it is not known."""

    total_cross_team_reviews: int | None
    total_reviews: int | None = Field(description="reviews of which it is known, across teams or not")
    reviews_without_team: int = Field(description="reviews of which it is not: reviewer or pull request has no team")
    by_reviewer_team: dict[str, int] = Field(description="who is in two teams counts for both")
    by_pr_team: dict[str, int]
    by_teams: list[Crossing] = Field(description="of all reviews of which it is known, those within a team too")


class CrossTeamReviews(BaseModel):
    """Reviews across teams, the newest first."""

    time_range: TimeRange
    data: list[CrossTeamReview]
    summary: CrossTeamSummary
    pagination: Pagination
    teams_file: TeamsFileState


@router.get(
    "/cross-team-reviews",
    operation_id="get_metrics_cross_team_reviews",
    response_model=CrossTeamReviews,
    responses=LIST,
)
async def get_metrics_cross_team_reviews(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*cross_team_queries.READS)],
    paging: Annotated[Paging, pages(25)],
    reviewer_team: TeamName = None,
    pr_team: TeamName = None,
    sort: Sort = None,
) -> Any:
    """Reviews by people of another team than the pull request's, and how many by team. A pull request is of the team
    that its first team label names, else of its author's.
    """
    now = teams_now(request)
    sides = Sides(_key(now.teams, reviewer_team), _key(now.teams, pr_team))
    known = await team_arguments(asked.snapshot, now.teams)
    arguments = cross_team_queries.arguments(asked.people, known, sides)
    section = sorted_by(cross_team_reviews, sort)

    def shown(row: Record) -> dict[str, Any]:
        return _review(row, now.teams)

    if paging.csv:
        query = section.whole(arguments)
        return await whole(request, response, asked.snapshot, query, CrossTeamReview, "cross-team-reviews", shown)
    found = await section.page(asked.snapshot, arguments, paging.part)
    return {
        "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
        "data": [shown(row) for row in found.rows],
        "summary": {**_summary(found.summary, now.teams), **_total(found.total, now.teams)},
        "pagination": paginated(request, response, found.total, paging),
        "teams_file": file_state(now),
    }


def _key(teams: Teams, name: str | None) -> str | None:
    return None if name is None else teams.key(text(name))


def _review(row: Record, teams: Teams) -> dict[str, Any]:
    of_reviewer, of_pull_request = ([teams.called(key) for key in row[of]] for of in ("reviewer_teams", "pr_teams"))
    same = ("pr_number", "repository", "reviewer", "pr_sig_label", "review_type", "created_at")
    return {
        **{name: row[name] for name in same},
        "reviewer_team": of_reviewer[0],
        "reviewer_teams": of_reviewer,
        "pr_team": of_pull_request[0],
        "pr_teams": of_pull_request,
    }


def _total(total: int, teams: Teams) -> dict[str, Any]:
    return {"total_cross_team_reviews": total if teams.teams else None}


def _summary(row: Record, teams: Teams) -> dict[str, Any]:
    def by_team(counts: dict[str, int] | None) -> dict[str, int]:
        return dict(sorted((teams.called(key), count) for key, count in (counts or {}).items()))

    return {
        "total_reviews": row["known"] if teams.teams else None,
        "reviews_without_team": row["unknown"],
        "by_reviewer_team": by_team(row["by_reviewer_team"]),
        "by_pr_team": by_team(row["by_pr_team"]),
        "by_teams": [_crossing(of, teams) for of in row["by_teams"] or ()],
    }


def _crossing(of: dict[str, Any], teams: Teams) -> dict[str, Any]:
    return {**of, **{side: teams.called(of[side]) for side in ("reviewer_team", "pr_team")}}
