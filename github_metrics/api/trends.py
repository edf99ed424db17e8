"""GET /api/metrics/trends: webhook events over time."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from github_metrics.api.pages import TimeRange, Zoned
from github_metrics.api.problems import PROBLEMS, BadParameter
from github_metrics.api.requests import Asked, Names, Reads, Zone, text
from github_metrics.buckets import Bucket, TooMany, edges
from projections import trend_queries
from projections.summary_queries import Window
from projections.webhook_queries import Filters, repository_ids
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


@router.get("/trends", operation_id="get_metrics_trends", responses=PROBLEMS)
async def get_metrics_trends(
    snapshot: Annotated[Snapshot, Depends(Reads(*trend_queries.READS), scope="function")],
    asked: Asked,
    zone: Zone,
    bucket: Annotated[Bucket, Query(description="length of a bucket; weeks begin on Monday")] = "hour",
    repository: Annotated[Names, Query(description="org/repo, by any name it ever had; may be repeated")] = None,
    event_type: Annotated[str | None, Query(description="for example pull_request")] = None,
) -> Trends:
    """Webhook events in each hour, day, week or month: how many, and how many succeeded and failed."""
    ids = await repository_ids(snapshot, [text(name) for name in repository]) if repository else None
    filters = Filters(ids, None if event_type is None else text(event_type), None, asked.start, asked.end)
    # Walking ten thousand hours takes a twentieth of a second: others are answered meanwhile.
    begins = await asyncio.to_thread(_begins, await _window(snapshot, filters), bucket, zone)
    counted = await trend_queries.counts(snapshot, filters, begins) if begins else {}
    trends = [{"bucket": begin.astimezone(zone), **_counts(counted.get(index))} for index, begin in enumerate(begins)]
    time_range = {"start_time": asked.start, "end_time": asked.end}
    return Trends.model_validate({"time_range": time_range, "bucket": bucket, "tz": zone.key, "trends": trends})


async def _window(snapshot: Snapshot, filters: Filters) -> Window:
    """The window that was asked for; a side that is open ends at the first or the last event."""
    if filters.start is not None and filters.end is not None:
        return Window(filters.start, filters.end)
    first, last = await trend_queries.span(snapshot, filters)
    return Window(filters.start or first, filters.end or (last + INSTANT if last is not None else None))


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
