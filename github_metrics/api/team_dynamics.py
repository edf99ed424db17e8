"""GET /api/metrics/team-dynamics: how work is spread, how soon people review, and where approvals wait."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paging, pages, whole
from github_metrics.api.pages import Pagination, TimeRange, pagination
from github_metrics.api.statistics import named_statistics, rounded
from projections import team_dynamics_queries
from projections.sections import Section, Summed
from replay.snapshot import Record

router = APIRouter(tags=["people"])

HOUR = 3600
Which = Literal["workload", "review_efficiency", "bottlenecks"]


class TopContributor(BaseModel):
    """Who opened most; of several, the first by name."""

    user: str
    total_prs: int


class WorkloadSummary(BaseModel):
    """How the opening of pull requests is spread."""

    total_contributors: int = Field(description="people who opened, reviewed or approved anything in the window")
    avg_prs_per_contributor: float | None = Field(description="of those who opened any")
    median_prs_per_contributor: float | None
    p75_prs_per_contributor: float | None
    p90_prs_per_contributor: float | None
    prs_per_contributor_count: int = Field(description="people who opened any")
    top_contributor: TopContributor | None
    workload_gini: float | None = Field(description="of pull requests opened, over all contributors; towards 1: by one")


class Contribution(BaseModel):
    """What one person did in the window. Pull requests, not events."""

    user: str
    prs_created: int
    prs_reviewed: int
    prs_approved: int = Field(description="by review or by label, for the first time")


class ReviewTime(BaseModel):
    """Hours from ready for review to somebody's first review."""

    avg_review_time_hours: float | None
    median_review_time_hours: float | None
    p75_review_time_hours: float | None
    p90_review_time_hours: float | None
    review_time_hours_count: int = Field(description="first reviews that were measured")


class ReviewSpeed(BaseModel):
    """One reviewer, by the median time to the first review of a pull request."""

    user: str
    median_hours: float
    avg_hours: float
    total_reviews: int
    review_time_hours_count: int
    low_sample_size: bool = Field(description="fewer than min_reviews were measured, of anyone")


class ReviewEfficiencySummary(ReviewTime):
    """All first reviews together."""

    fastest_reviewer: ReviewSpeed | None
    slowest_reviewer: ReviewSpeed | None
    min_reviews_threshold: int


class User(BaseModel):
    """A person."""

    user: str


class ReviewerEfficiency(ReviewTime, User):
    """One reviewer, on what became ready in the window."""

    total_reviews: int = Field(description="all reviews of these, while they were ready and not merged")


class ApprovalTime(BaseModel):
    """Hours from ready for review to somebody's first approval."""

    avg_approval_hours: float | None
    median_approval_hours: float | None
    p75_approval_hours: float | None
    p90_approval_hours: float | None
    approval_hours_count: int = Field(description="approvals that were measured")


class ApproverName(BaseModel):
    """A person."""

    approver: str


class ApproverSpeed(ApprovalTime, ApproverName):
    """One approver, on what became ready in the window."""

    total_approvals: int


class Alert(ApproverSpeed):
    """An approver whose median is more than a day (warning) or two (critical)."""

    severity: Literal["critical", "warning"]
    team_pending_count: int = Field(description="as pending_count of the summary: of everyone's, not of this person")


class BottlenecksSummary(ApprovalTime):
    """All first approvals together."""

    pending_count: int = Field(description="open pull requests, no drafts, that nobody has approved, at any time")


class Workload(BaseModel):
    """Who did how much, the busiest first."""

    summary: WorkloadSummary
    by_contributor: list[Contribution]
    pagination: Pagination


class ReviewEfficiency(BaseModel):
    """Who reviews how soon, who reviewed most first."""

    summary: ReviewEfficiencySummary
    by_reviewer: list[ReviewerEfficiency]
    pagination: Pagination


class Bottlenecks(BaseModel):
    """Who approves how late: alerts, critical and slowest first; all, who approved most first."""

    summary: BottlenecksSummary
    alerts: list[Alert]
    alerts_pagination: Pagination
    by_approver: list[ApproverSpeed]
    pagination: Pagination


class TeamDynamics(BaseModel):
    """The same page of each list; each has a pagination of its own."""

    time_range: TimeRange
    workload: Workload
    review_efficiency: ReviewEfficiency
    bottlenecks: Bottlenecks


@router.get("/team-dynamics", operation_id="get_team_dynamics", response_model=TeamDynamics, responses=LIST)
async def get_team_dynamics(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*team_dynamics_queries.READS)],
    paging: Annotated[Paging, pages(25)],
    min_reviews: Annotated[int, Query(ge=1, le=1000, description="least to be the fastest or slowest")] = 5,
    list: Annotated[Which, Query(description="which of the lists, for CSV")] = "workload",  # noqa: A002
) -> Any:
    """How work is spread over people, how soon each reviewer first reviews what is ready, and whose approvals take
    long.
    """
    prefix = request.app.state.approval_label_prefix
    arguments = team_dynamics_queries.arguments(asked.people, prefix, min_reviews)
    if paging.csv:
        section, model, shown = LISTS[list]
        return await whole(response, asked.snapshot, section.whole(arguments), model, list.replace("_", "-"), shown)
    found = {name: await of.page(asked.snapshot, arguments, paging.part) for name, (of, _, _) in LISTS.items()}
    pending = await team_dynamics_queries.pending(asked.snapshot, asked.people, prefix)
    return {
        "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
        "workload": _workload(found["workload"], paging),
        "review_efficiency": _review_efficiency(found["review_efficiency"], paging, min_reviews),
        "bottlenecks": _bottlenecks(found["bottlenecks"], paging, pending),
    }


def _workload(found: Summed, paging: Paging) -> dict[str, Any]:
    prs = found.summary["prs_per_contributor"]
    same = ("total_contributors", "top_contributor", "workload_gini")
    return {
        "summary": {**{name: found.summary[name] for name in same}, **named_statistics("prs_per_contributor", prs)},
        "by_contributor": [_contribution(row) for row in found.rows],
        "pagination": pagination(found.total, paging.page, paging.page_size),
    }


def _contribution(row: Record) -> dict[str, Any]:
    return {name: row[name] for name in ("user", "prs_created", "prs_reviewed", "prs_approved")}


def _review_efficiency(found: Summed, paging: Paging, min_reviews: int) -> dict[str, Any]:
    extremes = {name: _speed(found.summary[name]) for name in ("fastest_reviewer", "slowest_reviewer")}
    return {
        "summary": {**_review_time(found.summary), **extremes, "min_reviews_threshold": min_reviews},
        "by_reviewer": [_reviewer(row) for row in found.rows],
        "pagination": pagination(found.total, paging.page, paging.page_size),
    }


def _speed(row: Record | None) -> dict[str, Any] | None:
    if row is None:
        return None
    hours = {
        "median_hours": rounded(row["median"] / HOUR, 1),
        "avg_hours": rounded(row["review_time"]["mean"] / HOUR, 1),
    }
    sample = {"review_time_hours_count": row["sample"], "low_sample_size": row["low"]}
    return {"user": row["user"], "total_reviews": row["total_reviews"], **hours, **sample}


def _reviewer(row: Record) -> dict[str, Any]:
    return {"user": row["user"], "total_reviews": row["total_reviews"], **_review_time(row)}


def _review_time(row: Record) -> dict[str, Any]:
    return named_statistics("review_time_hours", row["review_time"], unit=HOUR)


def _bottlenecks(found: Summed, paging: Paging, pending: int) -> dict[str, Any]:
    alerts = [
        {**_approver(row), "severity": row["severity"], "team_pending_count": pending}
        for row in found.summary["alerts"]
    ]
    return {
        "summary": {**_approval_time(found.summary), "pending_count": pending},
        "alerts": alerts,
        "alerts_pagination": pagination(found.summary["total_alerts"], paging.page, paging.page_size),
        "by_approver": [_approver(row) for row in found.rows],
        "pagination": pagination(found.total, paging.page, paging.page_size),
    }


def _approver(row: Record) -> dict[str, Any]:
    return {"approver": row["approver"], "total_approvals": row["total_approvals"], **_approval_time(row)}


def _approval_time(row: Record) -> dict[str, Any]:
    return named_statistics("approval_hours", row["approval_time"], unit=HOUR)


LISTS: dict[Which, tuple[Section, type[BaseModel], Callable[[Record], dict[str, Any]]]] = {
    "workload": (team_dynamics_queries.workload, Contribution, _contribution),
    "review_efficiency": (team_dynamics_queries.review_efficiency, ReviewerEfficiency, _reviewer),
    "bottlenecks": (team_dynamics_queries.bottlenecks, ApproverSpeed, _approver),
}
