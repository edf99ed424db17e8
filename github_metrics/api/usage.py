"""POST /api/metrics/usage: consumers of our webhooks report the GitHub API calls that they made."""

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.problems import POSITION_HEADER, PROBLEMS
from github_metrics.receiving.appender import Appender
from projections import usage
from projections.usage import Reported, UsageReport
from replay.errors import RequestError
from replay.event import Delivery, Source
from replay.log import is_repeat
from replay.snapshot import snapshot

router = APIRouter(tags=["usage"])

MAX_REPORT = 64 * 1024
NAMESPACE = uuid.UUID("6d8f3ad5-2b5c-5d29-9f2e-6f6f0d0b9c11")
ALONE = uuid.uuid5(NAMESPACE, "alone")
"""Of reports about no delivery: their ids may be those of deliveries."""
SCHEMA: dict[str, Any] = {
    **msgspec.json.schema(Reported, ref_template="{name}")["$defs"]["Reported"],
    "title": UsageReport.__name__,
    "description": UsageReport.__doc__,
}
reports = msgspec.json.Decoder(Reported)


class ReportRefused(RequestError):
    """A usage report that cannot be read."""

    reason = "usage_report"
    status = 422


class ReportTaken(BaseModel):
    """A usage report is in the log."""

    status: str = Field(examples=["ok"])
    report_id: uuid.UUID
    duplicate: bool = Field(description="this reporter has reported on this before: that stands, this is not counted")
    differs: bool = Field(description="and the report that stands says something else")


def report_id(report: UsageReport, body: bytes) -> uuid.UUID:
    """The same for every report of one reporter about one delivery, however its id is spelled, so that it counts once.
    A report about no delivery is known by its own id, whatever that is, and one without an id by its bytes.
    """
    if report.delivery_id is not None:
        return uuid.uuid5(NAMESPACE, f"{report.reporter}\n{uuid.UUID(report.delivery_id)}")
    return uuid.uuid5(ALONE, f"{report.reporter}\n{report.report_id or hashlib.sha256(body).hexdigest()}")


def read_report(body: bytes) -> UsageReport:
    """Raises ReportRefused, which says what is wrong with it."""
    if len(body) > MAX_REPORT:
        raise ReportRefused(f"a report has at most {MAX_REPORT} bytes")
    try:
        report = reports.decode(body)
        if report.delivery_id is not None:
            uuid.UUID(report.delivery_id)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ReportRefused(f"not a usage report: {error}") from error
    return report


@router.post(
    "/usage",
    operation_id="post_usage_report",
    responses=PROBLEMS,
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}}},
)
async def post_usage_report(request: Request, response: Response) -> ReportTaken:
    """Report GitHub API calls, for one delivery or alone. The first report of a reporter about a delivery stands; a
    later one that says something else is kept in the log, and not counted.
    """
    received_at = datetime.now(UTC)
    body = await request.body()
    report = read_report(body)
    identity = report_id(report, body)
    appender: Appender = request.app.state.appender
    delivery = Delivery(
        identity,
        usage.EVENT_TYPE,
        body,
        hashlib.sha256(body).digest(),
        received_at,
        handed_over_at=datetime.now(UTC),
        source=Source.REPORT,
    )
    appended = await appender.append(delivery)
    response.headers[POSITION_HEADER] = str(appended.position)
    async with snapshot(request.app.state.pool, ()) as taken:
        differs = await is_repeat(taken.connection, appended.position)
    return ReportTaken(status="ok", report_id=identity, duplicate=appended.duplicate or differs, differs=differs)
