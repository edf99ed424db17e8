"""A usage report: what a consumer of our webhooks says about the GitHub API calls that it made."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from projections.payload_parts import Count, Time, Timed

EVENT_TYPE = "usage_report"

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL holds no NUL in text. As ECMAScript has it, too: OpenAPI shows it."""
DELIVERY_ID = r"^(urn:uuid:|\{)?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?$"
"""However it is spelled. Python's own reading takes signs, blanks and other scripts' digits for a part of it."""
Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_NUL)]


class UsageReport(Timed, frozen=True):
    """One report of one reporter: about one delivery (`delivery_id`), or alone (then `report_id` names it).

    `charged_calls` are the calls that count against the limit (a 304 and /rate_limit are free); without it all
    `calls` are charged. `token_fingerprint` is the first 12 hex digits of the token's SHA-256, never the token.
    Durations are in milliseconds, `reset_at` is when the rate limit window ends.
    """

    reporter: Name
    delivery_id: str | None = None
    report_id: Name | None = None
    resource: Name = "core"
    calls: Count = 0
    charged_calls: Count | None = None
    limit: Count | None = None
    remaining: Count | None = None
    used: Count | None = None
    reset_at: Time | None = None
    token_fingerprint: Annotated[str, Meta(pattern="^[0-9a-f]{12}$")] | None = None
    repository: Annotated[str, Meta(pattern=NO_NUL)] | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    duration_ms: Count | None = None
    status: Literal["success", "partial", "error"] | None = None
    error: Annotated[str, Meta(max_length=10_000, pattern=NO_NUL)] | None = None
    times = ("reset_at", "started_at", "completed_at")

    @property
    def charged(self) -> int:
        return self.calls if self.charged_calls is None else self.charged_calls

    @property
    def at(self) -> datetime | None:
        """When the reported work ended, as far as the report says."""
        return self.completed_at or self.started_at


decoder = msgspec.json.Decoder(UsageReport)


class Reported(UsageReport, frozen=True, forbid_unknown_fields=True):
    """A report as it comes in: one of which a part would be passed over is refused. The log may hold others."""

    delivery_id: Annotated[str, Meta(pattern=DELIVERY_ID)] | None = None
