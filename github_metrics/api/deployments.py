"""GET /api/metrics/deployments: the five keys of DORA, and the proxies that they are made of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.bucketing import begins, between
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, TimeRange, Zoned
from github_metrics.api.repositories import percent
from github_metrics.api.requests import until_over
from github_metrics.api.statistics import Statistics, statistics
from github_metrics.buckets import Bucket
from projections.queries import deployment_queries
from projections.queries.deployment_queries import PROXIES, Group, Production
from projections.queries.people import Window
from replay.snapshot import Record, Snapshot

router = APIRouter(tags=["ci"])

DAY = timedelta(days=1)
NOTHING = {"count": 0, "mean": None, "quantiles": None}


class Basis(BaseModel):
    """From what the lead times were measured: how many from each."""

    first_commit: int
    opened_at: int = Field(description="of these no push with the first commit was seen")


class LeadTime(Statistics):
    """Seconds from a change's beginning to its deployment."""

    basis: Basis


class RecoveryTime(Statistics):
    """Seconds from a failure to the next success."""

    open_count: int = Field(description="failures without a success since")


class Keys(BaseModel):
    """The five keys of DORA."""

    deployments: int = Field(description="to production, that succeeded in the window")
    deployment_frequency: float | None = Field(description="of these per day; null of an empty window")
    unattributed: int = Field(description="of these whose commit is not known, so that their changes are not")
    change_lead_time: LeadTime
    finished: int = Field(description="deployments that succeeded or failed in the window")
    failed: int = Field(description="of these, rolled back ones included")
    rolled_back: int
    change_fail_rate: float | None = Field(description="percent of finished")
    failed_deployment_recovery_time: RecoveryTime
    reworks: int
    deployment_rework_rate: float | None = Field(description="percent of finished")


class Part(BaseModel):
    """Which part of the deployments is told of."""

    bucket: Zoned | None = Field(description="when it begins; null without bucket")
    repository: str | None = Field(description="org/repo; null of all together", examples=["org/repo"])


class Deployments(Keys, Part):
    """The five keys of one repository, or of all of them."""


class Proxies(BaseModel):
    """What each key is measured by."""

    deployment_frequency: str
    change_lead_time: str
    change_fail_rate: str
    failed_deployment_recovery_time: str
    deployment_rework_rate: str


class DeploymentList(BaseModel):
    """A page of repositories or buckets."""

    time_range: TimeRange
    environments: list[str] = Field(description="METRICS_PRODUCTION_ENVIRONMENTS: what counts as production")
    proxies: Proxies
    data: list[Deployments]
    pagination: Pagination


@router.get("/deployments", operation_id="get_deployments", response_model=DeploymentList, responses=LIST)
async def get_deployments(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*deployment_queries.READS, actors="all", clock=until_over)],
    paging: Paged,
    group: Annotated[Group, Query(description="all: of all repositories together")] = "repository",
    sort: Sort = None,
    bucket: Annotated[Bucket | None, Query(description="a row for each of these, empty ones too")] = None,
) -> Any:
    """The five DORA keys from deployments to production: frequency, change lead time, fail rate, recovery time, rework
    rate, with the proxy of each. Users are creators of deployments.
    """
    asked_for = Production(asked.people, request.app.state.production_environments)
    window, repositories = await measured(asked.snapshot, asked_for, asked.now)
    if bucket is not None:
        groups = repositories if group == "repository" else 1
        asked_for = replace(asked_for, edges=await begins(window, bucket, asked.zone, groups=groups))
    lengths = periods(window, asked_for.edges, asked.now)

    def shown(row: Record) -> dict[str, Any]:
        begin = None if asked_for.edges is None else asked_for.edges[row["bucket"]].astimezone(asked.zone)
        return keys_shown(row, begin, lengths[row["bucket"]])

    query = sorted_by(deployment_queries.keys(asked_for, group), sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, Deployments, "deployments", shown)
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    return DeploymentList.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "environments": list(asked_for.environments),
            "proxies": PROXIES,
            "data": [shown(row) for row in rows],
            "pagination": described,
        }
    )


async def measured(snapshot: Snapshot, asked: Production, now: datetime) -> tuple[Window, int]:
    """The window that the frequency of deployments is of, from the first one where it is open, and how many
    repositories have deployments.
    """
    found = await deployment_queries.extent(snapshot, asked)
    return Window(between(asked.people, found.first, found.last).start, asked.people.end or now), found.groups


def periods(window: Window, edges: Sequence[datetime] | None, now: datetime) -> list[timedelta]:
    """How much of each bucket lies in the window and in the past."""
    if window.start is None or window.end is None:
        return [timedelta()] * max(1, len(edges or ()))
    until = min(window.end, now)
    starts = [window.start, *(edges or ())[1:]]
    ends = [*starts[1:], until]
    return [max(min(end, until) - start, timedelta()) for start, end in zip(starts, ends, strict=True)]


def keys_shown(row: Record, bucket: datetime | None, period: timedelta) -> dict[str, Any]:
    """The fields of Deployments from a row of the queries, over a period."""
    basis = {"first_commit": row["from_first_commit"], "opened_at": row["changes"] - row["from_first_commit"]}
    recovery = statistics(row["recovery_time"] or NOTHING)
    return {
        **row,
        "bucket": bucket,
        "deployment_frequency": round(row["deployments"] * (DAY / period), 4) if period else None,
        "change_lead_time": {**statistics(row["lead_time"] or NOTHING), "basis": basis},
        "change_fail_rate": percent(row["failed"], row["finished"]),
        "failed_deployment_recovery_time": {**recovery, "open_count": row["unrecovered"]},
        "deployment_rework_rate": percent(row["reworks"], row["finished"]),
    }
