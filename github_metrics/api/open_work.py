"""What is said of a pull request while it is open: its age and whether it is stale, as of a moment. The rules are those
of projections.queries.pull_request_queries.
"""

from datetime import datetime
from typing import Any

from projections.queries.pull_request_queries import STALE_AFTER
from replay.snapshot import Record

AGE = "seconds from opened_at to as_of; only of open ones"
LAST_ACTIVITY = "the last time that a person other than the author did anything to it"
STALE = f"open, no draft, and opened and last_activity_at more than {STALE_AFTER.days} days before as_of"


def is_open(life: Record) -> bool:
    return life["merged_at"] is None and life["closed_at"] is None


def age(life: Record, now: datetime) -> float | None:
    """Seconds; None of one that is done."""
    opened_at: datetime | None = life["opened_at"]
    return max((now - opened_at).total_seconds(), 0.0) if opened_at is not None and is_open(life) else None


def stale(life: Record, last_activity: Record | None, now: datetime) -> bool:
    quiet = now - STALE_AFTER
    times: list[Any] = [life["opened_at"], last_activity["at"] if last_activity is not None else None]
    return is_open(life) and not life["draft"] and all(at is None or at <= quiet for at in times)
