"""GET /api/metrics/api-usage: what was spent of GitHub's rate limits."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.bucketing import begins, between
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, Time, TimeRange, Zoned
from github_metrics.api.requests import until_over
from github_metrics.api.selection import only_in_another_group
from github_metrics.buckets import Bucket
from projections.queries import api_usage_queries
from projections.queries.api_usage_queries import Group, Usage, exhaustion
from replay.snapshot import Record

router = APIRouter(tags=["usage"])


class ApiUsage(BaseModel):
    """Calls of one window of a rate limit, resource, repository or event type."""

    bucket: Zoned | None = Field(description="when it begins; null without bucket")
    token_fingerprint: str | None = Field(description="first 12 hex digits of the token's SHA-256")
    resource: str | None = Field(description="of GitHub's rate limits", examples=["core"])
    repository: str | None = Field(examples=["org/repo"])
    event_type: str | None = Field(examples=["pull_request"])
    reports: int | None = Field(description="null of windows")
    calls: int
    charged_calls: int = Field(description="calls that count against the limit")
    first_reported_at: Time | None = Field(description="by receipt of the report; null of an empty bucket")
    last_reported_at: Time | None
    limit: int | None = Field(description="this and the rest only of windows")
    used: int | None
    remaining: int | None
    reset_at: Time | None
    exhausts_before_reset: bool | None = Field(
        description="used goes on growing as between the first and the last report; null of a window that is over, or"
        " reported only once"
    )
    exhausted_at: Time | None = Field(description="when, if so")


class ApiUsageList(BaseModel):
    """A page of windows of rate limits, resources, repositories or event types."""

    time_range: TimeRange
    as_of: Time
    data: list[ApiUsage]
    pagination: Pagination


@router.get("/api-usage", operation_id="get_api_usage", response_model=ApiUsageList, responses=LIST)
async def get_api_usage(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*api_usage_queries.READS, actors="all", clock=until_over)],
    paging: Paged,
    group: Annotated[Group, Query(description="window: of a rate limit, with the forecast")] = "window",
    sort: Sort = None,
    bucket: Annotated[
        Bucket | None, Query(description="a row for each of these too, empty ones too; not of windows")
    ] = None,
) -> Any:
    """GitHub API calls that consumers reported: rate limit windows with used, remaining, reset and whether they will be
    exhausted; or spend by resource, repository or event type. Users are reporters; of windows only calls are theirs.
    """
    if group == "window":
        only_in_another_group(request, ["bucket"], group)
    usage, as_of = Usage(asked.people, group), min(asked.people.end or asked.now, asked.now)
    if bucket is not None:
        found = await usage.extent(asked.snapshot)
        window = between(asked.people, found.first, found.last)
        usage = replace(usage, edges=await begins(window, bucket, asked.zone, groups=found.groups))

    def shown(row: Record) -> dict[str, Any]:
        begin = None if usage.edges is None else usage.edges[row["bucket"]].astimezone(asked.zone)
        return _usage(row, begin, as_of)

    query = sorted_by(usage.query(), sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, ApiUsage, "api-usage", shown)
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    return ApiUsageList.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "as_of": as_of,
            "data": [shown(row) for row in rows],
            "pagination": described,
        }
    )


def _usage(row: Record, bucket: datetime | None, as_of: datetime) -> dict[str, Any]:
    exhausts, at = exhaustion(row, as_of)
    return {**row, "bucket": bucket, "exhausts_before_reset": exhausts, "exhausted_at": at}
