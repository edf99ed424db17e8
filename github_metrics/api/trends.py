"""GET /api/metrics/trends: webhook events over time."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.csv_answers import csv_answer, each
from github_metrics.api.lists import LIST, Format, wants_csv
from github_metrics.api.pages import TimeRange, Zoned
from github_metrics.api.problems import BadParameter
from github_metrics.api.requests import Names, text
from github_metrics.buckets import Bucket, TooMany, edges
from projections import trend_queries
from projections.people import Window
from projections.webhook_queries import Filters
from replay.snapshot import Snapshot

router = APIRouter(tags=["trends"])

MAX_BUCKETS = 10_000
INSTANT = timedelta(microseconds=1)


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
    # Walking ten thousand hours takes a twentieth of a second: others are answered meanwhile.
    begins = await asyncio.to_thread(_begins, await _window(asked.snapshot, filters), bucket, asked.zone)
    counted = await trend_queries.counts(asked.snapshot, filters, begins) if begins else {}
    trends = [
        {"bucket": begin.astimezone(asked.zone), **_counts(counted.get(index))} for index, begin in enumerate(begins)
    ]
    if wants_csv(request, format):
        return await csv_answer(each(trends), Trend, dict, "trends", response.headers)
    time_range = {"start_time": asked.people.start, "end_time": asked.people.end}
    return Trends.model_validate({"time_range": time_range, "bucket": bucket, "tz": asked.zone.key, "trends": trends})


async def _window(snapshot: Snapshot, filters: Filters) -> Window:
    """The window that was asked for; a side that is open ends at the first or the last event."""
    if filters.people.start is not None and filters.people.end is not None:
        return Window(filters.people.start, filters.people.end)
    first, last = await trend_queries.span(snapshot, filters)
    return Window(filters.people.start or first, filters.people.end or (last + INSTANT if last is not None else None))


def _begins(window: Window, bucket: Bucket, zone: ZoneInfo) -> list[datetime]:
    if window.start is None or window.end is None:
        return []
    try:
        return edges(window.start, window.end, bucket, zone, at_most=MAX_BUCKETS)
    except TooMany:
        raise BadParameter(
            f"bucket: the window has more than {MAX_BUCKETS} buckets of one {bucket}: ask for a longer bucket, or for"
            " less between start_time and end_time"
        ) from None
    except OverflowError:
        raise BadParameter("start_time or end_time is at the end of the calendar in tz") from None


def _counts(row: Any) -> dict[str, int]:
    names = ("total_events", "successful_events", "failed_events")
    return {name: row[name] if row is not None else 0 for name in names}
