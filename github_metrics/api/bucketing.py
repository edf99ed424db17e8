"""A window in buckets of a zone's own hours, days, weeks or months."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from github_metrics.api.problems import BadParameter
from github_metrics.buckets import Bucket, TooMany, edges
from projections.people import People, Window

MAX_BUCKETS = 10_000
INSTANT = timedelta(microseconds=1)

Span = Callable[[], Awaitable[tuple[datetime | None, datetime | None]]]
"""When the first and the last of what is asked for happened."""


async def closed(people: People, span: Span) -> Window:
    """The window that was asked for; a side that is open ends at the first or the last of what happened."""
    if people.start is not None and people.end is not None:
        return Window(people.start, people.end)
    first, last = await span()
    return Window(people.start or first, people.end or (last + INSTANT if last is not None else None))


async def begins(window: Window, bucket: Bucket, zone: ZoneInfo, *, parameter: str = "bucket") -> list[datetime]:
    """Where each bucket of a closed window begins; of an open one there are none. Raises BadParameter, which names the
    parameter that chose the bucket.
    """
    # Walking ten thousand hours takes a twentieth of a second: others are answered meanwhile.
    return await asyncio.to_thread(_begins, window, bucket, zone, parameter)


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
