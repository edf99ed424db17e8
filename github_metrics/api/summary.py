"""GET /api/metrics/summary: all webhook events in numbers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.pages import TimeRange
from github_metrics.api.problems import PROBLEMS
from github_metrics.api.repositories import counts, percent
from github_metrics.api.requests import Names, text
from projections import summary_queries
from projections.people import Window
from projections.webhook_queries import Filters
from replay.snapshot import Record

router = APIRouter(tags=["summary"])

TOP = 10
HOUR = 3600


class Summary(BaseModel):
    """All webhook events of the window."""

    total_events: int
    successful_events: int
    failed_events: int = Field(description="error and partial")
    success_rate: float | None = Field(description="percent, two decimals; null without events")
    avg_processing_time_ms: int | None
    median_processing_time_ms: int | None
    p95_processing_time_ms: int | None
    max_processing_time_ms: int | None
    total_api_calls: int
    avg_api_calls_per_event: float | None
    total_token_spend: int
    unique_repositories: int
    unique_senders: int
    total_events_trend: float | None = Field(description="percent against the window of the same length just before")
    success_rate_trend: float | None
    failed_events_trend: float | None
    avg_duration_trend: float | None


class TopRepository(BaseModel):
    """One of the busiest repositories."""

    repository: str
    total_events: int
    percentage: float = Field(description="of all events")
    success_rate: float | None


class MetricsSummary(BaseModel):
    """The summary with what it is made of."""

    time_range: TimeRange
    summary: Summary
    top_repositories: list[TopRepository] = Field(description="at most 10, the busiest first")
    event_type_distribution: dict[str, int]
    hourly_event_rate: float | None = Field(description="events an hour, over the window asked for")
    daily_event_rate: float | None


def trend(now: float | None, before: float | None) -> float | None:
    """Percent of change: 0.0 from nothing to nothing, null where there was nothing to compare with."""
    if not before:
        return 0.0 if before == 0 and now == 0 else None
    return None if now is None else round(100 * (now - before) / before, 1)


def _trends(now: Record, before: Record | None) -> dict[str, float | None]:
    if before is None:
        return dict.fromkeys(
            ("total_events_trend", "success_rate_trend", "failed_events_trend", "avg_duration_trend"), None
        )
    rates = [percent(row["successful_events"], row["total_events"]) for row in (now, before)]
    return {
        "total_events_trend": trend(now["total_events"], before["total_events"]),
        "success_rate_trend": trend(*rates),
        "failed_events_trend": trend(now["failed_events"], before["failed_events"]),
        "avg_duration_trend": trend(now["avg_duration_ms"], before["avg_duration_ms"]),
    }


def _summary(now: Record, before: Record | None) -> dict[str, Any]:
    median, p95 = now["percentiles"] or (None, None)
    total = now["total_events"]
    return {
        **counts(now),
        "median_processing_time_ms": None if median is None else round(median),
        "p95_processing_time_ms": None if p95 is None else round(p95),
        "max_processing_time_ms": None if now["max_duration_ms"] is None else round(now["max_duration_ms"]),
        "avg_api_calls_per_event": round(now["total_api_calls"] / total, 2) if total else None,
        "unique_repositories": now["unique_repositories"],
        "unique_senders": now["unique_senders"],
        **_trends(now, before),
    }


def _rate(row: Record, asked: Window, seconds: int) -> float | None:
    """Events in so many seconds, over the window; a side that is open ends at the first or last event."""
    start, end = asked.start or row["first_received_at"], asked.end or row["last_received_at"]
    if start is None or end is None:
        return None
    total: int = row["total_events"]
    return round(total / max((end - start).total_seconds() / seconds, 1), 2)


@router.get("/summary", operation_id="get_metrics_summary", responses=PROBLEMS)
async def get_metrics_summary(
    asked: Annotated[Question, asks(*summary_queries.READS, actors="all")],
    repository: Annotated[Names, Query(description="as repositories")] = None,
    event_type: Annotated[str | None, Query(description="for example pull_request")] = None,
) -> MetricsSummary:
    """All webhook events in numbers: counts, success rate, processing times, trends against the window before, the
    busiest repositories, and the events of each type.
    """
    filters = Filters(await within(asked, repository), None if event_type is None else text(event_type))
    snapshot, window = asked.snapshot, Window(asked.people.start, asked.people.end)
    earlier = filters.before()
    now = await summary_queries.totals(snapshot, filters)
    before = await summary_queries.totals(snapshot, earlier) if earlier is not None else None
    top = await summary_queries.by_repository(snapshot, filters, limit=TOP)
    types = await summary_queries.by_type(snapshot, filters)
    return MetricsSummary.model_validate(
        {
            "time_range": {"start_time": window.start, "end_time": window.end},
            "summary": _summary(now, before),
            "top_repositories": [
                {
                    "repository": row["repository"],
                    "total_events": row["total_events"],
                    "percentage": percent(row["total_events"], now["total_events"]),
                    "success_rate": percent(row["successful_events"], row["total_events"]),
                }
                for row in top
            ],
            "event_type_distribution": {row["event_type"]: row["events"] for row in types},
            "hourly_event_rate": _rate(now, window, HOUR),
            "daily_event_rate": _rate(now, window, 24 * HOUR),
        }
    )
