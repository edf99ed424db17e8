"""When people begin something: in their working hours, spread over the days as evenly as those allow."""

from collections.abc import Iterator

from . import rates
from .people import Person
from .rhythm import DAY, HOUR, attendance, weekday
from .world import World

WEEK = 7 * 24
UPDATES_AT = 5


def arrivals(world: World, start: int, until: int, count: int) -> Iterator[tuple[int, Person]]:
    """(second, person) in order: `count` of them in [start, until), one hour's worth in memory."""
    people, week = _week(world)
    hours = range(start, until, HOUR)
    weights = [sum(week[hour // HOUR % WEEK]) * min(HOUR, until - hour) for hour in hours]
    total, passed, begun = sum(weights), 0.0, 0
    for hour, weight in zip(hours, weights, strict=True):
        passed += weight
        due = round(count * passed / total)
        seconds = sorted(world.random.randrange(hour, min(hour + HOUR, until)) for _ in range(due - begun))
        begun = due
        for second in seconds:
            yield second, world.random.choices(people, week[hour // HOUR % WEEK])[0]


def _week(world: World) -> tuple[list[Person], list[list[float]]]:
    """For each hour of the week, counted from the epoch, how likely each person is to begin something."""
    cast = world.people
    people = [*cast.members, *cast.outsiders, cast.updates]
    week = [[person.opens * attendance(person, hour * HOUR) for person in people] for hour in range(WEEK)]
    inside, outside, count = sum(map(sum, week)), len(cast.members), len(people)
    share = sum(row[at] for row in week for at in range(outside, count - 1))
    factor = rates.FORKED * inside / share
    mornings = [
        hour for hour in range(WEEK) if weekday(hour * HOUR) < UPDATES_AT and hour * HOUR % DAY == UPDATES_AT * HOUR
    ]
    for hour, row in enumerate(week):
        row[outside : count - 1] = [weight * factor for weight in row[outside : count - 1]]
        row[-1] = rates.BOT_AUTHORED * inside / len(mornings) if hour in mornings else 0.0
    return people, week
