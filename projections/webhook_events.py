"""webhook_events: one row for each event, what the listing of webhooks shows, and what usage reports say of it.

A report names only the delivery that it is about, and a row is found by that alone: so reports are added up where the
event is, whichever comes first, and no reader joins a million of them to a million events.
"""

import struct
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, text
from sqlalchemy.dialects.postgresql import UUID

from projections.duration_buckets import bucket
from projections.event_times import event_time
from projections.facts import (
    checked_pull_request,
    descending,
    moments,
    payload_of,
    pull_request_key,
    strings,
    worked_from_us,
    worked_us,
)
from projections.usage import UsageReport
from replay.event import Event, Source
from replay.merges import Row, key, largest, once, total
from replay.projection import Projection

WEBHOOK_SOURCES = (Source.WEBHOOK, Source.RECONCILED)
"""The sources that are counted as webhook events: usage reports and backfill are in the log, but not here."""
IMPERFECT = "reading <> 'clean' OR reported_level > 0"
REMARKED = "reading <> 'clean' OR reports > 0"
_first_bytes = struct.Struct(">q").unpack_from

LEVELS = {"success": 0, "partial": 1, "error": 2}
"""Of what a report says became of an event: the worst of several stands."""


def webhook_event_rows(event: Event[Any]) -> Sequence[Row]:
    """The first body of a delivery id is the event; a further one only counts as a repeat, and states no position. Nor
    does a report.
    """
    if event.source is Source.REPORT:
        return _reported(event)
    if event.source not in WEBHOOK_SOURCES:
        return ()
    if event.repeat:
        return ({"delivery_id": event.delivery_id, "repeats": 1},)
    payload = payload_of(event)
    sender = payload.sender if payload is not None else None
    repository = payload.repository if payload is not None else None
    pull = pull_request_key(event)
    return (
        {
            "delivery_id": event.delivery_id,
            "repository_id": event.repository_id,
            "position": event.position,
            "hook_id": event.hook_id,
            "received_at": event.received_at,
            "processed_at": event.appended_at,
            "duration_us": worked_us(event),
            "from_us": worked_from_us(event),
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


def _reported(event: Event[Any]) -> Sequence[Row]:
    """The first report of a reporter about one delivery stands, as in usage_reports."""
    report = event.payload if isinstance(event.payload, UsageReport) else None
    if report is None or report.delivery_id is None or event.repeat:
        return ()
    return (
        {
            "delivery_id": uuid.UUID(report.delivery_id),
            "reports": 1,
            "api_calls": report.calls,
            "charged_calls": report.charged,
            "reported_level": None if report.status is None else LEVELS[report.status],
            "reported_ms": report.duration_ms,
            "reported_from_us": None if report.duration_ms is None else bucket(1000 * report.duration_ms),
        },
    )


webhook_events = Projection(
    name="webhook_events",
    version=2,
    columns=(
        key(Column("delivery_id", UUID)),
        once(
            *(Column(name, BigInteger) for name in ("repository_id", "position", "hook_id")),
            *moments("received_at", "processed_at", "event_at"),
            *(Column(name, BigInteger) for name in ("duration_us", "from_us", "body_hash", "pr_number", "sender_id")),
            Column("body_bytes", Integer),
            *strings("source", "event_type", "action", "repository", "sender", "sender_type"),
            *strings("reading", "error_message"),
        ),
        total("repeats", "reports", "api_calls", "charged_calls"),
        largest(
            *(Column(name, BigInteger) for name in ("reported_ms", "reported_from_us")),
            Column("reported_level", Integer),
        ),
    ),
    rows=webhook_event_rows,
    indexes=(
        Index("webhook_events_position", "position"),
        Index("webhook_events_repository", "repository_id", descending("position")),
        Index("webhook_events_type", "event_type", descending("position")),
        Index("webhook_events_received", "received_at"),
        Index("webhook_events_body", "body_hash"),
        Index("webhook_events_imperfect", "position", postgresql_where=text(IMPERFECT)),
        Index("webhook_events_remarked", "received_at", postgresql_where=text(REMARKED)),
        Index("webhook_events_recovered", "received_at", postgresql_where=text("source = 'reconciled'")),
    ),
)
