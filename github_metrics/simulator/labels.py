"""Labels: one at a time, as GitHub tells them."""

from .people import Person
from .pull_requests import PullRequest, tell
from .world import World

SIZES = ((10, "XS"), (30, "S"), (100, "M"), (500, "L"), (1000, "XL"))


def labeled(world: World, pull_request: PullRequest, name: str, by: Person) -> None:
    """Put a label on, if it is not there."""
    if name not in pull_request.labels:
        pull_request.labels.append(name)
        tell(world, pull_request, "labeled", by, label=pull_request.repository.label(name))


def unlabeled(world: World, pull_request: PullRequest, name: str, by: Person) -> None:
    """Take a label off, if it is there."""
    if name in pull_request.labels:
        pull_request.labels.remove(name)
        tell(world, pull_request, "unlabeled", by, label=pull_request.repository.label(name))


def size(pull_request: PullRequest) -> str:
    """The size label for what the pull request changes now."""
    lines = pull_request.additions + pull_request.deletions
    return "size/" + next((name for below, name in SIZES if lines < below), "XXL")
