"""GET /api/metrics/parked: the events that a projection could not apply. POST …/{parked_id}/retry: apply one again."""

import asyncio
from typing import Annotated, Any, Literal, LiteralString
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from psycopg import sql
from pydantic import BaseModel, Field

from github_metrics.access.origins import may_read
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, Time
from github_metrics.api.problems import PROBLEMS, Forbidden, NotFound, Problem, ReadOnly
from github_metrics.api.requests import Reads, text
from projections.decode import decode
from projections.queries.listing import ListQuery
from replay import retry
from replay.errors import ReplayError, RequestError
from replay.rebuild import OPTIONS
from replay.retry import FOUND, Retry
from replay.snapshot import Record, Snapshot

router = APIRouter(tags=["operations"])

State = Literal["parked", "resolved", "ignored", "all"]
BY: tuple[LiteralString, ...] = (
    *("projection", "position", "event_type", "state", "reason", "attempts", "parked_at", "attempted_at"),
)
SORTS = {name: name for name in BY}
ParkedId = Annotated[str, Path(max_length=200, description="projection:position, as the list tells it")]


class Settled(RequestError):
    """The event is not parked any more, or its projection has another definition now."""

    reason = "not_retried"
    status = 409


class Parked(BaseModel):
    """An event that a projection could not apply."""

    parked_id: str = Field(examples=["reviews:4711"])
    projection: str
    position: int = Field(description="of the event in the log")
    delivery_id: UUID
    event_type: str
    state: Literal["parked", "resolved", "ignored"]
    reason: str = Field(description="the kind of fault, for programs")
    error: str
    attempts: int
    parked_at: Time
    attempted_at: Time


class ParkedList(BaseModel):
    """A page of parked events, by projection and position."""

    data: list[Parked]
    pagination: Pagination


class Retried(BaseModel):
    """What came of trying again."""

    parked_id: str
    state: Literal["parked", "resolved"]
    error: str | None = Field(description="why it is parked still")


@router.get("/parked", operation_id="get_parked_events", response_model=ParkedList, responses=LIST)
async def get_parked_events(
    request: Request,
    response: Response,
    snapshot: Annotated[Snapshot, Depends(Reads("webhook_events"), scope="function")],
    paging: Paged,
    state: Annotated[State, Query(description="where they stand; all: any of these")] = "parked",
    sort: Sort = None,
) -> Any:
    """Events that a read model could not apply, each with the error: its numbers lack them until they are retried."""
    arguments = {"state": None if state == "all" else state, "id": None}
    query = sorted_by(ListQuery(sql.SQL(FOUND), sql.SQL("projection, position"), arguments, sorts=SORTS), sort)
    if paging.csv:
        return await whole(request, response, snapshot, query, Parked, "parked", _parked)
    rows, described = await listed(request, response, snapshot, query, paging)
    return ParkedList.model_validate({"data": [_parked(row) for row in rows], "pagination": described})


def _parked(row: Record) -> dict[str, Any]:
    return {**row, "parked_id": f"{row['projection']}:{row['position']}"}


@router.post(
    "/parked/{parked_id}/retry",
    operation_id="retry_parked_event",
    responses={
        **PROBLEMS,
        403: {"model": Problem, "description": "Asked by a page of another origin"},
        404: {"model": Problem, "description": "No such parked event"},
        409: {"model": Problem, "description": "It is not parked any more, or its projection has changed: replay it"},
    },
)
async def retry_parked_event(request: Request, parked_id: ParkedId) -> Retried:
    """Apply a parked event again. It is resolved, or stays parked with the error of this attempt."""
    if not may_read(request.headers, request.app.state.cors_origins):
        raise Forbidden("a page of another origin may not change anything here")
    if request.app.state.writes is None:
        raise ReadOnly("this service only reads, from the log as it was")
    error = await asyncio.to_thread(_retry, request.app, text(parked_id))
    return Retried(parked_id=parked_id, state="parked" if error else "resolved", error=error)


def _retry(app: Any, parked_id: str) -> str | None:
    """None, or why it is parked still. Raises NotFound and Settled."""
    with psycopg.connect(app.state.writes, autocommit=True, options=OPTIONS) as connection:
        if not connection.execute(FOUND, {"state": None, "id": parked_id}).fetchall():
            raise NotFound(f"no parked event {parked_id}")
        again = Retry(connection, retry.by_name(app.state.projections), decode)
        try:
            return again.retry(retry.find(connection, parked_id))
        except ReplayError as error:
            raise Settled(str(error)) from None
