"""GET /api/metrics/pull-requests: the list of pull requests, each with its phases."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paged, listed, whole
from github_metrics.api.pages import Pagination, Time
from github_metrics.api.problems import BadParameter
from github_metrics.api.requests import Names, text
from projections.queries import pull_request_queries
from projections.queries.people import Window
from projections.queries.pull_request_queries import COLUMNS, Size, State
from replay.snapshot import Record

router = APIRouter(tags=["pull requests"])

SECONDS = "seconds; only of merged ones"


class PullRequest(BaseModel):
    """One pull request, as it is now. Durations are in seconds; null is what is not known or has not happened."""

    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    number: int
    title: str | None
    author: str = Field(description="login; ghost where the account is gone")
    state: str | None = Field(description="open, closed (unmerged) or merged")
    draft: bool | None
    labels: list[str] | None
    url: str | None
    opened_at: Time | None
    ready_at: Time | None = Field(description="when review could begin")
    first_review_at: Time | None
    approved_at: Time | None
    merged_at: Time | None
    closed_at: Time | None
    updated_at: Time | None
    age: float | None = Field(description="seconds since it was opened; only of open ones")
    size: int | None = Field(description="additions + deletions, as last told")
    size_bucket: str | None = Field(description="XS 0–9, S 10–29, M 30–99, L 100–499, XL 500–999, XXL 1000+")
    additions: int | None
    deletions: int | None
    changed_files: int | None
    commits: int | None
    draft_time: float | None = Field(description=SECONDS)
    pickup_time: float | None = Field(description=SECONDS)
    review_time: float | None = Field(description=SECONDS)
    merge_time: float | None = Field(description=SECONDS)
    cycle_time: float | None = Field(description=f"{SECONDS}: exactly the sum of the four phases")
    time_to_first_review: float | None = Field(description="seconds from ready")
    time_to_approval: float | None = Field(description="seconds from ready")
    imputed: list[str] = Field(description="phases that stand for a review or approval that never was")
    clamped: bool = Field(description="something was told in an impossible order, and a boundary was moved")
    reopened: int = Field(description="how often it was reopened")
    merged_without_review: bool
    stale: bool = Field(description="open, no draft, and untouched for 14 days but by its author and bots")


class PullRequests(BaseModel):
    """A page of pull requests."""

    data: list[PullRequest]
    pagination: Pagination


def _sorting(sort: str) -> tuple[str, bool]:
    """The column and whether it descends. Raises BadParameter."""
    name = sort.removeprefix("-")
    if name not in COLUMNS:
        raise BadParameter(f"sort is none of the columns, each with or without '-' before it: {', '.join(COLUMNS)}")
    return name, sort.startswith("-")


def _shown(row: Record) -> dict[str, Any]:
    return {name: round(value, 1) if isinstance(value := row[name], float) else value for name in COLUMNS}


def _of_open_ones(request: Request, _window: Window) -> bool:
    """Those that are done have no age, and are not stale."""
    return request.query_params.get("state") not in ("closed", "merged")


@router.get("/pull-requests", operation_id="get_pull_requests", response_model=PullRequests, responses=LIST)
async def get_pull_requests(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*pull_request_queries.READS, clock=_of_open_ones)],
    paging: Paged,
    state: Annotated[State | None, Query(description="closed: unmerged")] = None,
    draft: Annotated[bool | None, Query(description="drafts, or none")] = None,
    label: Annotated[Names, Query(description="with all of these labels")] = None,
    size: Annotated[list[Size] | None, Query(description="one of these sizes")] = None,
    stale: Annotated[bool | None, Query(description="14 days untouched by others")] = None,
    search: Annotated[str | None, Query(max_length=200, description="part of the title, or number")] = None,
    sort: Annotated[str, Query(max_length=40, description="a field of the answer; -field: descending")] = "-opened_at",
) -> Any:
    """Pull requests with state, age, size, labels and phases (in seconds), filtered and sorted. The window is of when
    they were opened; closed or merged, where state says so. users are authors.
    """
    column, descending = _sorting(sort)
    filters = pull_request_queries.Asked(
        now=asked.now,
        state=state,
        draft=draft,
        labels=[text(name) for name in label] if label else None,
        sizes=size or None,
        stale=stale,
        text=text(search) if search else None,
    )
    query = pull_request_queries.pull_requests(asked.people, filters, column, descending=descending)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, PullRequest, "pull-requests", _shown)
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    return PullRequests.model_validate({"data": [_shown(row) for row in rows], "pagination": described})
