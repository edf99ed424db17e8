"""The teams file as endpoints use and show it."""

from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field

from github_metrics.teams.file import State, TeamsFile, TeamsNow


class TeamsFileState(BaseModel):
    """Whether the teams file is in use. Where it is not, what was read of it before stands."""

    state: State = Field(description="none: no file is configured; missing, bad: it cannot be used as it is now")
    fault: str | None = Field(description="what is wrong with it")


def teams_now(request: Request) -> TeamsNow:
    """What the teams file says now."""
    file: TeamsFile = request.app.state.teams
    return file.current()


def file_state(now: TeamsNow) -> dict[str, Any]:
    """The fields of TeamsFileState."""
    return {"state": now.state, "fault": now.fault}
