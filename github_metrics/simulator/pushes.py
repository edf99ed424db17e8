"""Commits and pushes."""

from .people import Person
from .pull_requests import PullRequest, tell
from .repositories import Repository
from .rhythm import stamp
from .templates import REPOSITORY, Json, Template, example, without
from .text import PATHS, title
from .world import Story, World

ZERO = "0" * 40


def commit(world: World, repository: Repository, author: Person, message: str | None = None) -> Json:
    """A commit made at this second."""
    sha = world.sha()
    made = _COMMIT.fill({"repository": repository.full_name, "sha": sha})
    made |= {
        "id": sha,
        "tree_id": world.sha(),
        "message": message or title(world.random),
        "timestamp": stamp(world.now),
    }
    made |= {"author": author.signature, "committer": author.signature}
    return made | {"added": [], "removed": [], "modified": [world.random.choice(PATHS)]}


def push(world: World, repository: Repository, pusher: Person, branch: str, before: str, commits: list[Json]) -> None:
    """A `push` event; without commits the branch is deleted."""
    after = commits[-1]["id"] if commits else ZERO
    repository.pushed_at = world.now
    repository.changed()
    payload = {
        "ref": f"refs/heads/{branch}",
        "before": before,
        "after": after,
        "pusher": {"name": pusher.login, "email": pusher.email},
        "created": before == ZERO,
        "deleted": not commits,
        "forced": False,
        "base_ref": None,
        "compare": f"https://github.com/{repository.full_name}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": commits[-1] if commits else None,
    }
    world.send("push", payload, repository, pusher)


def synchronized(world: World, pull_request: PullRequest, most: int = 3) -> Story:
    """The author pushes to the branch; a fork's push is seen only as `synchronize`."""
    random, before = world.random, pull_request.head_sha
    made = [commit(world, pull_request.repository, pull_request.author) for _ in range(random.randint(1, most))]
    if not pull_request.forked:
        push(world, pull_request.repository, pull_request.author, pull_request.branch, before, made)
        yield world.now + 1
    pull_request.head_sha = made[-1]["id"]
    pull_request.failing = False
    pull_request.commits += len(made)
    pull_request.additions += int(random.expovariate(1 / 18))
    pull_request.deletions += int(random.expovariate(1 / 9))
    pull_request.changed_files += random.randint(0, 1)
    tell(world, pull_request, "synchronize", pull_request.author, before=before, after=pull_request.head_sha)


_COMMIT = Template(
    without(example("push")["head_commit"], "author", "committer"),
    REPOSITORY,
    {example("push")["head_commit"]["id"]: "%(sha)s"},
)
