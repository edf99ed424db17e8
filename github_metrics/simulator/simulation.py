"""The whole: who begins what, and when."""

from collections.abc import Callable, Iterator
from datetime import datetime

from . import rates
from .arrivals import arrivals
from .delivery import Delivery
from .deployments import deployed, released
from .life import born
from .people import Person
from .repositories import Repository
from .rhythm import DAY
from .surroundings import pinged, renamed, reported, starred
from .world import Story, World

RENAMED, NEW_NAME = "atlas-index", "atlas"
MERGES_PER_RELEASE = 25


def simulate(*, seed: int = 1, until: datetime, days: int = 180, pull_requests: int = 1500) -> Iterator[Delivery]:
    """The deliveries of `days` days before `until`, in order of `occurred_at`; the same arguments give the same bytes.

    `until` must be aware of its time zone. What is under way then stays unfinished, and about 20 deliveries
    are sent for each pull request.
    """
    if until.tzinfo is None:
        raise ValueError("until needs a time zone: without one the deliveries would depend on the machine's")
    end = int(until.timestamp())
    start = end - days * DAY
    world = World(seed, start)
    world.begin(pinged(world))
    world.begin(_begun(world, start, end, pull_requests, born))
    world.begin(_begun(world, start, end, round(pull_requests * rates.ISSUES), _story(reported)))
    world.begin(_begun(world, start, end, round(pull_requests * rates.STARS), _story(starred)))
    for repository in world.repositories:
        world.begin(released(world, repository, MERGES_PER_RELEASE))
        if repository.deploys:
            world.begin(deployed(world, repository))
        if repository.name == RENAMED:
            world.begin(renamed(world, repository, NEW_NAME), at=(start + end) // 2)
    return world.run(end)


def _begun(world: World, start: int, end: int, count: int, begin: Callable[[World, Repository, Person], None]) -> Story:
    for second, person in arrivals(world, start, end, count):
        yield second
        begin(world, _theirs(world, person), person)


def _story(tale: Callable[[World, Repository, Person], Story]) -> Callable[[World, Repository, Person], None]:
    def begin(world: World, repository: Repository, person: Person) -> None:
        world.begin(tale(world, repository, person))

    return begin


def _theirs(world: World, person: Person) -> Repository:
    """People mostly work in the repositories of their team."""
    own = [repository for repository in world.repositories if repository.team == person.team]
    choice = own if own and world.chance(0.85) else world.repositories
    return world.random.choices(choice, [repository.weight for repository in choice])[0]
