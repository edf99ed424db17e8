"""GET /api/metrics/contributors: who opens, reviews and approves pull requests."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from github_metrics.api.pages import Pagination, TimeRange, pagination
from github_metrics.api.people import AskedPeople, Taken
from github_metrics.api.problems import PROBLEMS
from github_metrics.api.requests import Page
from projections import contributor_queries
from projections.contributor_queries import Listed, Part
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


class Reviewer(BaseModel):
    """One person's reviews of others' pull requests, submitted in the window."""

    user: str = USER
    total_reviews: int
    prs_reviewed: int
    avg_reviews_per_pr: float | None = Field(description="total_reviews / prs_reviewed, two decimals")
    median_reviews_per_pr: float | None
    cross_team_reviews: int | None = Field(description="null: not known without a teams file")


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

    data: list[Row]
    pagination: Pagination


class Contributors(BaseModel):
    """The same page of four lists; each has a pagination of its own."""

    time_range: TimeRange
    pr_creators: PageOf[Creator]
    pr_reviewers: PageOf[Reviewer]
    pr_approvers: PageOf[Approver]
    pr_lgtm: PageOf[Lgtm]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _creator(row: Record) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("user", "total_prs", "merged_prs", "closed_prs", "median_commits_per_pr")},
        "avg_commits_per_pr": _rounded(row["avg_commits_per_pr"], 1),
    }


def _reviewer(row: Record) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("user", "total_reviews", "prs_reviewed", "median_reviews_per_pr")},
        "avg_reviews_per_pr": _rounded(row["avg_reviews_per_pr"], 2),
        "cross_team_reviews": None,
    }


@router.get("/contributors", operation_id="get_metrics_contributors", responses=PROBLEMS)
async def get_metrics_contributors(
    request: Request,
    snapshot: Taken,
    asked: AskedPeople,
    page: Page = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="people on a page of each list")] = 10,
) -> Contributors:
    """Who opened, reviewed and approved pull requests, and how many. Times are GitHub's."""
    part, state = Part(page_size, (page - 1) * page_size), request.app.state
    creators = await contributor_queries.creators(snapshot, asked, part)
    reviewers = await contributor_queries.reviewers(snapshot, asked, part)
    approvers = await contributor_queries.approvers(snapshot, asked, part, state.approval_label_prefix)
    lgtm = await contributor_queries.lgtm(snapshot, asked, part, state.lgtm_label_prefix)

    def shown(listed: Listed, data: list[dict[str, Any]]) -> dict[str, Any]:
        return {"data": data, "pagination": pagination(listed.total, page, page_size)}

    return Contributors.model_validate(
        {
            "time_range": {"start_time": asked.start, "end_time": asked.end},
            "pr_creators": shown(creators, [_creator(row) for row in creators.rows]),
            "pr_reviewers": shown(reviewers, [_reviewer(row) for row in reviewers.rows]),
            "pr_approvers": shown(approvers, _given(approvers, "total_approvals", "prs_approved")),
            "pr_lgtm": shown(lgtm, _given(lgtm, "total_lgtm", "prs_lgtm")),
        }
    )


def _given(listed: Listed, *names: str) -> list[dict[str, Any]]:
    """Once for each pull request: the total and the number of pull requests are the same."""
    return [{"user": row["user"], **dict.fromkeys(names, row["given"])} for row in listed.rows]
