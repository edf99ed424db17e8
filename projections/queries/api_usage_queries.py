"""What was spent of GitHub's rate limits: by window of each limit, and over time, by resource, repository and event type.

All of it is as consumers report it, and counts when the report came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, LiteralString

from psycopg import sql

from projections.queries.listing import ListQuery
from projections.queries.people import CHOSEN, Extent, People
from replay.snapshot import Record, Snapshot

READS = ("api_usage", "usage_reports", "webhook_events", "repositories", "actors")
"""The projections that the lists are made of."""

Group = Literal["window", "resource", "repository", "event_type"]

WINDOWS = sql.SQL(
    """
SELECT 0 AS bucket, nullif(token_fingerprint, '') AS token_fingerprint, resource, NULL::text AS repository,
       NULL::text AS event_type, nullif(reset_at, 'epoch') AS reset_at, "limit", used, remaining, least_used,
       NULL::bigint AS reports, {calls}, first_reported_at, last_reported_at
FROM api_usage {chosen}
WHERE first_reported_at >= %(start)s::timestamptz AND first_reported_at < %(end)s::timestamptz
"""
)
OF_CHOSEN = sql.SQL(
    """
JOIN (
    WITH {reports}
    SELECT coalesce(token_fingerprint, '') AS token_fingerprint, resource, coalesce(reset_at, 'epoch') AS reset_at,
           sum(calls)::bigint AS chosen_calls, sum(charged_calls)::bigint AS chosen_charged_calls
    FROM reports WHERE {chosen} GROUP BY 1, 2, 3
) AS spent USING (token_fingerprint, resource, reset_at)
"""
)
"""The windows in which one of the chosen reports came, and what those spent."""
REPORTS = sql.SQL(
    """
    reports AS (
        SELECT {bucket} AS bucket, r.resource, r.calls, r.charged_calls, r.reported_at, r.token_fingerprint, r.reset_at,
               about.event_type, coalesce(names.full_name, r.repository) AS repository, lower(r.reporter) AS person,
               NULL::boolean AS bot
        FROM usage_reports r {about}
        WHERE r.reported_at >= %(start)s::timestamptz AND r.reported_at < {end}
        AND (%(repository_ids)s::bigint[] IS NULL OR names.repository_id = ANY(%(repository_ids)s))
    )
"""
)
ABOUT: LiteralString = """
    LEFT JOIN webhook_events about ON about.delivery_id = r.delivery_id AND about.position IS NOT NULL
    LEFT JOIN LATERAL (
        SELECT n.repository_id, n.full_name FROM repositories n
        WHERE n.repository_id = about.repository_id
        OR about.repository_id IS NULL AND lower(n.full_name) = lower(r.repository)
        ORDER BY n.repository_id LIMIT 1
    ) AS names ON true
"""
"""The event that a report is about, and its repository under its present name; else the one that the report names."""
NOTHING_ABOUT: LiteralString = """
    CROSS JOIN (SELECT NULL::text AS event_type) AS about
    CROSS JOIN (SELECT NULL::text AS full_name, NULL::bigint AS repository_id) AS names
"""
SPENT = sql.SQL(
    """
WITH {reports}, spent AS (
    SELECT bucket, coalesce({group}, '') AS of, count(*) AS reports, sum(calls) AS calls,
           sum(charged_calls) AS charged_calls, min(reported_at) AS first_reported_at,
           max(reported_at) AS last_reported_at
    FROM reports WHERE {chosen} GROUP BY 1, 2
), keys AS (
    SELECT of, bucket FROM (SELECT DISTINCT of FROM spent) AS found
    CROSS JOIN generate_series(0, %(buckets)s - 1) AS bucket
)
SELECT bucket, NULL::text AS token_fingerprint, {columns}, NULL::timestamptz AS reset_at, NULL::bigint AS "limit",
       NULL::bigint AS used, NULL::bigint AS remaining, NULL::bigint AS least_used, coalesce(reports, 0) AS reports,
       coalesce(calls, 0)::bigint AS calls, coalesce(charged_calls, 0)::bigint AS charged_calls,
       first_reported_at, last_reported_at
FROM keys LEFT JOIN spent USING (of, bucket)
"""
)
EXTENT = sql.SQL(
    """
WITH {reports}
SELECT min(reported_at) AS first, max(reported_at) AS last, count(DISTINCT coalesce({group}, '')) AS groups
FROM reports WHERE {chosen}
"""
)
COUNTED = ("calls", "charged_calls", "first_reported_at", "last_reported_at")
SORTS: dict[Group, dict[str, LiteralString]] = {
    "window": {
        **{name: name for name in ("reset_at", "resource", "token_fingerprint", "used", "remaining", *COUNTED)},
        "limit": '"limit"',
    },
    **{name: {one: one for one in (name, "reports", *COUNTED)} for name in ("resource", "repository", "event_type")},
}


@dataclass(frozen=True, slots=True)
class Usage:
    """Which usage: reported by these people (`users` are reporters), of these repositories, in buckets that begin at
    `edges` (None: the whole window as one). Of windows of a limit those in which one of them reported: their calls are
    of these reports alone, all else is the token's.
    """

    people: People
    group: Group
    edges: Sequence[datetime] | None = None

    def arguments(self) -> dict[str, Any]:
        buckets = 1 if self.edges is None else len(self.edges)
        return {**self.people.arguments(), "edges": list(self.edges or ()), "buckets": buckets}

    def query(self) -> ListQuery:
        """The latest windows first; of other groups those that cost most in each bucket, empty ones too."""
        if self.group == "window":
            order = sql.SQL("reset_at DESC NULLS LAST, resource, token_fingerprint")
            return ListQuery(self._windows(), order, self.arguments(), sorts=SORTS[self.group])
        columns = sql.SQL(", ").join(
            sql.SQL("nullif(of, '') AS {}" if name == self.group else "NULL::text AS {}").format(sql.Identifier(name))
            for name in ("resource", "repository", "event_type")
        )
        query = SPENT.format(
            reports=self._reports(), chosen=sql.SQL(CHOSEN), group=sql.Identifier(self.group), columns=columns
        )
        order = sql.SQL("bucket, charged_calls DESC, calls DESC, resource, repository, event_type")
        return ListQuery(query, order, self.arguments(), sorts=SORTS[self.group], leading="bucket, ")

    async def extent(self, snapshot: Snapshot) -> Extent:
        """When the first and the last of these reports came, and of how many resources, repositories or types."""
        query = EXTENT.format(reports=self._reports(), chosen=sql.SQL(CHOSEN), group=sql.Identifier(self.group))
        return Extent(**await snapshot.one(query, self.arguments()))

    def _windows(self) -> sql.Composed:
        if self.people.everyone and self.people.repository_ids is None:
            return WINDOWS.format(calls=sql.SQL("calls, charged_calls"), chosen=sql.SQL(""))
        chosen = OF_CHOSEN.format(reports=self._reports(), chosen=sql.SQL(CHOSEN))
        calls = sql.SQL("chosen_calls AS calls, chosen_charged_calls AS charged_calls")
        return WINDOWS.format(calls=calls, chosen=chosen)

    def _reports(self) -> sql.Composed:
        """What no part of the answer needs is not looked up: the event that each report is about. The window of a limit
        goes on after the time in which it began.
        """
        named = self.group in ("repository", "event_type") or self.people.repository_ids is not None
        bucket = "0" if self.edges is None else "width_bucket(r.reported_at, %(edges)s::timestamptz[]) - 1"
        end = "'infinity'" if self.group == "window" else "%(end)s::timestamptz"
        about = sql.SQL(ABOUT if named else NOTHING_ABOUT)
        return REPORTS.format(bucket=sql.SQL(bucket), about=about, end=sql.SQL(end))


def exhaustion(window: Record, as_of: datetime) -> tuple[bool | None, datetime | None]:
    """Whether a limit is used up before it is reset, and when; None where that is not known.

    Linear: `used` goes on growing as it grew between the first and the last report of the window. Known of a window
    that is not over, and was reported at two moments at least, or is used up already.
    """
    reset_at, remaining, last = window["reset_at"], window["remaining"], window["last_reported_at"]
    if reset_at is None or remaining is None or reset_at <= as_of:
        return None, None
    if remaining == 0:
        return True, last
    seconds = (last - window["first_reported_at"]).total_seconds()
    if window["used"] is None or seconds <= 0:
        return None, None
    rate = (window["used"] - window["least_used"]) / seconds
    if rate <= 0 or remaining / rate >= (reset_at - last).total_seconds():
        return False, None
    return True, last + timedelta(seconds=remaining / rate)
