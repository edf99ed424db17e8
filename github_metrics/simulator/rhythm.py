"""Working hours, in whole seconds since 1970: plain integers keep the simulation fast and free of time-zone data."""

from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Protocol

MINUTE = 60
HOUR = 3600
DAY = 86400
SATURDAY = 5


class Clocked(Protocol):
    """Somebody with working hours."""

    utc_offset: int
    starts: int
    ends: int
    weekends: float


@lru_cache(4096)
def stamp(second: int) -> str:
    """The notation of GitHub: one second's resolution, `Z`."""
    return datetime.fromtimestamp(second, UTC).isoformat()[:19] + "Z"


def weekday(second: int) -> int:
    """Monday is 0; the first of January 1970 was a Thursday."""
    return (second // DAY + 3) % 7


def attendance(person: Clocked, second: int) -> float:
    """How likely the person is at work then, 0 to 1."""
    local = second + person.utc_offset * HOUR
    present = person.starts <= local % DAY // HOUR < person.ends
    if weekday(local) >= SATURDAY:
        return person.weekends if present else 0.0
    return 1.0 if present else 0.01


def at_work(person: Clocked, second: int, rng: Random) -> int:
    """The first moment from `second` on at which the person works."""
    local = second + person.utc_offset * HOUR
    while True:
        day, time = local // DAY * DAY, local % DAY
        if time >= person.ends * HOUR or (weekday(local) >= SATURDAY and rng.random() >= person.weekends):
            local = day + DAY
        elif time < person.starts * HOUR:
            return day + person.starts * HOUR + int(rng.random() * HOUR) - person.utc_offset * HOUR
        else:
            return local - person.utc_offset * HOUR
