"""GET /api/metrics/user-prs: the pull requests behind the lists of contributors."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, Time
from projections.queries import user_pull_request_queries
from projections.queries.user_pull_request_queries import Role, pull_requests_of

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


@router.get("/user-prs", operation_id="get_user_pull_requests", response_model=UserPullRequests, responses=LIST)
async def get_user_pull_requests(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*user_pull_request_queries.READS)],
    paging: Paged,
    role: Annotated[
        Role | None,
        Query(description="what the users did: opened, merged or closed their own (pr_creators, also without a role)"),
    ] = None,
    sort: Sort = None,
) -> Any:
    """The pull requests that people opened, reviewed, approved or gave an LGTM label in the window."""
    state = request.app.state
    prefix = state.lgtm_label_prefix if role == "pr_lgtm" else state.approval_label_prefix
    query = sorted_by(pull_requests_of(asked.people, role or "pr_creators", prefix), sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, UserPullRequest, "user-prs")
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    return UserPullRequests.model_validate({"data": rows, "pagination": described})
