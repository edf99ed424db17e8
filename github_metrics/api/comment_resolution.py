"""GET /api/metrics/comment-resolution-time: how soon threads of comments on code are answered and resolved."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paging, Sort, pages, sorted_by, whole
from github_metrics.api.pages import Pagination, Time, TimeRange, pagination
from github_metrics.api.repositories import percent
from github_metrics.api.requests import links
from github_metrics.api.statistics import named_statistics
from projections.queries import thread_queries
from replay.snapshot import Record

router = APIRouter(tags=["pull requests"])

HOUR = 3600


class ResolutionTimes(BaseModel):
    """How long resolved threads took, in hours. Null without any."""

    avg_resolution_time_hours: float | None = Field(description="last resolved − first comment")
    median_resolution_time_hours: float | None
    p75_resolution_time_hours: float | None
    p90_resolution_time_hours: float | None
    resolution_time_hours_count: int


class ThreadSummary(ResolutionTimes):
    """What the threads come to."""

    avg_time_to_first_response_hours: float | None = Field(description="first reply by another − first comment")
    median_time_to_first_response_hours: float | None
    p75_time_to_first_response_hours: float | None
    p90_time_to_first_response_hours: float | None
    time_to_first_response_hours_count: int
    avg_comments_per_thread: float | None
    median_comments_per_thread: float | None
    p75_comments_per_thread: float | None
    p90_comments_per_thread: float | None
    comments_per_thread_count: int
    total_threads_analyzed: int
    resolved_threads: int
    unresolved_threads: int = Field(description="never resolved, or reopened since")
    resolution_rate: float | None = Field(description="percent that are resolved; null without threads")
    unresolved_outside_range: int = Field(description="unresolved ones that began before the window")


class RepositoryThreads(ResolutionTimes):
    """The threads of one repository."""

    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    total_threads: int
    resolved_threads: int


class Thread(BaseModel):
    """One thread of comments on code."""

    thread_node_id: str | None = Field(description="known once it was resolved")
    first_comment_id: int
    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    pr_number: int
    pr_title: str | None
    author: str = Field(description="login of who began it; ghost where the account is gone")
    first_comment_at: Time
    resolved: bool
    resolved_at: Time | None = Field(description="last; null while it is unresolved")
    resolution_time_hours: float | None
    time_to_first_response_hours: float | None = Field(description="null while nobody else has replied")
    comment_count: int = Field(description="without deleted ones")
    resolver: str | None = Field(description="login")
    participants: list[str] = Field(description="logins")
    file_path: str | None
    can_be_merged_at: Time | None = Field(description="first success of the check, or first label, can-be-merged")
    time_from_can_be_merged_hours: float | None = Field(description="to resolved_at; 0 if it was resolved before")


class CommentResolution(BaseModel):
    """Threads that began in the window."""

    time_range: TimeRange
    summary: ThreadSummary
    by_repository: list[RepositoryThreads]
    threads: list[Thread]
    pagination: Pagination


@router.get(
    "/comment-resolution-time",
    operation_id="get_comment_resolution_time",
    response_model=CommentResolution,
    responses=LIST,
)
async def get_comment_resolution_time(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*thread_queries.READS)],
    paging: Annotated[Paging, pages(25)],
    sort: Sort = None,
) -> Any:
    """How soon review threads that people began in the window were answered by somebody else and resolved, in hours:
    in all, by repository, and each thread. Reopened ones are unresolved.
    """
    snapshot, people = asked.snapshot, asked.people
    query = sorted_by(thread_queries.threads(people), sort)
    if paging.csv:
        return await whole(request, response, snapshot, query, Thread, "comment-resolution-time", _thread)
    of_all, of_each = await thread_queries.summary(snapshot, people)
    if sort is None:
        rows = await thread_queries.page(snapshot, people, paging.part)
    else:
        rows = (await query.page(snapshot, paging.part)).rows
    described = pagination(of_all["total_threads"], paging.page, paging.page_size)
    response.headers["Link"] = links(request, described)
    return CommentResolution.model_validate(
        {
            "time_range": {"start_time": people.start, "end_time": people.end},
            "summary": _summary(of_all),
            "by_repository": [_repository(row) for row in of_each],
            "threads": [_thread(row) for row in rows],
            "pagination": described,
        }
    )


def _summary(row: Record) -> dict[str, Any]:
    total, resolved = row["total_threads"], row["resolved_threads"]
    return {
        **named_statistics("resolution_time_hours", row["resolution_time"], unit=HOUR),
        **named_statistics("time_to_first_response_hours", row["time_to_first_reply"], unit=HOUR),
        **named_statistics("comments_per_thread", row["comments"]),
        "total_threads_analyzed": total,
        "resolved_threads": resolved,
        "unresolved_threads": total - resolved,
        "resolution_rate": percent(resolved, total),
        "unresolved_outside_range": row["unresolved_outside_range"],
    }


def _repository(row: Record) -> dict[str, Any]:
    named = {name: row[name] for name in ("repository", "total_threads", "resolved_threads")}
    return {**named, **named_statistics("resolution_time_hours", row["resolution_time"], unit=HOUR)}


def _thread(row: Record) -> dict[str, Any]:
    hours = {
        "resolution_time_hours": "resolution_seconds",
        "time_to_first_response_hours": "answer_seconds",
        "time_from_can_be_merged_hours": "merge_wait_seconds",
    }
    return {**row, **{name: _hours(row[column]) for name, column in hours.items()}}


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / HOUR, 2)
