"""event_counts: how many webhook events came, by repository, day (UTC, of receipt) and type."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Date, Index

from projections.facts import received_day, strings, worked_us
from projections.payload import Payload
from projections.webhook_events import WEBHOOK_SOURCES
from replay.event import Event, Reading
from replay.merges import Row, key, total
from replay.projection import Projection

TOLERANT, UNREADABLE = Reading.TOLERANT, Reading.UNREADABLE


def event_count_rows(event: Event[Payload]) -> Sequence[Row]:
    """One for each webhook event; a repeat of a delivery id is not counted again."""
    if event.repeat or event.source not in WEBHOOK_SOURCES:
        return ()
    reading = event.reading
    return (
        {
            "repository_id": event.repository_id,
            "day": received_day(event),
            "event_type": event.event_type,
            "events": 1,
            "tolerant": 1 if reading is TOLERANT else 0,
            "unreadable": 1 if reading is UNREADABLE else 0,
            "duration_us": worked_us(event),
        },
    )


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
