"""GET /api/metrics/lifecycle: where the time between opening and merging goes."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks
from github_metrics.api.bucketing import begins, closed
from github_metrics.api.csv_answers import Table, csv_answer, each
from github_metrics.api.lists import LIST, Paging, Sort, pages, sorted_by
from github_metrics.api.pages import Pagination, TimeRange, Zoned, pagination
from github_metrics.api.requests import links
from github_metrics.api.statistics import Statistics, statistics
from projections.queries import lifecycle_queries
from projections.queries.lifecycle_queries import BOUNDS, Group
from projections.queries.listing import Rows
from replay.snapshot import Record

router = APIRouter(tags=["pull requests"])

PHASES = ("draft_time", "pickup_time", "review_time", "merge_time")
WHOLES = ("cycle_time", "publish_to_merge")
COUNTS = (
    "merged_count",
    "open_count",
    "merged_without_review_count",
    "draft_history_unknown_count",
    "clamped_count",
)
SORTS = (*COUNTS, *PHASES, *WHOLES)
NAMED: dict[Group, tuple[str, ...]] = {
    "week": ("bucket",),
    "month": ("bucket",),
    "repository": ("repository",),
    "all": (),
}
"""What each group is named by."""
NONE: dict[str, Any] = {"count": 0, "mean": None, "quantiles": None}
NOTHING: Record = {
    **dict.fromkeys(COUNTS, 0),
    **dict.fromkeys(WHOLES, NONE),
    **{name: {**NONE, "imputed": 0} for name in PHASES},
}
"""A bucket in which nothing happened."""


class PhaseTime(Statistics):
    """One phase, in seconds. The mean is of all that was merged; the rest is of where the phase was seen to end."""

    imputed_count: int = Field(description="merged without what ends this phase: left out of count and quantiles")


class Lifecycle(BaseModel):
    """What was merged, and how long each phase of it took, in seconds. The means of the four phases add up to that of
    cycle_time.
    """

    merged_count: int
    open_count: int = Field(description="opened then, and still open: how long they will take is not known")
    draft_time: PhaseTime = Field(description="seconds, opened … ready for review")
    pickup_time: PhaseTime = Field(description="seconds, ready … first review")
    review_time: PhaseTime = Field(description="seconds, first review … approved")
    merge_time: PhaseTime = Field(description="seconds, approved … merged")
    cycle_time: Statistics = Field(description="seconds, opened … merged")
    publish_to_merge: Statistics = Field(description="seconds, ready … merged")
    merged_without_review_count: int
    draft_history_unknown_count: int = Field(description="merged ones whose opening was not seen: taken as no drafts")
    clamped_count: int = Field(description="merged ones of which something was told in an impossible order")


class Bar(BaseModel):
    """How many of the pull requests merged in the window took so long, in all and for each phase that was seen to end."""

    from_seconds: int
    to_seconds: int | None = Field(description="not included; null of the last bar")
    cycle_time: int
    draft_time: int
    pickup_time: int
    review_time: int
    merge_time: int


class Part(BaseModel):
    """Which part of the window's work is told of: one of the two, or neither for all of it."""

    bucket: Zoned | None = Field(description="when the week or month begins, as the clocks of tz show it")
    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])


class LifecycleOf(Lifecycle, Part):
    """The same of one week, month or repository."""


class Lifecycles(BaseModel):
    """All of the window, and its parts."""

    time_range: TimeRange
    group: Group
    tz: str
    total: Lifecycle
    distribution: list[Bar] = Field(description="of the total; bars begin at 0 and about double")
    groups: list[LifecycleOf]
    pagination: Pagination


def phases_shown(row: Record) -> dict[str, Any]:
    return {
        **{name: row[name] for name in COUNTS},
        **{name: {**statistics(row[name]), "imputed_count": row[name]["imputed"]} for name in PHASES},
        **{name: statistics(row[name]) for name in WHOLES},
    }


def distribution_shown(counted: dict[str, dict[str, int]]) -> list[dict[str, int | None]]:
    """All bars, the empty ones too."""
    edges = (0, *BOUNDS, None)
    return [
        {
            "from_seconds": start,
            "to_seconds": end,
            **{name: counted.get(name, {}).get(str(index), 0) for name in ("cycle_time", *PHASES)},
        }
        for index, (start, end) in enumerate(pairwise(edges))
    ]


def _buckets(edges: Sequence[datetime], found: list[Record], asked: Question) -> list[dict[str, Any]]:
    """Every bucket, the earliest first."""
    by_index = {row["key"]: row for row in found}
    return [
        {"bucket": edge.astimezone(asked.zone), "repository": None, **phases_shown(by_index.get(index, NOTHING))}
        for index, edge in enumerate(edges)
    ]


@router.get("/lifecycle", operation_id="get_lifecycle", response_model=Lifecycles, responses=LIST)
async def get_lifecycle(
    request: Request,
    response: Response,
    asked: Annotated[Question, asks(*lifecycle_queries.READS)],
    paging: Annotated[Paging, pages(100, 1000)],
    group: Annotated[Group, Query(description="weeks begin on Monday; all: no groups")] = "week",
    sort: Sort = None,
) -> Any:
    """Phases of the pull requests merged in the window: draft, pickup, review, merge; they add up to the cycle time.
    In seconds, together and by week, month or repository. users are authors.
    """
    edges: Sequence[datetime] = ()
    if group in ("week", "month"):
        window = await closed(asked.people, lambda: lifecycle_queries.span(asked.snapshot, asked.people))
        edges = await begins(window, group, asked.zone, parameter="group")
    whole, found = await lifecycle_queries.phases(asked.snapshot, asked.people, group, edges)
    if group == "repository":
        groups = [{"bucket": None, "repository": row["repository"], **phases_shown(row)} for row in found]
    else:
        groups = _buckets(edges, found, asked)
    groups = sorted_by(Rows(groups, (*NAMED[group], *SORTS)), sort).rows
    if paging.csv:
        lines = groups if group != "all" else [{"bucket": None, "repository": None, **phases_shown(whole)}]
        return await csv_answer(request, response, Table("lifecycle", LifecycleOf, each(lines)))
    described = pagination(len(groups), paging.page, paging.page_size)
    response.headers["Link"] = links(request, described)
    start = paging.part.offset
    return Lifecycles.model_validate(
        {
            "time_range": {"start_time": asked.people.start, "end_time": asked.people.end},
            "group": group,
            "tz": asked.zone.key,
            "total": phases_shown(whole),
            "distribution": distribution_shown(whole["distribution"]),
            "groups": groups[start : start + paging.page_size],
            "pagination": described,
        }
    )
