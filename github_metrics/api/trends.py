"""GET /api/metrics/trends: webhook events over time."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from github_metrics.api.statistics import NAMES, rounded
from github_metrics.buckets import Bucket
from projections.queries import trend_queries
from projections.queries.duration_queries import NOTHING, Group, Quantiles
from projections.queries.rolled_up import first_and_last, rollups
from projections.queries.trend_queries import ANY_TYPE, ByType, Counts, together
from projections.queries.webhook_filters import Filters

router = APIRouter(tags=["trends"])


GroupBy = Literal["event_type"]
ASKED = "null of nothing; only where durations asks"
TIMES = tuple(f"{name}_processing_time_ms" for name in ("avg", *NAMES))
LAST_ODD_OFFSET = 1972
"""The last year in which the offset of a zone had seconds: Liberia's."""


class Counted(BaseModel):
    """The webhook events of one bucket, in numbers."""

    bucket: Zoned = Field(description="when it begins, as the clocks of tz show it")
    total_events: int
    successful_events: int
    failed_events: int = Field(description="error and partial")
    avg_processing_time_ms: float | None = Field(default=None, description=f"mean, of total_events; {ASKED}")
    median_processing_time_ms: float | None = Field(default=None, description=ASKED)
    p75_processing_time_ms: float | None = Field(default=None, description=ASKED)
    p90_processing_time_ms: float | None = Field(default=None, description=ASKED)


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
    durations: Annotated[bool, Query(description="adds how long processing took")] = False,
    form: Annotated[Format | None, Query(alias="format", description="csv: the buckets as CSV")] = None,
) -> Any:
    """Webhook events in each hour, day, week or month: how many came, how many succeeded and failed, and, if asked, how
    long processing one took.
    """
    filters = Filters(await within(asked, repository), None if event_type is None else text(event_type))
    known = await rollups(asked.snapshot)
    window = await closed(filters.people, lambda: first_and_last(asked.snapshot, known, filters))
    edges = await begins(window, bucket, asked.zone)
    by_type, csv = group_by is not None, wants_csv(request, form)
    found = await trend_queries.counts(asked.snapshot, known, filters, edges, by_type=by_type) if edges else {}
    took = None
    if durations:
        few = trend_queries.few(found)
        took = await trend_queries.durations(asked.snapshot, known, filters, edges, few=few, by_type=by_type and csv)
    shown = Buckets([edge.astimezone(asked.zone) for edge in edges], found, took)
    if csv:
        model, lines = (CountedOfType, shown.of_types()) if by_type else (Counted, shown.together())
        return await csv_answer(request, response, Table("trends", model, each(lines)))
    answer = {
        "time_range": TimeRange(start_time=asked.people.start, end_time=asked.people.end).model_dump(mode="json"),
        "bucket": bucket,
        "tz": asked.zone.key,
    }
    # Thousands of buckets: checking each against the model takes longer than counting them.
    written = await asyncio.to_thread(_written, answer, shown, by_type=by_type)
    return Response(written, media_type="application/json", headers=dict(response.headers))


def _written(answer: dict[str, Any], shown: "Buckets", *, by_type: bool) -> bytes:
    """The answer as JSON."""
    trends = list(shown.together())
    for index, one in enumerate(trends):
        one["event_types"] = _events(shown.counted.get(index, {})) if by_type else None
    if shown.begins and shown.begins[0].year <= LAST_ODD_OFFSET:
        # orjson writes offsets in whole minutes only, and times ten times faster.
        for one in trends:
            one["bucket"] = zoned(one["bucket"])
    return orjson.dumps({**answer, "trends": trends}, option=orjson.OPT_UTC_Z)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Buckets by when they begin, what was counted in each, and how long that took, None where nobody asks."""

    begins: list[datetime]
    counted: Mapping[int, ByType]
    took: Mapping[Group, Quantiles] | None

    def together(self) -> Iterator[dict[str, Any]]:
        """All types as one."""
        for index, at in enumerate(self.begins):
            yield {"bucket": at, **self._told(index, ANY_TYPE, together(self.counted.get(index, {})))}

    def of_types(self) -> Iterator[dict[str, Any]]:
        """Each type of each bucket, the most frequent first."""
        for index, at in enumerate(self.begins):
            types = self.counted.get(index, {})
            for name in _events(types):
                yield {"bucket": at, "event_type": name, **self._told(index, name, types[name])}

    def _told(self, index: int, event_type: str, counts: Counts) -> dict[str, Any]:
        told = {
            "total_events": counts.total,
            "successful_events": counts.total - counts.failed,
            "failed_events": counts.failed,
        }
        if self.took is None:
            return told
        quantiles = self.took.get((index, event_type), NOTHING)
        times = zip(TIMES, (counts.mean_milliseconds, *quantiles), strict=True)
        return {**told, **{name: rounded(value, 1) for name, value in times}}


def _events(types: ByType) -> dict[str, int]:
    """The most frequent type first."""
    ordered = sorted(types.items(), key=lambda one: (-one[1].total, one[0]))
    return {event_type: counts.total for event_type, counts in ordered}
