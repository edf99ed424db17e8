"""GET /api/metrics/trends: webhook events over time."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.bucketing import begins, closed
from github_metrics.api.csv_answers import csv_answer, each
from github_metrics.api.lists import LIST, Format, wants_csv
from github_metrics.api.pages import TimeRange, Zoned, zoned
from github_metrics.api.requests import Names, text
from github_metrics.buckets import Bucket
from projections import trend_queries
from projections.rolled_up import first_and_last, rollups
from projections.webhook_filters import Filters

router = APIRouter(tags=["trends"])


class Trend(BaseModel):
    """The webhook events of one bucket."""

    bucket: Zoned = Field(description="when it begins, as the clocks of tz show it")
    total_events: int
    successful_events: int
    failed_events: int = Field(description="error and partial")


class Trends(BaseModel):
    """All buckets of the window, empty ones too, the earliest first."""

    time_range: TimeRange
    bucket: Bucket
    tz: str
    trends: list[Trend]


@router.get("/trends", operation_id="get_metrics_trends", response_model=Trends, responses=LIST)
async def get_metrics_trends(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*trend_queries.READS, actors="all")],
    bucket: Annotated[Bucket, Query(description="length of a bucket; weeks begin on Monday")] = "hour",
    repository: Annotated[Names, Query(description="as repositories")] = None,
    event_type: Annotated[str | None, Query(description="for example pull_request")] = None,
    format: Annotated[Format | None, Query(description="csv: the buckets as CSV")] = None,  # noqa: A002
) -> Any:
    """Webhook events in each hour, day, week or month: how many, and how many succeeded and failed."""
    filters = Filters(await within(asked, repository), None if event_type is None else text(event_type))
    known = await rollups(asked.snapshot)
    window = await closed(filters.people, lambda: first_and_last(asked.snapshot, known, filters))
    edges = await begins(window, bucket, asked.zone)
    counted = await trend_queries.counts(asked.snapshot, known, filters, edges) if edges else {}
    trends = [
        {"bucket": zoned(begin.astimezone(asked.zone)), **counted.get(index, trend_queries.NOTHING)._asdict()}
        for index, begin in enumerate(edges)
    ]
    if wants_csv(request, format):
        return await csv_answer(each(trends), Trend, dict, "trends", response.headers)
    time_range = TimeRange(start_time=asked.people.start, end_time=asked.people.end).model_dump(mode="json")
    answer = {"time_range": time_range, "bucket": bucket, "tz": asked.zone.key, "trends": trends}
    # Thousands of buckets: checking each against the model takes longer than counting them.
    written = await asyncio.to_thread(orjson.dumps, answer)
    return Response(written, media_type="application/json", headers=dict(response.headers))
