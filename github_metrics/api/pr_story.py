"""GET /api/metrics/pr-story/{owner}/{repo}/{number}: what happened to one pull request, in order of time."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.pages import Pagination, Time, pagination
from github_metrics.api.problems import PROBLEMS, Problem
from github_metrics.api.pull_request_path import Asked, names_one
from github_metrics.api.requests import Page, links
from github_metrics.api.story_events import event_fields
from projections.queries import story_queries
from replay.snapshot import Record

router = APIRouter(tags=["pull requests"])


class StoryPullRequest(BaseModel):
    """The pull request as it is now. Null where no payload told it."""

    number: int
    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    title: str | None
    state: str | None = Field(description="open or closed")
    merged: bool | None
    draft: bool | None
    author: str | None = Field(description="login")
    url: str | None
    created_at: Time | None = Field(description="when it was opened")
    merged_at: Time | None
    closed_at: Time | None = Field(description="last close; null while it is open")


class StoryCheck(BaseModel):
    """One attempt of a check, or a commit status."""

    name: str | None
    conclusion: str | None = Field(description="null while it has not completed; of a commit status its state")
    status: str | None = Field(description="completed, in_progress, queued or pending")
    timestamp: Time | None = Field(description="when it started; of a commit status, when it was told")
    started_at: Time | None
    completed_at: Time | None
    attempt: int | None = Field(description="1 for the first; null for what is under way and for commit statuses")
    failed: bool
    kind: str = Field(description="check_run or status")
    app: str | None


class StoryEvent(BaseModel):
    """One event. Fields that do not concern it are absent."""

    event_type: str = Field(examples=["pr_opened"])
    timestamp: Time | None = Field(description="by GitHub's clock; null where the payload told no time")
    description: str
    actor: str | None = Field(default=None, description="login; ghost where the account is gone")
    delivery_id: UUID | None = Field(default=None, description="the delivery that told it first")
    position: int | None = Field(default=None, description="its place in the log")
    inferred: bool | None = Field(default=None, description="it was not seen itself; a later delivery says so")
    label: str | None = None
    reviewer: str | None = Field(default=None, description="login of who was asked, or no longer is")
    team: str | None = Field(default=None, description="slug of the team that was asked, or no longer is")
    assignee: str | None = None
    milestone: str | None = None
    path: str | None = Field(default=None, description="the file of a comment or thread")
    body: str | None = Field(default=None, description="as last edited, the first 500 characters")
    truncated: bool | None = Field(default=None, description="body has more, or there are more children")
    url: str | None = None
    commit: str | None = Field(default=None, description="sha of the head that was pushed, checked or deployed")
    resolution_time_hours: float | None = Field(default=None, description="since the thread's first comment")
    environment: str | None = None
    state: str | None = Field(default=None, description="of a deployment")
    children: list[StoryCheck] | None = Field(default=None, description="of check_run: every attempt on that commit")
    children_total: int | None = None


class StorySummary(BaseModel):
    """How many of what."""

    total_commits: int | None = Field(description="as last reported; null where no payload did")
    total_pushes: int = Field(description="different heads that were seen")
    total_reviews: int = Field(description="submitted by people other than the author")
    bot_reviews: int
    total_comments: int = Field(description="in the conversation and on the code, without deleted ones")
    code_comments: int = Field(description="those of them on the code")
    total_check_runs: int
    total_check_attempts: int = Field(description="completions of them, re-runs too")
    failed_check_attempts: int = Field(description="failure, timed_out, startup_failure or action_required")
    total_commit_statuses: int


class PullRequestStory(BaseModel):
    """A pull request and what happened to it, the earliest first."""

    pr: StoryPullRequest
    events: list[StoryEvent]
    summary: StorySummary
    truncated: bool = Field(description="there are more events on other pages")
    pagination: Pagination


@router.get(
    "/pr-story/{owner}/{repo}/{number}",
    operation_id="get_pr_story",
    response_model_exclude_unset=True,
    responses={**PROBLEMS, 404: {"model": Problem, "description": "No such pull request"}},
)
async def get_pr_story(
    request: Request,
    response: Response,
    asked: Annotated[Asked, names_one(*story_queries.READS)],
    page: Page = 1,
    page_size: Annotated[int, Query(ge=1, le=1000, description="events on a page")] = 1000,
) -> PullRequestStory:
    """Everything that happened to one pull request in order of time: pushes with all attempts of their checks, reviews,
    requests, labels, comments, threads, deployments.
    """
    state = request.app.state
    rows, total = await story_queries.events(asked.snapshot, asked.key, page_size, (page - 1) * page_size)
    shas = [row["sha"] for row in rows if row["kind"] == "checks"]
    checks = await story_queries.checks(asked.snapshot, asked.key, shas)
    counts = await story_queries.summary(asked.snapshot, asked.key, [login.lower() for login in state.bot_logins])
    described = pagination(total, page, page_size)
    response.headers["Link"] = links(request, described)
    prefixes = (state.approval_label_prefix, state.lgtm_label_prefix)
    return PullRequestStory.model_validate(
        {
            "pr": _pull_request(asked.found, asked.number),
            "events": [event_fields(row, checks.get(row["sha"], []), prefixes) for row in rows],
            "summary": {**counts, "total_commits": asked.found["commits"]},
            "truncated": described["total_pages"] > 1,
            "pagination": described,
        }
    )


def _pull_request(found: Record, number: int) -> dict[str, Any]:
    return {"number": number, **{name: found[name] for name in StoryPullRequest.model_fields if name != "number"}}
