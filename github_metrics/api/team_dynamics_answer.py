"""What GET /api/metrics/team-dynamics answers."""

from typing import Literal

from pydantic import BaseModel, Field

from github_metrics.api.pages import Pagination, TimeRange


class TopContributor(BaseModel):
    """Who opened most; of several, the first by name."""

    user: str
    total_prs: int


class WorkloadSummary(BaseModel):
    """How the opening of pull requests is spread."""

    total_contributors: int = Field(description="people who opened, reviewed or approved anything in the window")
    avg_prs_per_contributor: float | None = Field(description="of those who opened any")
    median_prs_per_contributor: float | None
    p75_prs_per_contributor: float | None
    p90_prs_per_contributor: float | None
    prs_per_contributor_count: int = Field(description="people who opened any")
    top_contributor: TopContributor | None
    workload_gini: float | None = Field(description="of pull requests opened, over all contributors; towards 1: by one")


class Contribution(BaseModel):
    """What one person did in the window. Pull requests, not events."""

    user: str
    prs_created: int
    prs_reviewed: int
    prs_approved: int = Field(description="by review or by label, for the first time")
    wip: int = Field(description="work in progress: pull requests of this person that are open and ready now")


class ReviewTime(BaseModel):
    """Hours from ready for review to somebody's first review."""

    avg_review_time_hours: float | None
    median_review_time_hours: float | None
    p75_review_time_hours: float | None
    p90_review_time_hours: float | None
    review_time_hours_count: int = Field(description="first reviews that were measured")


class ReviewSpeed(BaseModel):
    """One reviewer, by the median time to the first review of a pull request."""

    user: str
    median_hours: float
    avg_hours: float
    p75_hours: float
    p90_hours: float
    total_reviews: int
    review_time_hours_count: int
    low_sample_size: bool = Field(description="fewer than min_reviews were measured, of anyone")


class ReviewEfficiencySummary(ReviewTime):
    """All first reviews together."""

    fastest_reviewer: ReviewSpeed | None
    slowest_reviewer: ReviewSpeed | None
    min_reviews_threshold: int


class User(BaseModel):
    """A person."""

    user: str


class ReviewerEfficiency(ReviewTime, User):
    """One reviewer, on what became ready in the window."""

    total_reviews: int = Field(description="all reviews of these, while they were ready and not merged")


class ApprovalTime(BaseModel):
    """Hours from ready for review to somebody's first approval."""

    avg_approval_hours: float | None
    median_approval_hours: float | None
    p75_approval_hours: float | None
    p90_approval_hours: float | None
    approval_hours_count: int = Field(description="approvals that were measured")


class ApproverName(BaseModel):
    """A person."""

    approver: str


class ApproverSpeed(ApprovalTime, ApproverName):
    """One approver, on what became ready in the window."""

    total_approvals: int


class Alert(ApproverSpeed):
    """An approver whose median is more than a day (warning) or two (critical)."""

    severity: Literal["critical", "warning"]
    team_pending_count: int = Field(description="as pending_count of the summary: of everyone's, not of this person")


class BottlenecksSummary(ApprovalTime):
    """All first approvals together."""

    pending_count: int = Field(description="open pull requests, no drafts, that nobody has approved, at any time")


class Workload(BaseModel):
    """Who did how much, the busiest first."""

    summary: WorkloadSummary
    by_contributor: list[Contribution]
    pagination: Pagination


class ReviewEfficiency(BaseModel):
    """Who reviews how soon, who reviewed most first."""

    summary: ReviewEfficiencySummary
    by_reviewer: list[ReviewerEfficiency]
    pagination: Pagination


class Bottlenecks(BaseModel):
    """Who approves how late: alerts, critical and slowest first; all, who approved most first."""

    summary: BottlenecksSummary
    alerts: list[Alert]
    alerts_pagination: Pagination
    by_approver: list[ApproverSpeed]
    pagination: Pagination


class TeamDynamics(BaseModel):
    """The same page of each list; each has a pagination of its own."""

    time_range: TimeRange
    workload: Workload
    review_efficiency: ReviewEfficiency
    bottlenecks: Bottlenecks
