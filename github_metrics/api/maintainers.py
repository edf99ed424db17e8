"""GET /api/metrics/maintainers: who maintains which repository, and the teams, as the teams file says."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.csv_answers import Table, csv_answer, each
from github_metrics.api.lists import LIST, Format, wants_csv
from github_metrics.api.requests import Names, Reads, text
from github_metrics.api.teams import TeamsFileState, file_state, teams_now
from projections.queries.team_queries import NAMES, Named, repositories_by_name
from projections.queries.teams import Teams, distinct
from replay.snapshot import Snapshot

router = APIRouter(tags=["people"])


class TeamOfFile(BaseModel):
    """A team as the file names it."""

    team: str
    repository: str | None = Field(description="null: a team of every repository that has none of its own")
    members: list[str] = Field(description="logins, maintainers too")
    maintainers: list[str]


class Maintainers(BaseModel):
    """What the teams file says, by the present names of repositories."""

    maintainers: dict[str, list[str]] = Field(
        description="logins by repository: those that the file names, or asked for"
    )
    all_maintainers: list[str]
    teams: list[TeamOfFile] = Field(description="in the order of the file")
    teams_file: TeamsFileState


class Maintainer(BaseModel):
    """A row of the CSV."""

    repository: str
    login: str


@router.get("/maintainers", operation_id="get_maintainers", response_model=Maintainers, responses=LIST)
async def get_maintainers(
    request: Request,
    response: Response,
    snapshot: Annotated[Snapshot, Depends(Reads(*NAMES), scope="function")],
    repositories: Annotated[Names, Query(description="org/repo, by any name it ever had; may be repeated")] = None,
    form: Annotated[
        Format | None,
        Query(alias="format", description="csv: repository and login in rows; also by Accept: text/csv"),
    ] = None,
) -> Any:
    """Who maintains which repository, and who is in which team, from the service's teams file."""
    now = teams_now(request)
    asked = [text(name) for name in repositories or ()]
    maintainers = _maintainers(
        now.teams, asked, await repositories_by_name(snapshot, [*now.teams.repositories, *asked])
    )
    if wants_csv(request, form):
        rows = [{"repository": name, "login": login} for name, logins in maintainers.items() for login in logins]
        return await csv_answer(request, response, Table("maintainers", Maintainer, each(rows)))
    return {
        "maintainers": maintainers,
        "all_maintainers": now.teams.all_maintainers,
        "teams": [
            {"team": of.name, "repository": of.repository, "members": of.members, "maintainers": of.maintainers}
            for of in now.teams.teams
        ],
        "teams_file": file_state(now),
    }


def _maintainers(teams: Teams, asked: list[str], known: dict[str, list[Named]]) -> dict[str, list[str]]:
    """By present name, sorted. A repository that was never seen keeps the name that it is given here."""
    found: dict[str, list[str]] = {}
    for name in asked or teams.repositories:
        for shown, given in _called(name, known, teams.repositories):
            found[shown] = list(distinct([*found.get(shown, ()), *teams.maintainers_of(given)]))
    return dict(sorted(found.items()))


def _called(name: str, known: dict[str, list[Named]], in_file: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The present name of each repository that `name` means, with each name that the file has for it."""
    if not known[name]:
        yield name, name
    for one in known[name]:
        given = [other for other in in_file if one in known[other]]
        for other in given or [one.full_name]:
            yield one.full_name, other
