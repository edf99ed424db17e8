"""A window in buckets of a zone's own hours, days, weeks or months."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from github_metrics.api.problems import BadParameter
from github_metrics.buckets import Bucket, TooMany, edges
from projections.queries.people import People, Window

MAX_BUCKETS = 10_000
MAX_ROWS = 100_000
INSTANT = timedelta(microseconds=1)

Span = Callable[[], Awaitable[tuple[datetime | None, datetime | None]]]
"""When the first and the last of what is asked for happened."""


async def closed(people: People, span: Span) -> Window:
    """The window that was asked for; a side that is open ends at the first or the last of what happened."""
    if people.start is not None and people.end is not None:
        return Window(people.start, people.end)
    return between(people, *await span())


def between(people: People, first: datetime | None, last: datetime | None) -> Window:
    """The same, with the first and the last known."""
    return Window(people.start or first, people.end or (last + INSTANT if last is not None else None))


async def begins(
    window: Window, bucket: Bucket, zone: ZoneInfo, *, parameter: str = "bucket", groups: int = 1
) -> list[datetime]:
    """Where each bucket of a closed window begins; of an open one there are none. `groups`: how many have a row in
    each. Raises BadParameter, which names the parameter that chose the bucket.
    """
    # Walking ten thousand hours takes a twentieth of a second: others are answered meanwhile.
    found = await asyncio.to_thread(_begins, window, bucket, zone, parameter)
    if len(found) * groups > MAX_ROWS:
        raise BadParameter(
            f"{parameter}: {groups} rows for each one of {len(found)} {bucket}s are more than {MAX_ROWS}: ask for a"
            " longer one, for fewer of what is listed, or for less between start_time and end_time"
        )
    return found


def _begins(window: Window, bucket: Bucket, zone: ZoneInfo, parameter: str) -> list[datetime]:
    if window.start is None or window.end is None:
        return []
    try:
        return edges(window.start, window.end, bucket, zone, at_most=MAX_BUCKETS)
    except TooMany:
        raise BadParameter(
            f"{parameter}: the window has more than {MAX_BUCKETS} buckets of one {bucket}: ask for a longer one, or for"
            " less between start_time and end_time"
        ) from None
    except OverflowError:
        raise BadParameter("start_time or end_time is at the end of the calendar in tz") from None
