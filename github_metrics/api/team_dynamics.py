"""GET /api/metrics/team-dynamics: how work is spread, how soon people review, and where approvals wait."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paging, Sort, link_longest, pages, sorted_by, whole
from github_metrics.api.pages import pagination
from github_metrics.api.statistics import NAMES, named_statistics, statistics
from github_metrics.api.team_dynamics_answer import Alert, ApproverSpeed, Contribution, ReviewerEfficiency, TeamDynamics
from projections.queries import team_dynamics_queries
from projections.queries.listing import ListQuery
from projections.queries.people import People
from projections.queries.sections import Section, Summed, page_each
from replay.snapshot import Record

router = APIRouter(tags=["people"])

HOUR = 3600
Which = Literal["workload", "review_efficiency", "bottlenecks", "alerts"]
Shown = Callable[[Record], dict[str, Any]]


@router.get("/team-dynamics", operation_id="get_team_dynamics", response_model=TeamDynamics, responses=LIST)
async def get_team_dynamics(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*team_dynamics_queries.READS)],
    paging: Annotated[Paging, pages(25)],
    min_reviews: Annotated[int, Query(ge=1, le=1000, description="least to be the fastest or slowest")] = 5,
    which: Annotated[Which, Query(alias="list", description="which of the lists, for CSV and sort")] = "workload",
    sort: Sort = None,
) -> Any:
    """How work is spread over people, how soon each reviewer first reviews what is ready, and whose approvals take
    long.
    """
    prefix = request.app.state.approval_label_prefix
    arguments = team_dynamics_queries.arguments(asked.people, prefix, min_reviews)
    sections, listed = _ordered(asked.people, arguments, which, sort)
    if paging.csv:
        model, shown = await _shown(asked, prefix, which)
        return await whole(request, response, asked.snapshot, listed, model, which.replace("_", "-"), shown)
    acts = team_dynamics_queries.acts(asked.people)
    found = await page_each(asked.snapshot, acts, sections, arguments, paging.part)
    pending = await team_dynamics_queries.pending(asked.snapshot, asked.people, prefix)
    answer = {
        "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
        "workload": _workload(found["workload"], paging),
        "review_efficiency": _review_efficiency(found["review_efficiency"], paging, min_reviews),
        "bottlenecks": _bottlenecks(found["bottlenecks"], paging, pending),
    }
    paged = [answer[name]["pagination"] for name in sections]
    link_longest(request, response, [*paged, answer["bottlenecks"]["alerts_pagination"]])
    return answer


def _ordered(
    people: People, arguments: dict[str, Any], which: Which, sort: str | None
) -> tuple[dict[str, Section], ListQuery]:
    """The sections, and all of one list, which is in the order that is asked for."""
    acts = team_dynamics_queries.acts(people)
    sections = {
        "workload": team_dynamics_queries.workload,
        "review_efficiency": team_dynamics_queries.review_efficiency,
        "bottlenecks": team_dynamics_queries.bottlenecks(),
    }
    if which == "alerts":
        alerts = sorted_by(team_dynamics_queries.alerts(arguments, acts), sort)
        return {**sections, "bottlenecks": team_dynamics_queries.bottlenecks(alerts.order)}, alerts
    section = sorted_by(sections[which], sort)
    return {**sections, which: section}, section.whole(arguments, acts)


async def _shown(asked: Question, prefix: str, which: Which) -> tuple[type[BaseModel], Shown]:
    """What a list shows of each row."""
    if which != "alerts":
        return SHOWN[which]
    pending = await team_dynamics_queries.pending(asked.snapshot, asked.people, prefix)
    return Alert, lambda row: _alert(row, pending)


def _workload(found: Summed, paging: Paging) -> dict[str, Any]:
    prs = found.summary["prs_per_contributor"]
    same = ("total_contributors", "top_contributor", "workload_gini")
    return {
        "summary": {**{name: found.summary[name] for name in same}, **named_statistics("prs_per_contributor", prs)},
        "by_contributor": [_contribution(row) for row in found.rows],
        "pagination": pagination(found.total, paging.page, paging.page_size),
    }


def _contribution(row: Record) -> dict[str, Any]:
    return {name: row[name] for name in ("user", "prs_created", "prs_reviewed", "prs_approved", "wip")}


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
    of = statistics(row["review_time"], unit=HOUR)
    hours = {"avg_hours": of["mean"], **{f"{name}_hours": of[name] for name in NAMES}}
    sample = {"review_time_hours_count": row["sample"], "low_sample_size": row["low"]}
    return {"user": row["user"], "total_reviews": row["total_reviews"], **hours, **sample}


def _reviewer(row: Record) -> dict[str, Any]:
    return {"user": row["user"], "total_reviews": row["total_reviews"], **_review_time(row)}


def _review_time(row: Record) -> dict[str, Any]:
    return named_statistics("review_time_hours", row["review_time"], unit=HOUR)


def _bottlenecks(found: Summed, paging: Paging, pending: int) -> dict[str, Any]:
    return {
        "summary": {**_approval_time(found.summary), "pending_count": pending},
        "alerts": [_alert(row, pending) for row in found.summary["alerts"]],
        "alerts_pagination": pagination(found.summary["total_alerts"], paging.page, paging.page_size),
        "by_approver": [_approver(row) for row in found.rows],
        "pagination": pagination(found.total, paging.page, paging.page_size),
    }


def _approver(row: Record) -> dict[str, Any]:
    return {"approver": row["approver"], "total_approvals": row["total_approvals"], **_approval_time(row)}


def _approval_time(row: Record) -> dict[str, Any]:
    return named_statistics("approval_hours", row["approval_time"], unit=HOUR)


def _alert(row: Record, pending: int) -> dict[str, Any]:
    return {**_approver(row), "severity": row["severity"], "team_pending_count": pending}


SHOWN: dict[Which, tuple[type[BaseModel], Shown]] = {
    "workload": (Contribution, _contribution),
    "review_efficiency": (ReviewerEfficiency, _reviewer),
    "bottlenecks": (ApproverSpeed, _approver),
}
