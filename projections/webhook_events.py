"""webhook_events: one row for each event, what the listing of webhooks shows."""

import struct
from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Index, Integer, text
from sqlalchemy.dialects.postgresql import UUID

from projections.event_times import event_time
from projections.facts import (
    checked_pull_request,
    descending,
    moments,
    payload_of,
    pull_request_key,
    strings,
    worked_us,
)
from projections.payload import Payload
from replay.event import Event, Source
from replay.merges import Row, key, once, total
from replay.projection import Projection

WEBHOOK_SOURCES = (Source.WEBHOOK, Source.RECONCILED)
"""The sources that are counted as webhook events: usage reports and backfill are in the log, but not here."""
_first_bytes = struct.Struct(">q").unpack_from


def webhook_event_rows(event: Event[Payload]) -> Sequence[Row]:
    """The first body of a delivery id is the event; a further one only counts as a repeat, and states no position."""
    if event.source not in WEBHOOK_SOURCES:
        return ()
    if event.repeat:
        return ({"repository_id": event.repository_id, "delivery_id": event.delivery_id, "repeats": 1},)
    payload = payload_of(event)
    sender = payload.sender if payload is not None else None
    repository = payload.repository if payload is not None else None
    pull = pull_request_key(event)
    return (
        {
            "repository_id": event.repository_id,
            "delivery_id": event.delivery_id,
            "position": event.position,
            "hook_id": event.hook_id,
            "received_at": event.received_at,
            "processed_at": event.appended_at,
            "duration_us": worked_us(event),
            "event_at": event_time(event),
            "body_hash": _first_bytes(event.body_sha256)[0],
            "body_bytes": len(event.body),
            "pr_number": pull[1] if pull is not None else checked_pull_request(event),
            "sender_id": sender.id if sender is not None else None,
            "source": event.source._value_,
            "event_type": event.event_type,
            "action": payload.action if payload is not None else None,
            "repository": repository.full_name if repository is not None else None,
            "sender": sender.login if sender is not None else None,
            "sender_type": sender.type if sender is not None else None,
            "reading": event.reading._value_,
            "error_message": event.error,
        },
    )


webhook_events = Projection(
    name="webhook_events",
    version=1,
    columns=(
        key(Column("repository_id", BigInteger), Column("delivery_id", UUID)),
        once(
            *(Column(name, BigInteger) for name in ("position", "hook_id")),
            *moments("received_at", "processed_at", "event_at"),
            *(Column(name, BigInteger) for name in ("duration_us", "body_hash", "pr_number", "sender_id")),
            Column("body_bytes", Integer),
            *strings("source", "event_type", "action", "repository", "sender", "sender_type"),
            *strings("reading", "error_message"),
        ),
        total("repeats"),
    ),
    rows=webhook_event_rows,
    indexes=(
        Index("webhook_events_position", "position"),
        Index("webhook_events_repository", "repository_id", descending("position")),
        Index("webhook_events_delivery", "delivery_id"),
        Index("webhook_events_type", "event_type", descending("position")),
        Index("webhook_events_received", "received_at"),
        Index("webhook_events_body", "body_hash"),
        Index(
            "webhook_events_imperfect",
            "position",
            postgresql_where=text("reading <> 'clean'"),
        ),
        Index("webhook_events_recovered", "received_at", postgresql_where=text("source = 'reconciled'")),
    ),
)
