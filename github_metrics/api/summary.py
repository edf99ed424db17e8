"""GET /api/metrics/summary: all webhook events in numbers."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.bucketing import closed
from github_metrics.api.pages import TimeRange
from github_metrics.api.problems import PROBLEMS
from github_metrics.api.repositories import counts, percent
from github_metrics.api.requests import Names, text
from github_metrics.api.statistics import NAMES, rounded
from projections.duration_buckets import percentile_of
from projections.queries import summary_queries
from projections.queries.people import Window
from projections.queries.rolled_up import first_and_last, rollups
from projections.queries.summary_queries import Durations, Overview
from projections.queries.webhook_filters import Filters
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
    p75_processing_time_ms: int | None
    p90_processing_time_ms: int | None
    p95_processing_time_ms: int | None
    max_processing_time_ms: int | None
    total_api_calls: int
    avg_api_calls_per_event: float | None = Field(
        description="mean, two decimals, as the percentiles: of total_events; an event without a report made none"
    )
    median_api_calls_per_event: float | None
    p75_api_calls_per_event: float | None
    p90_api_calls_per_event: float | None
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
    # Adding 0.0 takes the sign off a change that is rounded to none.
    return None if now is None else round(100 * (now - before) / before, 1) + 0.0


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
    return {
        **counts(now),
        "unique_repositories": now["unique_repositories"],
        **_trends(now, before),
    }


def _durations(found: Durations) -> dict[str, int | None]:
    names = ("median", "p75", "p90", "p95", "max")
    whole = (None if value is None else round(value) for value in found)
    return {f"{name}_processing_time_ms": value for name, value in zip(names, whole, strict=True)}


def _calls(found: Overview) -> dict[str, float | None]:
    total, calls = found.totals["total_events"], found.totals["total_api_calls"]
    shares = zip(NAMES, (0.5, 0.75, 0.9), strict=True)
    return {
        "avg_api_calls_per_event": round(calls / total, 2) if total else None,
        **{f"{name}_api_calls_per_event": rounded(percentile_of(found.calls, share), 2) for name, share in shares},
    }


def _rate(row: Record, window: Window, seconds: int) -> float | None:
    """Events in so many seconds, over a window; None where it has no ends, for want of events."""
    if window.start is None or window.end is None:
        return None
    total: int = row["total_events"]
    return round(total / max((window.end - window.start).total_seconds() / seconds, 1), 2)


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
    snapshot, window = asked.snapshot, filters.window
    known, earlier = await rollups(snapshot), filters.before()
    found = await summary_queries.overview(snapshot, known, filters, top=TOP, timed=True)
    now = found.totals
    before = await summary_queries.totals(snapshot, known, earlier) if earlier is not None else None
    durations = await summary_queries.durations(snapshot, known, filters, found)
    senders = await summary_queries.unique_senders(snapshot, filters, found)
    measured = await closed(filters.people, lambda: first_and_last(snapshot, known, filters))
    return MetricsSummary.model_validate(
        {
            "time_range": {"start_time": window.start, "end_time": window.end},
            "summary": {
                **_summary(now, before),
                **_durations(durations),
                **_calls(found),
                "unique_senders": senders,
            },
            "top_repositories": [
                {
                    "repository": row["repository"],
                    "total_events": row["total_events"],
                    "percentage": percent(row["total_events"], now["total_events"]),
                    "success_rate": percent(row["successful_events"], row["total_events"]),
                }
                for row in found.repositories
            ],
            "event_type_distribution": {row["event_type"]: row["total_events"] for row in found.types},
            "hourly_event_rate": _rate(now, measured, HOUR),
            "daily_event_rate": _rate(now, measured, 24 * HOUR),
        }
    )
