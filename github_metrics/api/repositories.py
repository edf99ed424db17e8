"""GET /api/metrics/repositories: webhook events of each repository."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.csv_answers import Table, csv_answer
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by
from github_metrics.api.pages import Pagination, TimeRange
from github_metrics.api.requests import Names
from github_metrics.api.statistics import NAMES
from projections.queries import repository_durations, summary_queries
from projections.queries.rolled_up import rollups
from projections.queries.webhook_filters import Filters
from replay.snapshot import Record

router = APIRouter(tags=["repositories"])


class RepositoryStatistics(BaseModel):
    """The webhook events of one repository."""

    repository: str = Field(description="org/repo, as it is called now", examples=["org/repo"])
    repository_id: int = Field(description="GitHub's id: two repositories may have had one name")
    total_events: int
    successful_events: int
    failed_events: int = Field(description="error and partial")
    success_rate: float | None = Field(description="percent, two decimals; null without events")
    avg_processing_time_ms: int | None
    median_processing_time_ms: int | None
    p75_processing_time_ms: int | None
    p90_processing_time_ms: int | None
    total_api_calls: int
    total_token_spend: int


class Repositories(BaseModel):
    """A page of repositories, the busiest first."""

    time_range: TimeRange
    repositories: list[RepositoryStatistics]
    pagination: Pagination


def percent(part: int, whole: int) -> float | None:
    """Percent with two decimals; None of nothing."""
    return round(100 * part / whole, 2) if whole else None


def counts(row: Record) -> dict[str, Any]:
    """The counts that the summary and each repository share."""
    average = row["avg_duration_ms"]
    return {
        "total_events": row["total_events"],
        "successful_events": row["successful_events"],
        "failed_events": row["failed_events"],
        "success_rate": percent(row["successful_events"], row["total_events"]),
        "avg_processing_time_ms": None if average is None else round(average),
        "total_api_calls": row["total_api_calls"] or 0,
        "total_token_spend": row["total_token_spend"] or 0,
    }


def _statistics(row: Record) -> dict[str, Any]:
    """`row`: with `quantiles`."""
    quantiles = zip(NAMES, row["quantiles"], strict=True)
    times = {f"{name}_processing_time_ms": None if value is None else round(value) for name, value in quantiles}
    return {"repository": row["repository"], "repository_id": row["repository_id"], **counts(row), **times}


@router.get("/repositories", operation_id="get_repository_statistics", response_model=Repositories, responses=LIST)
async def get_repository_statistics(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*summary_queries.READS, actors="all")],
    paging: Paged,
    repository: Annotated[Names, Query(description="as repositories")] = None,
    sort: Sort = None,
) -> Any:
    """Webhook events of each repository, the busiest first: counts, success rate, processing time, API usage."""
    filters = Filters(await within(asked, repository))
    snapshot, known = asked.snapshot, await rollups(asked.snapshot)
    query = sorted_by(summary_queries.of_repositories(known, filters), sort)
    if paging.csv:
        each = repository_durations.timed(snapshot, known, filters, query.stream(snapshot))
        return await csv_answer(
            request, response, Table("repositories", RepositoryStatistics, each, _statistics), snapshot
        )
    found, described = await listed(request, response, snapshot, query, paging)
    rows = await repository_durations.with_quantiles(snapshot, known, filters, found)
    return Repositories.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "repositories": [_statistics(row) for row in rows],
            "pagination": described,
        }
    )
