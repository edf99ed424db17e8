"""GET /api/metrics/trends: webhook events over time."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.bucketing import begins, closed
from github_metrics.api.csv_answers import Table, csv_answer, each
from github_metrics.api.lists import LIST, Format, wants_csv
from github_metrics.api.pages import TimeRange, Zoned, zoned
from github_metrics.api.requests import Names, text
from github_metrics.api.statistics import rounded
from github_metrics.buckets import Bucket
from projections.queries import trend_queries
from projections.queries.rolled_up import first_and_last, rollups
from projections.queries.trend_queries import ByType, Counts, together
from projections.queries.webhook_filters import Filters

router = APIRouter(tags=["trends"])


GroupBy = Literal["event_type"]


class Counted(BaseModel):
    """The webhook events of one bucket, in numbers."""

    bucket: Zoned = Field(description="when it begins, as the clocks of tz show it")
    total_events: int
    successful_events: int
    failed_events: int = Field(description="error and partial")
    avg_processing_time_ms: float | None = Field(description="null of nothing")


class CountedOfType(Counted):
    """The same of one type: a line of CSV."""

    event_type: str


class Trend(Counted):
    """The webhook events of one bucket."""

    event_types: dict[str, int] | None = Field(description="events of each type; null unless group_by asks for it")


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
    group_by: Annotated[GroupBy | None, Query(description="adds the count of each event type")] = None,
    repository: Annotated[Names, Query(description="as repositories")] = None,
    event_type: Annotated[str | None, Query(description="for example pull_request")] = None,
    form: Annotated[Format | None, Query(alias="format", description="csv: the buckets as CSV")] = None,
) -> Any:
    """Webhook events in each hour, day, week or month: how many came, how many succeeded and failed, and how long
    processing one took.
    """
    filters = Filters(await within(asked, repository), None if event_type is None else text(event_type))
    known = await rollups(asked.snapshot)
    window = await closed(filters.people, lambda: first_and_last(asked.snapshot, known, filters))
    edges = await begins(window, bucket, asked.zone)
    by_type = group_by is not None
    found = await trend_queries.counts(asked.snapshot, known, filters, edges, by_type=by_type) if edges else {}
    counted = [(edge.astimezone(asked.zone), found.get(index, {})) for index, edge in enumerate(edges)]
    if wants_csv(request, form):
        model = CountedOfType if by_type else Counted
        return await csv_answer(request, response, Table("trends", model, each(_lines(counted, by_type=by_type))))
    time_range = TimeRange(start_time=asked.people.start, end_time=asked.people.end).model_dump(mode="json")
    trends = [
        {"bucket": zoned(at), **_told(together(types)), "event_types": _events(types) if by_type else None}
        for at, types in counted
    ]
    answer = {"time_range": time_range, "bucket": bucket, "tz": asked.zone.key, "trends": trends}
    # Thousands of buckets: checking each against the model takes longer than counting them.
    written = await asyncio.to_thread(orjson.dumps, answer)
    return Response(written, media_type="application/json", headers=dict(response.headers))


def _events(types: ByType) -> dict[str, int]:
    """The most frequent type first."""
    ordered = sorted(types.items(), key=lambda one: (-one[1].total, one[0]))
    return {event_type: counts.total for event_type, counts in ordered}


def _told(counts: Counts) -> dict[str, Any]:
    return {
        "total_events": counts.total,
        "successful_events": counts.total - counts.failed,
        "failed_events": counts.failed,
        "avg_processing_time_ms": rounded(counts.mean_milliseconds, 1),
    }


def _lines(counted: list[tuple[datetime, ByType]], *, by_type: bool) -> Iterator[dict[str, Any]]:
    for at, types in counted:
        if by_type:
            yield from ({"bucket": at, "event_type": name, **_told(types[name])} for name in _events(types))
        else:
            yield {"bucket": at, **_told(together(types))}
