"""GET /api/metrics/contributors: who opens, reviews and approves pull requests."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import State

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paged, Sort, link_longest, sorted_by, whole
from github_metrics.api.pages import Pagination, TimeRange, pagination
from github_metrics.api.statistics import named_statistics
from github_metrics.api.teams import teams_now
from projections.queries import contributor_queries
from projections.queries.listing import ListQuery
from projections.queries.people import People
from projections.queries.team_queries import team_arguments
from projections.queries.user_pull_request_queries import Role
from replay.snapshot import Record

router = APIRouter(tags=["people"])

USER = Field(description="login; ghost where the account is gone", examples=["octocat"])


class Creator(BaseModel):
    """What one author's pull requests came to in the window."""

    user: str = USER
    total_prs: int = Field(description="opened in the window")
    merged_prs: int = Field(description="merged in the window, whenever they were opened")
    closed_prs: int = Field(description="closed unmerged in the window, and not reopened since")
    avg_commits_per_pr: float | None = Field(description="commits as last told, of those opened; one decimal")
    median_commits_per_pr: float | None
    p75_commits_per_pr: float | None
    p90_commits_per_pr: float | None
    commits_per_pr_count: int = Field(description="of those opened, how many told their commits")


class Reviewer(BaseModel):
    """One person's reviews of others' pull requests, submitted in the window."""

    user: str = USER
    total_reviews: int
    prs_reviewed: int
    avg_reviews_per_pr: float | None = Field(description="total_reviews / prs_reviewed, two decimals")
    median_reviews_per_pr: float | None
    p75_reviews_per_pr: float | None
    p90_reviews_per_pr: float | None
    reviews_per_pr_count: int = Field(description="pull requests reviewed")
    cross_team_reviews: int | None = Field(description="null: not known, for lack of teams")


class Approver(BaseModel):
    """The pull requests of others that one person approved in the window, by review or by label."""

    user: str = USER
    total_approvals: int = Field(description="each pull request once, when it was first approved by this person")
    prs_approved: int


class Lgtm(BaseModel):
    """The pull requests of others that carry one person's LGTM label since some time in the window."""

    user: str = USER
    total_lgtm: int = Field(description="each pull request once, when the label was first put on")
    prs_lgtm: int


Row = TypeVar("Row", bound=BaseModel)


class PageOf(BaseModel, Generic[Row]):
    """A page of one of the lists, the busiest first."""

    model_config = ConfigDict(json_schema_extra={"description": "A page of one of the lists, the busiest first."})

    data: list[Row]
    pagination: Pagination


class Contributors(BaseModel):
    """The same page of four lists; each has a pagination of its own."""

    time_range: TimeRange
    pr_creators: PageOf[Creator]
    pr_reviewers: PageOf[Reviewer]
    pr_approvers: PageOf[Approver]
    pr_lgtm: PageOf[Lgtm]


def _creator(row: Record) -> dict[str, Any]:
    commits = named_statistics("commits_per_pr", row["commits_per_pr"])
    return {**{name: row[name] for name in ("user", "total_prs", "merged_prs", "closed_prs")}, **commits}


def _reviewer(row: Record) -> dict[str, Any]:
    reviews = named_statistics("reviews_per_pr", row["reviews_per_pr"], digits=2)
    same = ("user", "total_reviews", "prs_reviewed", "cross_team_reviews")
    return {**{name: row[name] for name in same}, **reviews}


def _approver(row: Record) -> dict[str, Any]:
    """Once for each pull request: the total and the number of pull requests are the same."""
    return {"user": row["user"], "total_approvals": row["given"], "prs_approved": row["given"]}


def _lgtm(row: Record) -> dict[str, Any]:
    return {"user": row["user"], "total_lgtm": row["given"], "prs_lgtm": row["given"]}


SHOWN: dict[Role, tuple[type[BaseModel], Callable[[Record], dict[str, Any]]]] = {
    "pr_creators": (Creator, _creator),
    "pr_reviewers": (Reviewer, _reviewer),
    "pr_approvers": (Approver, _approver),
    "pr_lgtm": (Lgtm, _lgtm),
}


@router.get("/contributors", operation_id="get_metrics_contributors", response_model=Contributors, responses=LIST)
async def get_metrics_contributors(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*contributor_queries.READS)],
    paging: Paged,
    role: Annotated[Role, Query(alias="list", description="which of the lists, for CSV and sort")] = "pr_creators",
    sort: Sort = None,
) -> Any:
    """Who opened, reviewed and approved pull requests, and how many. Times are GitHub's."""
    teams = teams_now(request).teams
    known = await team_arguments(asked.snapshot, teams) if teams.teams else None
    queries = _queries(asked.people, request.app.state, known)
    queries[role] = sorted_by(queries[role], sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, queries[role], SHOWN[role][0], role, SHOWN[role][1])
    found = {name: await query.page(asked.snapshot, paging.part) for name, query in queries.items()}
    lists: dict[str, dict[str, Any]] = {
        name: {
            "data": [SHOWN[name][1](row) for row in of.rows],
            "pagination": pagination(of.total, paging.page, paging.page_size),
        }
        for name, of in found.items()
    }
    link_longest(request, response, (one["pagination"] for one in lists.values()))
    time_range = {"start_time": asked.people.start, "end_time": asked.people.end}
    return Contributors.model_validate({"time_range": time_range, **lists})


def _queries(people: People, state: State, teams: dict[str, Any] | None) -> dict[Role, ListQuery]:
    return {
        "pr_creators": contributor_queries.creators(people),
        "pr_reviewers": contributor_queries.reviewers(people, teams),
        "pr_approvers": contributor_queries.approvers(people, state.approval_label_prefix),
        "pr_lgtm": contributor_queries.lgtm(people, state.lgtm_label_prefix),
    }
