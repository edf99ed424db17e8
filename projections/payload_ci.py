"""What we read of checks, workflows and deployments in GitHub's payloads."""

from typing import ClassVar

from projections.payload_parts import Branch, Int, Struct, Time, Timed, User


class App(Struct, frozen=True):
    id: Int | None = None
    slug: str | None = None


class PullRequestReference(Struct, frozen=True):
    """A pull request as checks name it: a hint only, and absent for forks."""

    number: Int | None = None
    base: Branch | None = None


class CheckSuite(Timed, frozen=True):
    id: Int | None = None
    head_sha: str | None = None
    head_branch: str | None = None
    status: str | None = None
    conclusion: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    pull_requests: list[PullRequestReference] | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")


class CheckRun(Timed, frozen=True):
    id: Int | None = None
    name: str | None = None
    head_sha: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    html_url: str | None = None
    app: App | None = None
    check_suite: CheckSuite | None = None
    pull_requests: list[PullRequestReference] | None = None
    times: ClassVar[tuple[str, ...]] = ("started_at", "completed_at")


class WorkflowRun(Timed, frozen=True):
    id: Int | None = None
    name: str | None = None
    event: str | None = None
    run_attempt: Int | None = None
    head_sha: str | None = None
    head_branch: str | None = None
    status: str | None = None
    conclusion: str | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    run_started_at: Time | None = None
    html_url: str | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "run_started_at")


class WorkflowJob(Timed, frozen=True):
    id: Int | None = None
    run_id: Int | None = None
    run_attempt: Int | None = None
    name: str | None = None
    workflow_name: str | None = None
    head_sha: str | None = None
    head_branch: str | None = None
    status: str | None = None
    conclusion: str | None = None
    created_at: Time | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    labels: list[str] | None = None
    runner_name: str | None = None
    runner_group_name: str | None = None
    html_url: str | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "started_at", "completed_at")


class Deployment(Timed, frozen=True):
    id: Int | None = None
    sha: str | None = None
    ref: str | None = None
    environment: str | None = None
    creator: User | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")


class DeploymentStatus(Timed, frozen=True):
    id: Int | None = None
    state: str | None = None
    environment: str | None = None
    creator: User | None = None
    created_at: Time | None = None
    updated_at: Time | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")
