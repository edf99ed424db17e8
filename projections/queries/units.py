"""The units of which rollups have rows: days, months and quarters of an hour, of UTC."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import overload

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
MONTH = timedelta(days=31)
COLUMNS = {DAY: "day", QUARTER: "quarter", MONTH: "month"}
"""By the longest that a unit is. Days and months are dates."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def floor(at: datetime, unit: timedelta) -> datetime:
    """When the unit begins that a time lies in."""
    return at - (at - EPOCH) % unit


@overload
def month(at: datetime) -> datetime: ...
@overload
def month(at: datetime | None) -> datetime | None: ...
def month(at: datetime | None) -> datetime | None:
    """When the month of a day begins."""
    return None if at is None else at.replace(day=1)


def next_month(at: datetime | None) -> datetime | None:
    """When the first month begins that begins at a day or after it; the calendar's last day, where none does."""
    if at is None or at.day == 1:
        return at
    last = at.replace(day=monthrange(at.year, at.month)[1])
    return last if last.date() == date.max else last + DAY


def down(at: datetime | None, unit: timedelta) -> datetime | None:
    """The same; None of None."""
    return None if at is None else floor(at, unit)


def up(at: datetime | None, unit: timedelta) -> datetime | None:
    """When the first unit begins that begins then or after; None of None. Raises OverflowError at the calendar's end."""
    return None if at is None else at + (EPOCH - at) % unit


def hold_whole(edges: Sequence[datetime], unit: timedelta) -> bool:
    """Whether a whole unit lies between two edges that follow one another, or may lie after the last."""
    return len(edges) == 1 or any(floor(after, unit) - at >= unit for at, after in pairwise(edges))


def begin(seconds: Sequence[int], unit: timedelta) -> bool:
    """Whether a unit begins at each of these times, in seconds since 1970."""
    length = int(unit.total_seconds())
    return not any(at % length for at in seconds)
