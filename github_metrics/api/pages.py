"""The shape of a page of a list."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainSerializer


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_iso, return_type=str)]
"""A time in UTC, ISO 8601 with Z."""


def zoned(at: datetime) -> str:
    """ISO 8601 with the offset of its own zone, Z where that is none."""
    text = at.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


Zoned = Annotated[datetime, PlainSerializer(zoned, return_type=str)]
"""A time with the offset of its own zone, Z where that is none."""


class Pagination(BaseModel):
    """Where a page stands in the whole list. A page past the end is empty and keeps its own number."""

    total: int = Field(description="items in the whole list")
    page: int
    page_size: int
    total_pages: int
    has_next: bool
    has_prev: bool


class TimeRange(BaseModel):
    """The window that was asked for: start_time <= t < end_time; null: without that bound."""

    start_time: Time | None
    end_time: Time | None


def pagination(total: int, page: int, page_size: int) -> dict[str, Any]:
    """The pagination object of page `page` of `total` items."""
    pages = -(-total // page_size)
    return {
        "total": total,
        "page": page,
        "page_size": page_size,
        "total_pages": pages,
        "has_next": page < pages,
        "has_prev": page > 1 and pages > 0,
    }
