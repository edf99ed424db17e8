"""event_quarters: how many webhook events came, by repository and quarter of an hour, and how long we worked on them
together; event_senders: by repository, day and sender; event_durations: by repository, day and how long we worked on
each; event_month_durations: the same by month, since a day has as many durations as it has events.

Each answers what event_counts cannot, so that a long history is counted by its days and not by its events. A quarter
of an hour is what the days of every zone are made of.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Index

from projections.facts import moments, payload_of, received_day, strings, utc, worked_from_us, worked_us
from projections.payload import Payload
from projections.webhook_events import WEBHOOK_SOURCES
from replay.event import Event
from replay.merges import Row, key, largest, smallest, total
from replay.projection import Projection

NOBODY = ""
"""Stands for the sender of an event that names none: no login is empty."""


def _counts(event: Event[Payload]) -> bool:
    """Whether it is a webhook event, and no repeat of a delivery id."""
    return not event.repeat and event.source in WEBHOOK_SOURCES


def _one(event: Event[Payload], **columns: Any) -> Sequence[Row]:
    """The row by which an event is counted, in its repository and by these columns; none of what does not count."""
    return ({"repository_id": event.repository_id, **columns, "events": 1},) if _counts(event) else ()


def quarter_rows(event: Event[Payload]) -> Sequence[Row]:
    received, position = utc(event.received_at), event.position
    year, month, day, hour = received.year, received.month, received.day, received.hour
    return _one(
        event,
        quarter=datetime(year, month, day, hour, received.minute // 15 * 15, tzinfo=UTC),
        duration_us=worked_us(event),
        first_position=position,
        last_position=position,
    )


def sender_rows(event: Event[Payload]) -> Sequence[Row]:
    payload = payload_of(event)
    sender = payload.sender if payload is not None else None
    login = NOBODY if sender is None or sender.login is None else sender.login
    return _one(event, day=received_day(event), sender=login)


def duration_rows(event: Event[Payload]) -> Sequence[Row]:
    return _one(event, day=received_day(event), from_us=worked_from_us(event))


def month_duration_rows(event: Event[Payload]) -> Sequence[Row]:
    return _one(event, month=received_day(event).replace(day=1), from_us=worked_from_us(event))


event_quarters = Projection(
    name="event_quarters",
    version=2,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger), *moments("quarter")),
        total("events", "duration_us"),
        smallest(Column("first_position", BigInteger)),
        largest(Column("last_position", BigInteger)),
    ),
    rows=quarter_rows,
    indexes=(Index("event_quarters_quarter", "quarter"),),
)
event_senders = Projection(
    name="event_senders",
    version=1,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger), Column("day", Date), *strings("sender")),
        total("events"),
    ),
    rows=sender_rows,
    indexes=(Index("event_senders_day", "day"),),
)
event_durations = Projection(
    name="event_durations",
    version=1,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger), Column("day", Date), Column("from_us", BigInteger)),
        total("events"),
    ),
    rows=duration_rows,
    indexes=(Index("event_durations_day", "day"),),
)
event_month_durations = Projection(
    name="event_month_durations",
    version=1,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger), Column("month", Date), Column("from_us", BigInteger)),
        total("events"),
    ),
    rows=month_duration_rows,
)
