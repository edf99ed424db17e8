"""What we read of GitHub's payloads: only the fields that some projection uses, all of them optional."""

from typing import ClassVar

import msgspec

from projections.payload_ci import CheckRun, CheckSuite, Deployment, DeploymentStatus, WorkflowJob, WorkflowRun
from projections.payload_parts import Branch, Count, Int, Label, Repository, Struct, Team, Time, Timed, User


class PullRequest(Timed, frozen=True):
    """Inside reviews, comments and threads it is the simple form, without sizes, `merged` and `merged_by`."""

    id: Int | None = None
    number: Int | None = None
    title: str | None = None
    state: str | None = None
    draft: bool | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    closed_at: Time | None = None
    merged_at: Time | None = None
    merge_commit_sha: str | None = None
    user: User | None = None
    merged_by: User | None = None
    head: Branch | None = None
    base: Branch | None = None
    labels: list[Label] | None = None
    requested_reviewers: list[User] | None = None
    requested_teams: list[Team] | None = None
    additions: Count | None = None
    deletions: Count | None = None
    changed_files: Count | None = None
    commits: Count | None = None
    html_url: str | None = None
    author_association: str | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "closed_at", "merged_at")


class Review(Timed, frozen=True):
    id: Int | None = None
    user: User | None = None
    state: str | None = None
    body: str | None = None
    commit_id: str | None = None
    submitted_at: Time | None = None
    updated_at: Time | None = None
    html_url: str | None = None
    times: ClassVar[tuple[str, ...]] = ("submitted_at", "updated_at")


class Comment(Timed, frozen=True):
    id: Int | None = None
    node_id: str | None = None
    user: User | None = None
    body: str | None = None
    path: str | None = None
    commit_id: str | None = None
    in_reply_to_id: Int | None = None
    pull_request_review_id: Int | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    html_url: str | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")


class Thread(Struct, frozen=True):
    node_id: str | None = None
    comments: list[Comment] | None = None


class PullRequestMarker(Struct, frozen=True):
    """Its presence says that an issue is a pull request."""

    html_url: str | None = None
    merged_at: Time | None = None


class Issue(Timed, frozen=True):
    id: Int | None = None
    number: Int | None = None
    title: str | None = None
    state: str | None = None
    user: User | None = None
    labels: list[Label] | None = None
    pull_request: PullRequestMarker | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    closed_at: Time | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "closed_at")


class Commit(Timed, frozen=True):
    id: str | None = None
    timestamp: Time | None = None
    times: ClassVar[tuple[str, ...]] = ("timestamp",)


class Before(Struct, frozen=True):
    """What a text was before it was edited."""

    was: str | None = msgspec.field(default=None, name="from")


class Changes(Struct, frozen=True):
    """What an edit changed: what it did not is absent."""

    title: Before | None = None
    body: Struct | None = None
    base: Struct | None = None


class Dated(Timed, frozen=True):
    """A discussion, release, milestone or any other object whose time is most of what we read."""

    number: Int | None = None
    title: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    published_at: Time | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "published_at")


class Payload(Timed, frozen=True):
    """The body of a delivery."""

    action: str | None = None
    number: Int | None = None
    repository: Repository | None = None
    organization: User | None = None
    sender: User | None = None
    pull_request: PullRequest | None = None
    review: Review | None = None
    comment: Comment | None = None
    thread: Thread | None = None
    issue: Issue | None = None
    label: Label | None = None
    requested_reviewer: User | None = None
    requested_team: Team | None = None
    assignee: User | None = None
    changes: Changes | None = None
    check_run: CheckRun | None = None
    check_suite: CheckSuite | None = None
    workflow_run: WorkflowRun | None = None
    workflow_job: WorkflowJob | None = None
    deployment: Deployment | None = None
    deployment_status: DeploymentStatus | None = None
    discussion: Dated | None = None
    release: Dated | None = None
    milestone: Dated | None = None
    forkee: Repository | None = None
    # push
    ref: str | None = None
    before: str | None = None
    after: str | None = None
    head_commit: Commit | None = None
    commits: list[Commit] | None = None
    # status
    id: Int | None = None
    sha: str | None = None
    state: str | None = None
    context: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")
