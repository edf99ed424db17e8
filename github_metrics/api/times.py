"""Times as readers write them: ISO 8601, or relative to now."""

import re
from datetime import UTC, datetime, timedelta, tzinfo

FORMS = (
    "ISO 8601 (in tz unless it has an offset); or so long ago: 30m, 24h, 7d, 2w; or now, today, yesterday, this week,"
    " last week, this month, last month (in tz, weeks begin on Monday)"
)
EXAMPLES = ["2024-01-15T00:00:00Z", "24h", "last week"]

_AGO = re.compile(r"([0-9]{1,9})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = timedelta(days=1)
_MONTH = timedelta(days=31)


def read_time(text: str, now: datetime, *, end: bool = False) -> datetime:
    """The time in UTC that `text` means at `now`. A period is its start, or with `end` its end: where it is not over
    yet, that is now. Days, weeks, months and times without an offset are those of the zone of `now`. Raises
    ValueError, OverflowError.
    """
    word = re.sub(r"[\s_-]+", " ", text.strip().lower())
    if ago := _AGO.fullmatch(text.strip()):
        return now.astimezone(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    if word == "now":
        return now.astimezone(UTC)
    if period := _periods(now).get(word):
        return min(period[1], now).astimezone(UTC) if end else period[0].astimezone(UTC)
    return _iso(text, now.tzinfo)


def _periods(now: datetime) -> dict[str, tuple[datetime, datetime]]:
    """The periods that have a name, each [start, end)."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week = today - today.weekday() * _DAY
    month = today.replace(day=1)
    return {
        "today": (today, today + _DAY),
        "yesterday": (today - _DAY, today),
        "this week": (week, week + 7 * _DAY),
        "last week": (week - 7 * _DAY, week),
        "this month": (month, (month + _MONTH).replace(day=1)),
        "last month": ((month - _DAY).replace(day=1), month),
    }


def _iso(text: str, zone: tzinfo | None) -> datetime:
    # A plus sign that was not escaped arrives as a space.
    read = datetime.fromisoformat(text.strip().replace(" ", "+") if text.count(" ") == 1 and "T" in text else text)
    return (read.replace(tzinfo=zone) if read.tzinfo is None else read).astimezone(UTC)
