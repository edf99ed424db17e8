"""GET /api/metrics/user-prs: the pull requests behind the lists of contributors."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.pages import Pagination, Time, pagination
from github_metrics.api.people import AskedPeople, Taken
from github_metrics.api.problems import PROBLEMS
from github_metrics.api.requests import Page, links
from projections.contributor_queries import Part
from projections.user_pull_request_queries import Role, pull_requests_of

router = APIRouter(tags=["people"])


class UserPullRequest(BaseModel):
    """One pull request, as it is now."""

    number: int
    title: str | None
    owner: str = Field(description="login of its author; ghost where the account is gone")
    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    state: str | None = Field(description="open or closed")
    merged: bool
    url: str | None
    created_at: Time | None = Field(description="when it was opened")
    updated_at: Time | None
    commits_count: int | None = Field(description="as last told; null where no payload told it")
    head_sha: str | None


class UserPullRequests(BaseModel):
    """A page of pull requests: by repository, the newest first."""

    data: list[UserPullRequest]
    pagination: Pagination


@router.get("/user-prs", operation_id="get_user_pull_requests", responses=PROBLEMS)
async def get_user_pull_requests(
    request: Request,
    response: Response,
    snapshot: Taken,
    asked: AskedPeople,
    role: Annotated[
        Role | None,
        Query(description="what the users did: opened, merged or closed their own (pr_creators, also without a role)"),
    ] = None,
    page: Page = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="pull requests on a page")] = 10,
) -> UserPullRequests:
    """The pull requests that people opened, reviewed, approved or gave an LGTM label in the window."""
    state = request.app.state
    prefix = state.lgtm_label_prefix if role == "pr_lgtm" else state.approval_label_prefix
    part = Part(page_size, (page - 1) * page_size)
    listed = await pull_requests_of(snapshot, asked, role or "pr_creators", part, prefix)
    described = pagination(listed.total, page, page_size)
    response.headers["Link"] = links(request, described)
    return UserPullRequests.model_validate({"data": listed.rows, "pagination": described})
