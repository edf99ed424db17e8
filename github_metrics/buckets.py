"""The hours, days, weeks and months of a zone, as instants.

Walked by the zone's own calendar: a day may have 23 or 25 hours, an hour that comes twice is two buckets, and the
hours of a zone of :30 or :45 begin there. A new offset always begins a new hour.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Bucket = Literal["hour", "day", "week", "month"]

LENGTHS: dict[Bucket, timedelta] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}
"""None is much longer: what has more of these than are allowed need not be walked."""
HOUR = timedelta(hours=1)
NONE = timedelta()


class TooMany(ValueError):
    """There are more buckets between the two ends than may be asked for."""


def edges(start: datetime, end: datetime, bucket: Bucket, zone: ZoneInfo, *, at_most: int) -> list[datetime]:
    """Where each bucket begins that has a part of [start, end), in the zone; the first may begin before `start`.

    Raises TooMany; OverflowError where the calendar ends.
    """
    if (end - start) // LENGTHS[bucket] > at_most:
        raise TooMany
    found: list[datetime] = []
    if start >= end:
        return found
    for edge in _hours(start, zone) if bucket == "hour" else _days(start, bucket, zone):
        if edge >= end:
            return found
        if len(found) == at_most:
            raise TooMany
        # A date that a zone left out begins when the next one does.
        if not found or edge > found[-1]:
            found.append(edge)
    return found


_FIRST: dict[Bucket, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}
_NEXT: dict[Bucket, Callable[[date], date]] = {
    "day": lambda day: day + timedelta(days=1),
    "week": lambda day: day + timedelta(days=7),
    "month": lambda day: (day + timedelta(days=31)).replace(day=1),
}


def _days(start: datetime, bucket: Bucket, zone: ZoneInfo) -> Iterator[datetime]:
    day = _FIRST[bucket](start.astimezone(zone).date())
    while True:
        # A midnight that is left out is, read with the offset before, the instant at which it is.
        yield datetime.combine(day, time(), zone).astimezone(UTC)
        day = _NEXT[bucket](day)


def _hours(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    edge = start.astimezone(UTC) - _past_the_hour(start, zone)
    if _offset(edge, zone) != _offset(start, zone):
        edge = _change(edge, start.astimezone(UTC), zone)
    offset, past = _offset(edge, zone), _past_the_hour(edge, zone)
    while True:
        yield edge
        following = edge + HOUR - past
        ahead = _offset(following, zone)
        if ahead == offset:
            edge, past = following, NONE
        else:
            edge = _change(edge, following, zone)
            offset, past = _offset(edge, zone), _past_the_hour(edge, zone)


def _past_the_hour(at: datetime, zone: ZoneInfo) -> timedelta:
    local = at.astimezone(zone)
    return timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the offset of `before` ends, found by halving: it is another at `after`."""
    offset, seconds = _offset(before, zone), int((after - before).total_seconds()) + 1
    low, high = 0, seconds
    while high - low > 1:
        middle = (low + high) // 2
        same = _offset(before + timedelta(seconds=middle), zone) == offset
        low, high = (middle, high) if same else (low, middle)
    return before + timedelta(seconds=high)
