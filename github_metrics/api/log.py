"""GET /api/metrics/log: the size of the log, how fast it grows, and the last delivery of each repository."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, Time
from github_metrics.api.requests import Reads, always, instant
from projections.queries import delivery_queries
from replay.log_state import LOG_STATE
from replay.snapshot import Snapshot

router = APIRouter(tags=["operations"])


class Rates(BaseModel):
    """Webhook events received lately."""

    last_minute: int
    last_hour: int
    last_day: int


class LastDelivery(BaseModel):
    """The last delivery of one repository."""

    repository: str = Field(examples=["org/repo"])
    repository_id: int
    received_at: Time
    event_type: str
    action: str | None
    sender: str | None
    delivery_id: UUID
    position: int


class LogState(BaseModel):
    """The log as it is now."""

    position: int = Field(description="of the last event in it")
    bytes: int = Field(description="what the log takes on disk, with its indexes")
    database_bytes: int = Field(description="what the whole database takes, read models included")
    first_received_at: Time | None
    last_received_at: Time | None
    duplicates: int = Field(description="deliveries that came again byte for byte, and were not stored again")
    recovered: int = Field(description="events that had not come and were fetched from GitHub afterwards")
    last_recovered_at: Time | None
    rates: Rates
    as_of: Time
    repositories: list[LastDelivery] = Field(description="the one that has been silent the longest first")
    pagination: Pagination


@router.get("/log", operation_id="get_log", response_model=LogState, responses=LIST)
async def get_log(
    request: Request,
    response: Response,
    snapshot: Annotated[Snapshot, Depends(Reads(*delivery_queries.READS, clock=always), scope="function")],
    paging: Paged,
    sort: Sort = None,
) -> Any:
    """Size of the log of deliveries, events received lately, and the last delivery of each repository: which hooks have
    gone silent.
    """
    query = sorted_by(delivery_queries.last_deliveries(), sort)
    if paging.csv:
        return await whole(request, response, snapshot, query, LastDelivery, "last-deliveries")
    now = instant(request)
    rows, described = await listed(request, response, snapshot, query, paging)
    state = {**await snapshot.one(LOG_STATE), **await delivery_queries.recovered(snapshot)}
    rates = await delivery_queries.rates(snapshot, now)
    return LogState.model_validate(
        {**state, "rates": rates, "as_of": now, "repositories": rows, "pagination": described}
    )
