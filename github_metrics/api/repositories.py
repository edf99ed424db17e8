"""GET /api/metrics/repositories: webhook events of each repository."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.pages import Pagination, TimeRange, pagination
from github_metrics.api.problems import PROBLEMS
from github_metrics.api.requests import Asked, Page, Reads, links
from projections import summary_queries
from replay.snapshot import Record, Snapshot

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


@router.get("/repositories", operation_id="get_repository_statistics", responses=PROBLEMS)
async def get_repository_statistics(
    request: Request,
    response: Response,
    snapshot: Annotated[Snapshot, Depends(Reads(*summary_queries.READS), scope="function")],
    asked: Asked,
    page: Page = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="repositories on a page")] = 10,
) -> Repositories:
    """Webhook events of each repository, the busiest first: counts, success rate, processing time, API usage."""
    rows = await summary_queries.by_repository(snapshot, asked, limit=page_size, offset=(page - 1) * page_size)
    described = pagination(await summary_queries.count_repositories(snapshot, asked), page, page_size)
    response.headers["Link"] = links(request, described)
    return Repositories.model_validate(
        {
            "time_range": {"start_time": asked.start, "end_time": asked.end},
            "repositories": [
                {"repository": row["repository"], "repository_id": row["repository_id"], **counts(row)} for row in rows
            ],
            "pagination": described,
        }
    )
