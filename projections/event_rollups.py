"""event_quarters: how many webhook events came, by repository and quarter of an hour, and how long we worked on them
together; event_senders: by repository, day and sender; event_durations: by repository, day and how long we worked on
each.

Each answers what event_counts cannot, so that a long history is counted by its days and not by its events. A quarter
of an hour is what the days of every zone are made of.
"""

from collections.abc import Iterator
from datetime import UTC

from sqlalchemy import BigInteger, Column, Date, Index

from projections.duration_buckets import bucket
from projections.facts import moments, payload_of, strings
from projections.payload import Payload
from projections.webhook_events import MICROSECOND, WEBHOOK_SOURCES
from replay.event import Event
from replay.merges import Row, key, largest, smallest, total
from replay.projection import Projection

NOBODY = ""
"""Stands for the sender of an event that names none: no login is empty."""


def _counts(event: Event[Payload]) -> bool:
    """Whether it is a webhook event, and no repeat of a delivery id."""
    return event.source in WEBHOOK_SOURCES and not event.repeat


def quarter_rows(event: Event[Payload]) -> Iterator[Row]:
    if _counts(event):
        received = event.received_at.astimezone(UTC)
        yield {
            "repository_id": event.repository_id,
            "quarter": received.replace(minute=received.minute // 15 * 15, second=0, microsecond=0),
            "events": 1,
            "duration_us": (event.handed_over_at - event.received_at) // MICROSECOND,
            "first_position": event.position,
            "last_position": event.position,
        }


def sender_rows(event: Event[Payload]) -> Iterator[Row]:
    if _counts(event):
        payload = payload_of(event)
        sender = payload.sender if payload is not None else None
        yield {
            "repository_id": event.repository_id,
            "day": event.received_at.astimezone(UTC).date(),
            "sender": NOBODY if sender is None or sender.login is None else sender.login,
            "events": 1,
        }


def duration_rows(event: Event[Payload]) -> Iterator[Row]:
    if _counts(event):
        taken = event.handed_over_at - event.received_at
        yield {
            "repository_id": event.repository_id,
            "day": event.received_at.astimezone(UTC).date(),
            "from_us": bucket(round(taken.total_seconds() * 1_000_000)),
            "events": 1,
        }


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
