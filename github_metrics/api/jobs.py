"""GET /api/metrics/jobs: how long workflow jobs wait for a runner and run."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, Time, TimeRange
from github_metrics.api.repositories import percent
from github_metrics.api.requests import until_over
from github_metrics.api.statistics import Durations, Statistics, durations, rounded, statistics
from projections.queries import job_queries
from projections.queries.job_queries import Group, Jobs
from replay.snapshot import Record

router = APIRouter(tags=["ci"])

SLOWEST = 5


class JobGroup(BaseModel):
    """The jobs of one runner label, repository, workflow or name."""

    repository: str | None = Field(description="org/repo; null of labels", examples=["org/repo"])
    label: str | None = Field(description="what they ask of a runner", examples=["ubuntu-latest"])
    workflow: str | None
    job: str | None
    jobs: int = Field(description="created in the window; skipped ones are not counted")
    completed: int
    succeeded: int
    failed: int
    cancelled: int
    success_rate: float | None = Field(description="percent of succeeded and failed")
    queued: int = Field(description="wait for a runner as of as_of")
    running: int = Field(description="run as of as_of")
    queue_time: Statistics = Field(description="seconds from creation to start")
    duration: Durations = Field(description="seconds from start to completion")
    workflow_duration: Statistics | None = Field(
        description="seconds of whole run attempts, from the first job's creation to the last one's end; only by"
        " workflow and repository"
    )


class SlowJob(BaseModel):
    """One of the jobs that ran longest."""

    repository: str | None
    workflow: str | None
    job: str | None
    labels: list[str] | None
    job_id: int
    run_id: int | None
    run_attempt: int | None
    conclusion: str | None
    created_at: Time | None
    queue_time: float | None = Field(description="seconds")
    duration: float = Field(description="seconds")
    url: str | None


class JobList(BaseModel):
    """A page of groups of jobs, and the jobs that ran longest of all groups."""

    time_range: TimeRange
    as_of: Time
    data: list[JobGroup]
    slowest: list[SlowJob]
    pagination: Pagination


@router.get("/jobs", operation_id="get_jobs", response_model=JobList, responses=LIST)
async def get_jobs(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*job_queries.READS, actors="all", clock=until_over)],
    paging: Paged,
    group: Annotated[Group, Query(description="a row for each of these")] = "label",
    sort: Sort = None,
) -> Any:
    """Workflow jobs by runner label, repository, workflow or name: how long they queue and run, how many do so now, and
    the slowest. Users are authors of pull requests.
    """
    jobs = Jobs(asked.people, min(asked.people.end or asked.now, asked.now))
    query = sorted_by(job_queries.jobs(jobs, group), sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, JobGroup, "jobs", _group)
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    slowest = await job_queries.slowest(asked.snapshot, jobs, SLOWEST)
    return JobList.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "as_of": jobs.as_of,
            "data": [_group(row) for row in rows],
            "slowest": [_slow(row) for row in slowest],
            "pagination": described,
        }
    )


def _group(row: Record) -> dict[str, Any]:
    lasted = row["workflow_duration"]
    return {
        **row,
        "job": row["name"],
        "success_rate": percent(row["succeeded"], row["succeeded"] + row["failed"]),
        "queue_time": statistics(row["queue_time"]),
        "duration": durations(row["duration"]),
        "workflow_duration": None if lasted is None else statistics(lasted),
    }


def _slow(row: Record) -> dict[str, Any]:
    times = {name: rounded(row[name], 1) for name in ("queue_time", "duration")}
    return {**row, "job": row["name"], **times}
