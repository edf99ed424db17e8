"""Health: is the service alive, ready, and how far have the projections come?"""

import http
from importlib.metadata import version
from typing import Any, Literal

import psycopg
from fastapi import APIRouter, Request, Response
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, Field

from github_metrics.api.problems import POSITION_HEADER
from github_metrics.api.teams import teams_now
from github_metrics.teams.file import State
from replay.errors import DatabaseAway
from replay.lag import LAG
from replay.snapshot import Pool, in_time

router = APIRouter(tags=["health"])

VERSION = version("github-metrics")
UNAVAILABLE = http.HTTPStatus.SERVICE_UNAVAILABLE
HEALTH_SECONDS = 4.0


class ProjectionHealth(BaseModel):
    """How far one projection has come."""

    name: str
    version: int
    position: int = Field(description="its checkpoint: the log position that it has applied")
    lag_events: int = Field(description="events that it has not applied yet")
    lag_seconds: float = Field(description="how long the oldest of them has waited; 0 when there is none")
    parked: int = Field(description="events that it could not apply")
    state: Literal["live", "building", "halted", "retired", "gone"] = Field(
        description="gone: not in this release, or switched off; its table is kept as it is"
    )


class Health(BaseModel):
    """The service's health."""

    status: Literal["healthy", "unhealthy"]
    database: bool
    version: str
    teams_file: State = Field(description="none: not configured; missing, bad: unusable, what was read before stands")
    projections: list[ProjectionHealth]


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


async def _lag(pool: Pool) -> list[dict[str, Any]]:
    async with pool.connection(timeout=3.0) as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(LAG)
        return await cursor.fetchall()


async def _projections(request: Request) -> list[dict[str, Any]] | None:
    """How far each projection has come; None when the database is away."""
    try:
        found = await in_time(_lag(request.app.state.pool), HEALTH_SECONDS)
    except (PoolTimeout, psycopg.Error, DatabaseAway):
        return None
    active = {projection.name for projection in request.app.state.projections}
    return [row if row["name"] in active else {**row, "state": "gone"} for row in found]


@router.get("/health", operation_id="health_check", responses={503: {"model": Health}})
async def health_check(request: Request, response: Response) -> Health:
    """Whether the service and its database are well, and how far each read model has come. 503 when the database is
    away.
    """
    found = await _projections(request)
    if found is None:
        response.status_code = UNAVAILABLE
    elif held := [row["position"] for row in found if row["state"] != "gone"]:
        response.headers[POSITION_HEADER] = str(min(held))
    return Health.model_validate(
        {
            "status": "unhealthy" if found is None else "healthy",
            "database": found is not None,
            "version": VERSION,
            "teams_file": teams_now(request).state,
            "projections": found or [],
        }
    )


@router.get("/healthz", operation_id="get_liveness")
async def get_liveness() -> Alive:
    """Whether this process answers; says nothing of the database."""
    return Alive()


@router.get("/readyz", operation_id="get_readiness", responses={503: {"model": Health}})
async def get_readiness(request: Request, response: Response) -> Health:
    """Whether the service can take deliveries and answer: the database is there and the projections exist."""
    health = await health_check(request, response)
    if not health.projections:
        health.status = "unhealthy"
        response.status_code = UNAVAILABLE
    return health
