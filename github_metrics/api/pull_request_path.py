"""What the endpoints about one pull request ask of a request: which one, by the name of its repository."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Path, Request

from github_metrics.api.problems import BadParameter, NotFound
from github_metrics.api.requests import MAX_POSITION, Reads, text
from projections.queries import story_queries
from projections.queries.webhook_queries import repository_ids
from replay.snapshot import Record, Snapshot

NEEDED = ("pull_requests", "pr_events", "repositories", "repository_names")
"""Projections that tell which pull request is meant."""

Owner = Annotated[
    str, Path(max_length=200, description="of the repository, by any name it ever had", examples=["octo"])
]
Repo = Annotated[str, Path(max_length=200, description="name of the repository", examples=["app"])]
Number = Annotated[int, Path(ge=1, le=MAX_POSITION, description="of the pull request")]


class Asked(NamedTuple):
    """The pull request that a request names, and the snapshot that tells of it."""

    snapshot: Snapshot
    found: Record
    number: int

    @property
    def key(self) -> dict[str, Any]:
        """Its key, as arguments for SQL."""
        return {"repository_id": self.found["repository_id"], "number": self.number}


def names_one(*reads: str) -> Any:
    """A dependency: the pull request in the path, for an endpoint that reads these projections. Raises NotFound."""
    return Depends(_asked(tuple(dict.fromkeys((*reads, *NEEDED)))), scope="function")


def _asked(reads: tuple[str, ...]) -> Callable[..., Awaitable[Asked]]:
    async def asked(
        request: Request,
        snapshot: Annotated[Snapshot, Depends(Reads(*reads), scope="function")],
        owner: Owner,
        repo: Repo,
        number: Number,
    ) -> Asked:
        if b"%2f" in request.scope.get("raw_path", b"").lower():
            raise BadParameter("owner and repo are parts of the path of their own: neither holds a slash")
        name = text(f"{owner}/{repo}")
        ids = await repository_ids(snapshot, [name])
        found = await story_queries.pull_request(snapshot, ids, name, number) if ids else None
        if found is None:
            raise NotFound(f"PR #{number} not found in {name}")
        return Asked(snapshot, found, number)

    return asked
