"""usage_reports: what consumers of our webhooks say of their GitHub API calls, one row for each report;
api_usage: the same by token, resource and rate limit window.
"""

import uuid
from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index
from sqlalchemy.dialects.postgresql import UUID

from projections.facts import moments, strings
from projections.usage import EVENT_TYPE, UsageReport
from replay.event import Event, Source
from replay.merges import Row, key, largest, once, smallest, total
from replay.projection import Projection
from replay.version import EPOCH


def _report(event: Event[UsageReport]) -> UsageReport | None:
    """The first report of a reporter about one delivery stands; a further one is a repeat of it."""
    return event.payload if event.source is Source.REPORT and not event.repeat else None


def usage_report_rows(event: Event[UsageReport]) -> Iterator[Row]:
    report = _report(event)
    if report is None:
        return
    yield {
        "report_id": event.delivery_id,
        "delivery_id": uuid.UUID(report.delivery_id) if report.delivery_id is not None else None,
        "reporter": report.reporter,
        "reported_at": event.received_at,
        "completed_at": report.at,
        "reset_at": report.reset_at,
        "resource": report.resource,
        "calls": report.calls,
        "charged_calls": report.charged,
        "remaining": report.remaining,
        "duration_ms": report.duration_ms,
        "status": report.status,
        "error": report.error,
        "repository": report.repository,
        "token_fingerprint": report.token_fingerprint,
    }


def api_usage_rows(event: Event[UsageReport]) -> Iterator[Row]:
    """`used` and `remaining` are GitHub's own counts, so their extremes are right in any order."""
    report = _report(event)
    if report is None:
        return
    yield {
        "token_fingerprint": report.token_fingerprint or "",
        "resource": report.resource,
        "reset_at": report.reset_at or EPOCH,
        "used": report.used,
        "limit": report.limit,
        "remaining": report.remaining,
        "least_used": report.used,
        "first_reported_at": event.received_at,
        "last_reported_at": event.received_at,
        "calls": report.calls,
        "charged_calls": report.charged,
    }


usage_reports = Projection(
    name="usage_reports",
    version=2,
    events=frozenset({EVENT_TYPE}),
    columns=(
        key(Column("report_id", UUID)),
        once(
            Column("delivery_id", UUID),
            *strings("reporter", "resource", "status", "error", "repository", "token_fingerprint"),
            *moments("reported_at", "completed_at", "reset_at"),
            *(Column(name, BigInteger) for name in ("calls", "charged_calls", "remaining", "duration_ms")),
        ),
    ),
    rows=usage_report_rows,
    indexes=(
        Index("usage_reports_delivery", "delivery_id"),
        Index("usage_reports_reported", "reported_at"),
    ),
)

api_usage = Projection(
    name="api_usage",
    version=1,
    events=frozenset({EVENT_TYPE}),
    columns=(
        key(*strings("token_fingerprint", "resource"), *moments("reset_at")),
        largest(Column("used", BigInteger), Column("limit", BigInteger)),
        smallest(*(Column(name, BigInteger) for name in ("remaining", "least_used")), *moments("first_reported_at")),
        largest(*moments("last_reported_at")),
        total("calls", "charged_calls"),
    ),
    rows=api_usage_rows,
)
