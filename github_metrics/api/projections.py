"""GET /api/metrics/projections: how far each projection has come, and the replays under way."""

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.pages import Time
from github_metrics.api.problems import POSITION_HEADER, PROBLEMS
from github_metrics.api.requests import unless_known
from projections.catalog import all_projections, described
from replay.lag import STANDING
from replay.replays import LOCK_CLASS
from replay.replays import SELECT as REPLAYS
from replay.snapshot import Record, snapshot

router = APIRouter(tags=["projections"])

LATEST = 100


class ProjectionState(BaseModel):
    """One projection."""

    name: str
    doc: str | None = Field(description="what it holds; null for one that this release does not have")
    version: int | None = Field(description="of the definition that readers see; null where nothing is built yet")
    generation: int | None = Field(description="the build that readers see; null where nothing is built yet")
    position: int = Field(description="its checkpoint: the log position that it has applied")
    lag_events: int = Field(description="events that it has not applied yet, counted up to 100,000")
    lag_seconds: float = Field(description="how long the oldest of them has waited; 0 when there is none")
    parked: int = Field(description="events that it could not apply")
    state: Literal["live", "building", "halted", "gone"] = Field(
        description="building: readers do not see it yet; halted: stopped by a fault; gone: not in this release, or"
        " switched off, its table is kept as it is"
    )
    halted_reason: str | None


class ReplayState(BaseModel):
    """A replay under way: projections that are built anew beside those that readers see."""

    replay_id: int
    purpose: Literal["replay", "verify"]
    state: Literal["running", "resumable"] = Field(description="resumable: interrupted, nobody is at work on it")
    projections: list[str]
    target: int = Field(description="the log position that it builds up to")
    done: int = Field(description="how many positions up to the target are applied")
    progress: float = Field(description="done / target, 0 to 1")
    events: int = Field(description="events applied so far")
    parked: int = Field(description="events that it could not apply")
    phase: Literal["events", "indexes", "catching up", "comparing", "swapping"] = Field(
        description="what it is at, one after another; progress is that of the events"
    )
    phase_done: int = Field(description="of phase_total: tables, or in phase catching up the position")
    phase_total: int
    begun_at: Time


class Projections(BaseModel):
    """All projections, by name, and the replays under way, newest first."""

    projections: list[ProjectionState]
    replays: list[ReplayState]


@router.get("/projections", operation_id="get_projections", response_model=Projections, responses=PROBLEMS)
async def get_projections(request: Request) -> Response:
    """How far each read model is behind what was received, what it could not apply, and rebuilds under way."""
    active = [projection.name for projection in request.app.state.projections]
    docs = {projection.name: described(projection) for projection in all_projections()}
    async with snapshot(request.app.state.pool, ()) as taken:
        rows = await taken.rows(STANDING, {"active": active})
        replays = await taken.rows(REPLAYS, {"lock": LOCK_CLASS, "limit": LATEST})
    told = Projections.model_validate(
        {
            "projections": [{**row, "doc": docs.get(row["name"])} for row in rows],
            "replays": [_replay(row) for row in replays if row["state"] == "running" and row["names"]],
        }
    )
    position = min((row["position"] for row in rows if row["state"] != "gone"), default=0)
    return _answer(request, told.model_dump_json().encode(), position)


def _answer(request: Request, body: bytes, position: int) -> Response:
    """Nothing but the answer itself says whether it has changed: a lag grows without an event. Raises NotModified."""
    request.state.position = position
    headers = {POSITION_HEADER: str(position), **unless_known(request, body)}
    return Response(body, media_type="application/json", headers=headers)


def _replay(row: Record) -> dict[str, Any]:
    return {
        **row,
        "state": "running" if row["owned"] else "resumable",
        "projections": row["names"],
        "progress": round(row["done"] / row["target"], 4) if row["target"] else 1.0,
    }
