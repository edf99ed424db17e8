"""GET /api/metrics/labels: how long pull requests carry each label."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.lists import LIST, Paged, Sort, listed, sorted_by, whole
from github_metrics.api.pages import Pagination, Time, TimeRange
from github_metrics.api.requests import Names, always, text
from github_metrics.api.statistics import Statistics, statistics
from projections.queries import label_queries
from projections.queries.label_queries import Labels
from replay.snapshot import Record

router = APIRouter(tags=["pull requests"])

NOTHING = {"count": 0, "mean": None, "quantiles": None}


class TimeInLabel(Statistics):
    """Seconds that pull requests carried a label."""

    open_count: int = Field(description="of these still carry it, and are counted up to as_of")


class Label(BaseModel):
    """One label, of all repositories that are asked for."""

    label: str = Field(examples=["sig-storage"])
    pull_requests: int = Field(description="on which it was first put in the window")
    intervals: int = Field(description="how often they were given it")
    inferred: int = Field(description="intervals whose beginning or end no event told")
    time_in_label: TimeInLabel
    current: int = Field(description="open pull requests that carry it now, whatever the window")


class LabelList(BaseModel):
    """A page of labels."""

    time_range: TimeRange
    as_of: Time
    data: list[Label]
    pagination: Pagination


@router.get("/labels", operation_id="get_labels", response_model=LabelList, responses=LIST)
async def get_labels(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*label_queries.READS, clock=always)],
    paging: Paged,
    label: Annotated[Names, Query(description="only these labels")] = None,
    sort: Sort = None,
) -> Any:
    """Labels of pull requests: on how many each was put, how long they carried it, how many carry it now. Users are
    authors.
    """
    labels = Labels(asked.people, asked.now, [text(name) for name in label] if label else None)
    query = sorted_by(label_queries.labels(labels), sort)
    if paging.csv:
        return await whole(request, response, asked.snapshot, query, Label, "labels", _label)
    rows, described = await listed(request, response, asked.snapshot, query, paging)
    return LabelList.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "as_of": asked.now,
            "data": [_label(row) for row in rows],
            "pagination": described,
        }
    )


def _label(row: Record) -> dict[str, Any]:
    time = {**statistics(row["time_in_label"] or NOTHING), "open_count": row["open_count"]}
    return {**row, "time_in_label": time}
