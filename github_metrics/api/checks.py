"""GET /api/metrics/checks: how each check of each repository fares."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.bucketing import begins, between
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, TimeRange, Zoned
from github_metrics.api.repositories import percent
from github_metrics.api.requests import Names, text
from github_metrics.api.statistics import Durations, durations
from github_metrics.buckets import Bucket
from projections.queries import check_queries
from projections.queries.check_queries import Checks
from replay.snapshot import Record

router = APIRouter(tags=["ci"])


class Failures(BaseModel):
    """Attempts that failed, by conclusion."""

    failure: int
    timed_out: int
    startup_failure: int
    action_required: int


class LeftOut(BaseModel):
    """Attempts that neither succeeded nor failed, by conclusion."""

    skipped: int
    cancelled: int
    neutral: int
    stale: int


class Check(BaseModel):
    """One check of a repository, by name and app."""

    bucket: Zoned | None = Field(description="when it begins; null without bucket")
    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    check: str | None = Field(description="its name", examples=["build"])
    app: str | None = Field(description="slug of the app that runs it", examples=["github-actions"])
    completed: int = Field(description="attempts completed in the window, whatever came of them")
    succeeded: int
    failed: int
    success_rate: float | None = Field(description="percent of succeeded and failed; null without any")
    failures: Failures
    left_out: LeftOut
    duration: Durations = Field(description="seconds, of those that succeeded or failed")
    groups: int = Field(description="commits' check suites with this check, first completed in the window")
    reruns: int = Field(description="groups with more than one attempt")
    rerun_rate: float | None = Field(description="percent of groups")
    flaky: int = Field(description="groups with a failure and a later success")
    flake_rate: float | None = Field(description="percent of groups")


class CheckList(BaseModel):
    """A page of checks."""

    time_range: TimeRange
    data: list[Check]
    pagination: Pagination


@router.get("/checks", operation_id="get_checks", response_model=CheckList, responses=LIST)
async def get_checks(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*check_queries.READS, actors="all")],
    paging: Paged,
    check: Annotated[Names, Query(description="only checks of these names")] = None,
    sort: Sort = None,
    bucket: Annotated[Bucket | None, Query(description="a row for each of these too, empty ones too")] = None,
) -> Any:
    """CI checks of each repository: success rate, failures by conclusion, duration percentiles, how often they are run
    again and how often they are flaky. Users are authors of pull requests.
    """
    checks = Checks(asked.people, [text(name) for name in check] if check else None)
    if bucket is not None:
        found = await check_queries.extent(asked.snapshot, checks)
        window = between(asked.people, found.first, found.last)
        checks = replace(checks, edges=await begins(window, bucket, asked.zone, groups=found.groups))

    def shown(row: Record) -> dict[str, Any]:
        return _check(row, None if checks.edges is None else checks.edges[row["bucket"]].astimezone(asked.zone))

    query = sorted_by(check_queries.checks(checks), sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, Check, "checks", shown)
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    time_range = {"start_time": asked.people.start, "end_time": asked.people.end}
    return CheckList.model_validate(
        {"time_range": time_range, "data": [shown(row) for row in rows], "pagination": described}
    )


def _check(row: Record, bucket: datetime | None) -> dict[str, Any]:
    return {
        **row,
        "bucket": bucket,
        "check": row["name"] or None,
        "success_rate": percent(row["succeeded"], row["succeeded"] + row["failed"]),
        "failures": row,
        "left_out": row,
        "duration": durations(row["duration"]),
        "rerun_rate": percent(row["reruns"], row["groups"]),
        "flake_rate": percent(row["flaky"], row["groups"]),
    }
