"""What we read of GitHub's payloads: only the fields that some projection uses, all of them optional.

An integer is at most 64 bits wide, a count so small that counts can be added up, a time has a zone and lies between 1970 and 2200; what does not fit is
refused here and then read tolerantly, as null, by `projections.decode`.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Time = Annotated[datetime, Meta(tz=True)]
FIRST_YEAR, LAST_YEAR = 1970, 2200


def plausible(at: datetime) -> bool:
    """Whether a time can be GitHub's: zero values such as year 1 mean that there is none."""
    return FIRST_YEAR <= at.year < LAST_YEAR


class Struct(msgspec.Struct, frozen=True, gc=False):
    """A JSON object."""


class Timed(Struct, frozen=True):
    """A JSON object with times, named in `times`: refused when one of them is not plausible."""

    times: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, at in zip(self.times, _times(self.__class__)(self), strict=True):
            if at.__class__ is datetime and not FIRST_YEAR <= at.year < LAST_YEAR:
                raise ValueError(f"{name} is not a plausible time")


@cache
def _times(kind: type[Timed]) -> Callable[[Timed], tuple[Any, ...]]:
    """Gets all times of an object at once: there are several objects in each event of the log."""
    get = attrgetter(*kind.times)
    return get if len(kind.times) > 1 else lambda timed: (get(timed),)


class User(Struct, frozen=True):
    id: Int | None = None
    login: str | None = None
    type: str | None = None


class Team(Struct, frozen=True):
    id: Int | None = None
    slug: str | None = None
    name: str | None = None


class Repository(Timed, frozen=True):
    id: Int | None = None
    full_name: str | None = None
    private: bool | None = None
    archived: bool | None = None
    default_branch: str | None = None
    html_url: str | None = None
    created_at: Time | Int | None = None
    updated_at: Time | None = None
    pushed_at: Time | Int | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "pushed_at")


class Label(Struct, frozen=True):
    name: str | None = None


class RepositoryReference(Struct, frozen=True):
    """A repository of which only its id is read."""

    id: Int | None = None


class Branch(Struct, frozen=True):
    """One end of a pull request. `repo` is null when a fork was deleted."""

    ref: str | None = None
    sha: str | None = None
    repo: RepositoryReference | None = None


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
