"""A pull request as the story has it so far, and the two forms in which GitHub tells it."""

from dataclasses import dataclass, field

import orjson

from .people import Person
from .repositories import Repository
from .rhythm import stamp
from .templates import OWNER, PULL_REQUEST, REPOSITORY, Json, Template, example, without
from .world import World


@dataclass(slots=True, eq=False)
class Thread:
    """A conversation on a line of the diff."""

    node_id: str
    comments: list[Json]
    resolved: bool = False


@dataclass(slots=True, eq=False)
class PullRequest:
    """The truth of the moment: every payload about it is drawn from here."""

    repository: Repository
    author: Person
    account: Person
    id: int
    number: int
    title: str
    body: str
    branch: str
    base_sha: str
    head_sha: str
    opened_at: int
    draft: bool
    forked: bool
    additions: int
    deletions: int
    changed_files: int
    commits: int = 1
    updated_at: int = 0
    state: str = "open"
    merged_at: int | None = None
    closed_at: int | None = None
    merged_by: Person | None = None
    merge_commit_sha: str | None = None
    comments: int = 0
    review_comments: int = 0
    labels: list[str] = field(default_factory=list)
    reviewers: dict[str, Person] = field(default_factory=dict)
    teams: dict[str, orjson.Fragment] = field(default_factory=dict)
    approvals: dict[str, Json] = field(default_factory=dict)
    threads: list[Thread] = field(default_factory=list)
    author_deleted: bool = False
    fork_deleted: bool = False
    failing: bool = False
    running: int = 0
    _base: Json = field(default_factory=dict)
    _drawn_for: tuple[str, str] = ("", "")

    @property
    def open(self) -> bool:
        """Neither closed nor merged."""
        return self.state == "open"

    @property
    def user(self) -> orjson.Fragment | None:
        """Null once the account is gone."""
        return None if self.author_deleted else self.author.json

    @property
    def values(self) -> Json:
        """For templates of what belongs to the pull request."""
        return {"repository": self.repository.full_name, "number": self.number, "sha": self.head_sha}

    @property
    def reference(self) -> list[Json]:
        """As check events name it: GitHub leaves it out for forks."""
        if self.forked:
            return []
        repository = self.repository.reference
        head = {"ref": self.branch, "sha": self.head_sha, "repo": repository}
        base = {"ref": "main", "sha": self.base_sha, "repo": repository}
        return [
            {
                "url": f"{self.repository.url}/pulls/{self.number}",
                "id": self.id,
                "number": self.number,
                "head": head,
                "base": base,
            }
        ]

    def full(self) -> Json:
        """As in `pull_request` events."""
        drawn_for = (self.repository.full_name, self.head_sha)
        if drawn_for != self._drawn_for:
            self._base, self._drawn_for = self._draw(), drawn_for
        told = self._base.copy()
        merged = self.merged_at is not None
        told["user"] = self.user
        told["state"] = self.state
        told["draft"] = self.draft
        told["updated_at"] = stamp(self.updated_at)
        told["closed_at"] = self.closed_at and stamp(self.closed_at)
        told["merged_at"] = self.merged_at and stamp(self.merged_at)
        told["merged"] = merged
        told["merged_by"] = self.merged_by and self.merged_by.json
        told["merge_commit_sha"] = self.merge_commit_sha
        told["mergeable"] = None if merged else True
        told["mergeable_state"] = "unknown" if merged else "blocked" if self.failing or self.draft else "clean"
        told["labels"] = [self.repository.label(name) for name in self.labels]
        told["requested_reviewers"] = [person.json for person in self.reviewers.values()]
        told["requested_teams"] = list(self.teams.values())
        told["comments"] = self.comments
        told["review_comments"] = self.review_comments
        told["commits"] = self.commits
        told["additions"] = self.additions
        told["deletions"] = self.deletions
        told["changed_files"] = self.changed_files
        told["head"] = self._head()
        told["base"]["repo"] = self.repository.json(self.account)
        return told

    def simple(self) -> Json:
        """As inside reviews, review comments and threads: without merged, sizes and counts."""
        full = self.full()
        return {key: full[key] for key in SIMPLE}

    def _head(self) -> Json:
        owner = self.author if self.forked else self.account
        gone = self.forked and self.author_deleted
        head: Json = {
            "label": None if gone else f"{owner.login}:{self.branch}",
            "ref": self.branch,
            "sha": self.head_sha,
        }
        head["user"] = None if gone else owner.json
        if not self.forked:
            head["repo"] = self.repository.json(self.account)
        else:
            head["repo"] = None if self.fork_deleted or gone else self.repository.fork(self.author)
        return head

    def _draw(self) -> Json:
        base = _TEMPLATE.fill(self.values)
        base |= {"id": self.id, "node_id": f"PR_kwDO{self.id:x}", "number": self.number}
        base |= {"title": self.title, "body": self.body, "created_at": stamp(self.opened_at)}
        base |= {"author_association": self.author.association, "maintainer_can_modify": self.forked, "assignees": []}
        label = f"{self.account.login}:main"
        base["base"] = {"label": label, "ref": "main", "sha": self.base_sha, "user": self.account.json, "repo": None}
        return base


def tell(world: World, pull_request: PullRequest, action: str, sender: Person, **more: object) -> None:
    """A `pull_request` event of this second."""
    pull_request.updated_at = world.now
    payload = {"action": action, "number": pull_request.number, "pull_request": pull_request.full()} | more
    world.send("pull_request", payload, pull_request.repository, sender)


SIMPLE = tuple(example("pull_request_review")["pull_request"])
_TEMPLATE = Template(
    without(example("pull_request")["pull_request"], "user", "assignee", "milestone", "head", "base", "labels"),
    REPOSITORY,
    PULL_REQUEST,
    OWNER,
)
