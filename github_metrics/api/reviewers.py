"""GET /api/metrics/reviewers: what is asked of reviewers, how soon they answer, and what they have done."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paged, Sort, paginated, sorted_by, whole
from github_metrics.api.pages import Pagination, TimeRange
from github_metrics.api.problems import BadParameter
from github_metrics.api.statistics import Statistics, statistics
from github_metrics.api.teams import teams_now
from projections.queries import reviewer_queries
from projections.queries.reviewer_queries import Kind, reviewers
from projections.queries.team_queries import team_arguments
from projections.queries.teams import Teams
from replay.snapshot import Record

router = APIRouter(tags=["people"])

COUNTS = ("open_requests", "requests", "answered", "pending", "withdrawn", "unanswered", "reviews")


class Load(BaseModel):
    """Requests for review, and reviews."""

    open_requests: int = Field(description="open pull requests that ask for a review now, whenever that was asked")
    requests: int = Field(description="made in the window; each is one of the next four")
    answered: int = Field(description="reviewed since, at whatever time")
    pending: int = Field(description="still asked for")
    withdrawn: int = Field(description="taken back, or asked anew before it was answered")
    unanswered: int = Field(description="merged or closed before there was an answer")
    response_time: Statistics = Field(description="seconds from each answered request to the next review")
    reviews: int = Field(description="submitted in the window to pull requests of others")


class Asked(BaseModel):
    """Of whom a review is asked."""

    reviewer: str = Field(description="login; with kind=team, the team", examples=["octocat"])


class ReviewerLoad(Load, Asked):
    """One person, or one team, for which any member answers."""

    prs_reviewed: int
    rounds: int = Field(description="reviews in the window that answered a request, or a push since the last review")
    rounds_per_pr: Statistics = Field(description="of the pull requests reviewed in the window")


class ReviewersSummary(Load):
    """All of them together."""

    reviewers: int = Field(description="how many are listed")
    review_gini: float | None = Field(description="0: all review the same; towards 1: one does it all")
    review_rounds: Statistics = Field(description="of each pull request reviewed, the most of any reviewer")


class Reviewers(BaseModel):
    """Reviewers, the most open requests first, then by name."""

    time_range: TimeRange
    kind: Kind
    data: list[ReviewerLoad]
    summary: ReviewersSummary
    pagination: Pagination


@router.get("/reviewers", operation_id="get_reviewers", response_model=Reviewers, responses=LIST)
async def get_reviewers(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*reviewer_queries.READS)],
    paging: Paged,
    kind: Annotated[Kind, Query(description="people, or teams that are asked, for which any member answers")] = "user",
    sort: Sort = None,
) -> Any:
    """How many reviews are asked of each person now, how soon requests are answered, review rounds, and how evenly
    reviews are spread.
    """
    if kind == "team" and (asked.people.users or asked.people.excluded):
        raise BadParameter("users and exclude_users are about people: leave them out with kind=team")
    teams = teams_now(request).teams
    known = await team_arguments(asked.snapshot, teams)
    section = sorted_by(reviewers(asked.people, kind), sort)
    arguments = reviewer_queries.arguments(asked.people, known, kind)

    def shown(row: Record) -> dict[str, Any]:
        return _reviewer(row, teams if kind == "team" else None)

    if paging.csv:
        return await whole(
            request, response, asked.snapshot, section.whole(arguments), ReviewerLoad, "reviewers", shown
        )
    found = await section.page(asked.snapshot, arguments, paging.part)
    return {
        "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
        "kind": kind,
        "data": [shown(row) for row in found.rows],
        "summary": {"reviewers": found.total, **_summary(found.summary)},
        "pagination": paginated(request, response, found.total, paging),
    }


def _reviewer(row: Record, teams: Teams | None) -> dict[str, Any]:
    """`teams`: where the row is about a team."""
    told = {name: statistics(row[name]) for name in ("response_time", "rounds_per_pr")}
    reviewer = row["reviewer"] if teams is None else teams.called(row["person"], row["reviewer"])
    return {"reviewer": reviewer, **{name: row[name] for name in (*COUNTS, "prs_reviewed", "rounds")}, **told}


def _summary(row: Record) -> dict[str, Any]:
    told = {name: statistics(row[name]) for name in ("response_time", "review_rounds")}
    return {**{name: row[name] for name in (*COUNTS, "review_gini")}, **told}
