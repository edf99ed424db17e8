"""GET /api/metrics/repositories/{owner}/{repo}: one repository in numbers."""

from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from github_metrics.api.asked import Excluded, Users, whose
from github_metrics.api.deployments import Keys, keys_shown, measured, periods
from github_metrics.api.lifecycle import Lifecycle, phases_shown
from github_metrics.api.pages import Time, TimeRange
from github_metrics.api.problems import PROBLEMS, BadParameter, NotFound, Problem
from github_metrics.api.pull_request_path import Owner, Repo
from github_metrics.api.repositories import percent
from github_metrics.api.requests import Asked, Reads, instant, text, until_over
from projections.queries import deployment_queries, lifecycle_queries, repository_queries, summary_queries
from projections.queries.deployment_queries import Production
from projections.queries.listing import Part
from projections.queries.people import Actors, People
from projections.queries.rolled_up import rollups
from projections.queries.webhook_filters import Filters
from projections.queries.webhook_queries import repository_ids
from replay.snapshot import Record, Snapshot

router = APIRouter(tags=["repositories"])

READS = (
    *repository_queries.READS,
    *summary_queries.READS,
    *lifecycle_queries.READS,
    *deployment_queries.READS,
)


class Name(BaseModel):
    """A name that the repository had."""

    name: str = Field(examples=["org/repo"])
    first_seen_at: Time | None = Field(description="by GitHub's clock")
    last_seen_at: Time | None


class Delivered(BaseModel):
    """The first and the last webhook event, whatever the window."""

    first_received_at: Time | None
    last_received_at: Time | None
    delivery_id: UUID | None = Field(description="of the last one")
    event_type: str | None = Field(description="of the last one")


class EventType(BaseModel):
    """Webhook events of one type."""

    event_type: str
    total_events: int
    successful_events: int
    failed_events: int


class Events(BaseModel):
    """Webhook events received in the window."""

    total_events: int
    successful_events: int
    failed_events: int = Field(description="error and partial")
    success_rate: float | None = Field(description="percent")
    by_type: list[EventType]


class PullRequests(BaseModel):
    """Pull requests by what became of them in the window."""

    opened: int
    merged: int
    closed: int = Field(description="unmerged, and not reopened since")
    open: int = Field(description="now, whatever the window")


class Reviews(BaseModel):
    """Reviews submitted in the window by others than the author, those of bots too."""

    reviews: int
    approved: int
    changes_requested: int
    commented: int
    reviewers: int = Field(description="different people and bots")


class Checks(BaseModel):
    """Attempts of checks completed in the window."""

    completed: int
    succeeded: int
    failed: int
    success_rate: float | None = Field(description="percent of these two")


class CurrentLabel(BaseModel):
    """A label of open pull requests."""

    label: str
    current: int = Field(description="open pull requests that carry it now")


class Repository(BaseModel):
    """One repository in numbers."""

    repository: str = Field(description="org/repo, as it is called now", examples=["org/repo"])
    repository_id: int
    names: list[Name] = Field(description="every name it was seen under, the first one first")
    html_url: str | None
    default_branch: str | None
    private: bool | None
    archived: bool | None
    created_at: Time | None
    time_range: TimeRange
    delivered: Delivered
    events: Events
    pull_requests: PullRequests
    lifecycle: Lifecycle
    reviews: Reviews
    checks: Checks
    deployments: Keys
    labels: list[CurrentLabel] = Field(description="the most frequent 20")


class Meant(NamedTuple):
    """The repository that a request names, its work in the window, and the snapshot that tells of it."""

    snapshot: Snapshot
    found: Record
    people: People
    now: datetime


async def _meant(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(Reads(*READS, clock=until_over), scope="function")],
    window: Asked,
    owner: Owner,
    repo: Repo,
    users: Users = None,
    exclude_users: Excluded = None,
    actors: Annotated[Actors, Query(description="humans, bots, or all")] = "all",
) -> Meant:
    if b"%2f" in request.scope.get("raw_path", b"").lower():
        raise BadParameter("owner and repo are parts of the path of their own: neither holds a slash")
    name = text(f"{owner}/{repo}")
    found = await repository_queries.known(snapshot, await repository_ids(snapshot, [name]))
    if found is None:
        raise NotFound(f"no repository {name} was seen")
    people = whose(request, window, users, exclude_users, actors, [found["repository_id"]])
    return Meant(snapshot, found, people, instant(request))


@router.get(
    "/repositories/{owner}/{repo}",
    operation_id="get_repository",
    responses={**PROBLEMS, 404: {"model": Problem, "description": "No such repository"}},
)
async def get_repository(request: Request, meant: Annotated[Meant, Depends(_meant, scope="function")]) -> Repository:
    """One repository: its names, events by type, pull requests and their cycle times, reviews, check success, DORA keys
    and labels. Users are senders, authors, reviewers and deployers; all count unless asked otherwise.
    """
    snapshot, found, people, _ = meant
    events = await summary_queries.overview(snapshot, await rollups(snapshot), Filters(people), top=1)
    lifecycle, _groups = await lifecycle_queries.phases(snapshot, people, "all", [])
    work = await repository_queries.work(snapshot, people)
    checks = work["checks"]
    return Repository.model_validate(
        {
            **found,
            "repository": found["full_name"],
            "time_range": {"start_time": people.start, "end_time": people.end},
            "delivered": found,
            "events": _events(events),
            "pull_requests": work["pull_requests"],
            "lifecycle": phases_shown(lifecycle),
            "reviews": work["reviews"],
            "checks": {**checks, "success_rate": percent(checks["succeeded"], checks["succeeded"] + checks["failed"])},
            "deployments": await _deployments(meant, request.app.state.production_environments),
            "labels": work["labels"],
        }
    )


def _events(events: summary_queries.Overview) -> dict[str, Any]:
    totals = events.totals
    rate = percent(totals["successful_events"], totals["total_events"])
    return {**totals, "success_rate": rate, "by_type": events.types}


async def _deployments(meant: Meant, environments: tuple[str, ...]) -> dict[str, Any]:
    asked = Production(meant.people, environments)
    window, _ = await measured(meant.snapshot, asked, meant.now)
    (row,) = (await deployment_queries.keys(asked, "all").page(meant.snapshot, Part(1, 0))).rows
    return keys_shown(row, None, periods(window, None, meant.now)[0])
