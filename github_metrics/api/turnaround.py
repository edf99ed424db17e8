"""GET /api/metrics/turnaround: how soon pull requests are reviewed and done, and how soon reviewers answer."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.csv_answers import Table, csv_answer, each
from github_metrics.api.lists import LIST, Format, Paging, Sort, link_longest, sorted_by, wants_csv
from github_metrics.api.pages import Pagination, TimeRange, pagination
from github_metrics.api.requests import MAX_PAGE
from github_metrics.api.statistics import named_statistics
from projections.queries import turnaround_queries
from projections.queries.listing import Rows
from projections.queries.turnaround_queries import SPEEDS
from replay.snapshot import Record

router = APIRouter(tags=["pull requests"])

HOUR = 3600
DEFAULT_SIZE = 10
Lists = Literal["by_repository", "by_reviewer"]


class Speeds(BaseModel):
    """How soon pull requests that became ready in the window got on, in hours, one decimal. Null where none did."""

    avg_time_to_first_review_hours: float | None = Field(description="from ready; drafts are not waited for")
    median_time_to_first_review_hours: float | None
    p75_time_to_first_review_hours: float | None
    p90_time_to_first_review_hours: float | None
    time_to_first_review_hours_count: int
    avg_time_to_approval_hours: float | None = Field(description="from ready to an approving review")
    median_time_to_approval_hours: float | None
    p75_time_to_approval_hours: float | None
    p90_time_to_approval_hours: float | None
    time_to_approval_hours_count: int
    avg_time_to_first_verified_hours: float | None = Field(description="from ready to a label that says verified")
    median_time_to_first_verified_hours: float | None
    p75_time_to_first_verified_hours: float | None
    p90_time_to_first_verified_hours: float | None
    time_to_first_verified_hours_count: int
    avg_time_to_first_changes_requested_hours: float | None = Field(description="from ready")
    median_time_to_first_changes_requested_hours: float | None
    p75_time_to_first_changes_requested_hours: float | None
    p90_time_to_first_changes_requested_hours: float | None
    time_to_first_changes_requested_hours_count: int
    avg_pr_lifecycle_hours: float | None = Field(description="from opened to merged, or to the last close")
    median_pr_lifecycle_hours: float | None
    p75_pr_lifecycle_hours: float | None
    p90_pr_lifecycle_hours: float | None
    pr_lifecycle_hours_count: int
    open_count: int = Field(description="still open: how long they will take is not known")


class Summary(Speeds):
    """The same of all of them."""

    total_prs_analyzed: int = Field(description="pull requests that became ready in the window")


class OfRepository(BaseModel):
    """Which repository, and how much of it."""

    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    total_prs: int


class RepositoryTurnaround(Speeds, OfRepository):
    """The same of one repository."""


class ReviewerTurnaround(BaseModel):
    """One person's reviews of others' pull requests, submitted in the window."""

    reviewer: str = Field(description="login; ghost where the account is gone", examples=["octocat"])
    avg_response_time_hours: float | None = Field(description="from a request of the window to this person's review")
    median_response_time_hours: float | None
    p75_response_time_hours: float | None
    p90_response_time_hours: float | None
    response_time_hours_count: int = Field(description="requests that were answered")
    total_reviews: int
    repositories_reviewed: list[str]


class Turnaround(BaseModel):
    """In all, by repository (the largest first) and by reviewer (the busiest first)."""

    time_range: TimeRange
    summary: Summary
    by_repository: list[RepositoryTurnaround]
    by_repository_pagination: Pagination
    by_reviewer: list[ReviewerTurnaround]
    by_reviewer_pagination: Pagination


def _speeds(row: Record) -> dict[str, Any]:
    told: dict[str, Any] = {"open_count": row["open_count"]}
    for name in SPEEDS:
        told |= named_statistics(f"{name}_hours", row[name], unit=HOUR)
    return told


def _repository(row: Record) -> dict[str, Any]:
    return {"repository": row["repository"], "total_prs": row["total_prs"], **_speeds(row)}


def _reviewer(row: Record) -> dict[str, Any]:
    names = ("reviewer", "total_reviews", "repositories_reviewed")
    response = named_statistics("response_time_hours", row["response_time"], unit=HOUR)
    return {**{name: row[name] for name in names}, **response}


MODELS: dict[Lists, type[BaseModel]] = {"by_repository": RepositoryTurnaround, "by_reviewer": ReviewerTurnaround}
REPOSITORY_SORTS = ("repository", "total_prs", "open_count", *(f"median_{name}_hours" for name in SPEEDS))
REVIEWER_SORTS = ("reviewer", "total_reviews", "median_response_time_hours")


@router.get("/turnaround", operation_id="get_review_turnaround", response_model=Turnaround, responses=LIST)
async def get_review_turnaround(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*turnaround_queries.READS)],
    form: Annotated[Format | None, Query(alias="format", description="csv: one of the lists as CSV")] = None,
    which: Annotated[Lists, Query(alias="list", description="which of the lists, for CSV and sort")] = "by_repository",
    sort: Sort = None,
    page: Annotated[int | None, Query(ge=1, le=MAX_PAGE, description="of each list, from 1")] = None,
    page_size: Annotated[int | None, Query(ge=1, le=1000, description="without it and page: the whole lists")] = None,
) -> Any:
    """Hours from ready to first review, approval and verification, of what became ready in the window, and to the end;
    by repository (users are authors), and the response time of each reviewer (users are reviewers).
    """
    whole, repositories = await turnaround_queries.of_pull_requests(asked.snapshot, asked.people)
    reviewers = await turnaround_queries.of_reviewers(asked.snapshot, asked.people)
    found = {
        "by_repository": Rows([_repository(row) for row in repositories], REPOSITORY_SORTS),
        "by_reviewer": Rows([_reviewer(row) for row in reviewers], REVIEWER_SORTS),
    }
    found[which] = sorted_by(found[which], sort)
    if wants_csv(request, form):
        return await csv_answer(request, response, Table(which, MODELS[which], each(found[which].rows)))
    lists: dict[str, Any] = {}
    for name, rows in ((name, of.rows) for name, of in found.items()):
        paging = _paging(page, page_size, len(rows))
        lists[name] = rows[paging.part.offset : paging.part.offset + paging.part.limit]
        lists[f"{name}_pagination"] = pagination(len(rows), paging.page, paging.page_size)
    if page is not None or page_size is not None:
        link_longest(request, response, (lists[f"{name}_pagination"] for name in found))
    return Turnaround.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "summary": {"total_prs_analyzed": whole["total_prs"], **_speeds(whole)},
            **lists,
        }
    )


def _paging(page: int | None, page_size: int | None, total: int) -> Paging:
    """Readers who know of no pages get all of the list as one."""
    if page is None and page_size is None:
        return Paging(1, max(total, 1))
    return Paging(page or 1, page_size or DEFAULT_SIZE)
