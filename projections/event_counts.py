"""event_counts: how many webhook events came, by repository, day (UTC, of receipt) and type."""

from collections.abc import Iterator
from datetime import UTC

from sqlalchemy import BigInteger, Column, Date, Index

from projections.facts import strings
from projections.payload import Payload
from projections.webhook_events import WEBHOOK_SOURCES
from replay.event import Event, Reading
from replay.merges import Row, key, total
from replay.projection import Projection


def event_count_rows(event: Event[Payload]) -> Iterator[Row]:
    """One for each webhook event; a repeat of a delivery id is not counted again."""
    if event.source not in WEBHOOK_SOURCES or event.repeat:
        return
    yield {
        "repository_id": event.repository_id,
        "day": event.received_at.astimezone(UTC).date(),
        "event_type": event.event_type,
        "events": 1,
        "tolerant": int(event.reading is Reading.TOLERANT),
        "unreadable": int(event.reading is Reading.UNREADABLE),
        "duration_us": round((event.handed_over_at - event.received_at).total_seconds() * 1_000_000),
    }


event_counts = Projection(
    name="event_counts",
    version=1,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger), Column("day", Date), *strings("event_type")),
        total("events", "tolerant", "unreadable", "duration_us"),
    ),
    rows=event_count_rows,
    indexes=(Index("event_counts_day", "day"),),
)
