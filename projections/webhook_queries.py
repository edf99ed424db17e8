"""The listing of webhook events: webhook_events with what usage reports and parks say of each."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql

from projections.people import ALL, People, Window
from projections.statuses import IMPERFECT, STATUS, STATUSES
from replay.snapshot import Record, Snapshot

READS = ("webhook_events", "usage_reports", "repositories", "repository_names", "actors")
"""The projections that the listing is made of."""


OF_A_BOT: LiteralString = """
    (right(lower(e.sender), 5) = '[bot]' OR lower(e.sender) = ANY(%(bot_logins)s)
     OR lower(e.sender) IN (SELECT lower(a.login) FROM actors a WHERE a.type = 'Bot'))
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events: caused by these people in these repositories (of all that are not named: None), of a type and a
    status, received in [start, end). An event without a sender is of a human called ghost.
    """

    people: People = ALL
    event_type: str | None = None
    status: str | None = None

    def where(self, *more: LiteralString) -> sql.Composed:
        """The conditions that are given, joined by AND."""
        conditions: list[LiteralString] = ["e.position IS NOT NULL", *more]
        if self.people.repository_ids is not None:
            conditions.append("e.repository_id = ANY(%(repository_ids)s)")
        if self.people.users is not None:
            conditions.append("lower(coalesce(e.sender, 'ghost')) = ANY(%(users)s)")
        if self.people.excluded:
            conditions.append("lower(coalesce(e.sender, 'ghost')) <> ALL(%(excluded)s)")
        if self.people.actors != "all":
            conditions.append(OF_A_BOT if self.people.actors == "bot" else f"coalesce(NOT {OF_A_BOT}, true)")
        if self.event_type is not None:
            conditions.append("e.event_type = %(event_type)s")
        if self.status is not None:
            conditions.append("coalesce(imperfect.level, 0) = %(level)s")
        if self.people.start is not None:
            conditions.append("e.received_at >= %(start)s")
        if self.people.end is not None:
            conditions.append("e.received_at < %(end)s")
        return sql.SQL(" AND ").join(map(sql.SQL, conditions))

    def arguments(self) -> dict[str, Any]:
        level = STATUSES.index(self.status) if self.status is not None else 0
        return {**self.people.arguments(), "event_type": self.event_type, "level": level}

    def before(self) -> "Filters | None":
        """The same in the window of the same length just before; None where that is open, or longer than the calendar."""
        earlier = Window(self.people.start, self.people.end).before()
        if earlier is None:
            return None
        return replace(self, people=replace(self.people, start=earlier.start, end=earlier.end))


SHOWN = sql.SQL(
    """
WITH imperfect AS ({imperfect}), page AS MATERIALIZED ({page})
SELECT e.*, {status} AS status, usage.*, parks.*,
       EXISTS (SELECT FROM webhook_events o WHERE o.body_hash = e.body_hash AND o.hook_id = e.hook_id
               AND o.position < e.position) AS suspect_replay
FROM page AS e LEFT JOIN LATERAL (SELECT e.level) AS imperfect ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS reports, sum(calls)::bigint AS calls, sum(charged_calls)::bigint AS charged_calls,
           min(remaining) AS remaining, max(duration_ms) AS duration_ms, max(completed_at) AS completed_at,
           string_agg(error, E'\\n' ORDER BY report_id) AS report_error
    FROM usage_reports r WHERE r.delivery_id = e.delivery_id
) AS usage ON true
LEFT JOIN LATERAL (
    SELECT string_agg(k.projection || ': ' || k.error, E'\\n' ORDER BY k.projection) AS park_error
    FROM parked_events k JOIN projections USING (projection, generation)
    WHERE k.position = e.position AND k.state = 'parked'
) AS parks ON true
ORDER BY e.position DESC
"""
)
LISTED = sql.SQL(
    """
SELECT e.*, imperfect.level FROM webhook_events e LEFT JOIN imperfect USING (position)
WHERE {where} ORDER BY e.position DESC LIMIT %(limit)s OFFSET %(offset)s
"""
)
UNLISTED = sql.SQL(
    """
SELECT w.position, w.delivery_id, w.hook_id, w.received_at, w.appended_at AS processed_at, w.event_type, w.source,
       extract(epoch FROM w.handed_over_at - w.received_at) * 1000000 AS duration_us,
       NULL::text AS repository, NULL::text AS action, NULL::bigint AS pr_number, NULL::text AS sender,
       NULL::timestamptz AS event_at, NULL::bigint AS body_hash, 0 AS repeats, 'tolerant' AS reading, 2 AS level,
       CASE k.state WHEN 'ignored' THEN k.error END AS error_message
FROM webhooks w JOIN parked_events k USING (position) JOIN projections USING (projection, generation)
WHERE w.delivery_id = %(delivery_id)s AND w.source IN ('webhook', 'reconciled') AND NOT w.repeat
AND k.projection = 'webhook_events' AND k.state IN ('parked', 'ignored')
"""
)
"""What webhook_events itself could not take: only the log knows of it."""
COUNT = sql.SQL(
    "WITH imperfect AS ({imperfect}) SELECT count(*) AS total"
    " FROM webhook_events e LEFT JOIN imperfect USING (position) WHERE {where}"
)
NAMED = """
WITH asked AS (SELECT lower(name) AS name FROM unnest(%(names)s::text[]) AS name),
     now AS (SELECT asked.name, repository_id FROM repositories JOIN asked ON lower(full_name) = asked.name)
SELECT name, repository_id FROM now
UNION
SELECT asked.name, repository_id FROM repository_names JOIN asked ON lower(full_name) = asked.name
WHERE asked.name NOT IN (SELECT name FROM now)
"""


async def repository_ids(snapshot: Snapshot, names: list[str]) -> tuple[int, ...]:
    """The ids of repositories by name, in any case as at GitHub: those that are called so now (two, where one was
    deleted and made anew), or else those that ever were. A name never seen is left out.
    """
    return tuple(row["repository_id"] for row in await snapshot.rows(NAMED, {"names": names}))


async def page(
    snapshot: Snapshot, filters: Filters, *, limit: int, offset: int = 0, after: int | None = None
) -> list[Record]:
    """Events, newest first. `after`: only those before this position in time, for paging by key."""
    more: tuple[LiteralString, ...] = ("e.position < %(after)s",) if after is not None else ()
    arguments = {**filters.arguments(), "limit": limit, "offset": offset, "after": after}
    return await snapshot.rows(_shown(LISTED.format(where=filters.where(*more))), arguments)


def stream(snapshot: Snapshot, filters: Filters) -> AsyncIterator[Record]:
    """All events that the filters let through, newest first."""
    arguments = {**filters.arguments(), "limit": None, "offset": 0}
    return snapshot.stream(_shown(LISTED.format(where=filters.where())), arguments)


def _shown(page: sql.Composable) -> sql.Composed:
    """A query of some events with all that is shown of them."""
    return SHOWN.format(imperfect=sql.SQL(IMPERFECT), page=page, status=sql.SQL(STATUS))


async def count(snapshot: Snapshot, filters: Filters) -> int:
    """How many events the filters let through."""
    query = COUNT.format(imperfect=sql.SQL(IMPERFECT), where=filters.where())
    return int((await snapshot.one(query, filters.arguments()))["total"])


async def event_at(snapshot: Snapshot, delivery_id: UUID) -> Record | None:
    """One event by its delivery id, as in the listing; one that webhook_events parked as far as the log tells."""
    where = sql.SQL("e.delivery_id = %(delivery_id)s AND e.position IS NOT NULL")
    arguments = {"delivery_id": delivery_id, "limit": 1, "offset": 0}
    listed = await snapshot.row(_shown(LISTED.format(where=where)), arguments)
    return listed or await snapshot.row(_shown(UNLISTED), arguments)
