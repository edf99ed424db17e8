"""The listing of webhook events: webhook_events with what usage reports and parks say of each."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import ClassVar, LiteralString, Self
from uuid import UUID

from psycopg import sql

from projections.queries import rolled_up
from projections.queries.people import Window
from projections.queries.remarks import flawed
from projections.queries.rolled_up import Rollups, carried
from projections.queries.statuses import LEVEL, STATUS, STATUSES, SUCCESS
from projections.queries.units import QUARTER
from projections.queries.webhook_filters import Filters
from replay.snapshot import Record, Snapshot

READS = (*rolled_up.READS, "usage_reports", "repositories", "repository_names", "actors")
"""The projections that the listing is made of."""
READS_OF_ONE = ("webhook_events", "usage_reports")
"""Those that one event is made of."""


SHOWN = sql.SQL(
    """
WITH page AS {kept} ({page})
SELECT e.*, {status} AS status, usage.*, parks.*,
       EXISTS (SELECT FROM webhook_events o WHERE o.body_hash = e.body_hash AND o.hook_id = e.hook_id
               AND o.position < e.position) AS suspect_replay
FROM page AS e
LEFT JOIN LATERAL (
    SELECT min(remaining) AS remaining, max(completed_at) AS completed_at,
           string_agg(error, E'\\n' ORDER BY report_id) AS report_error
    FROM usage_reports r WHERE r.delivery_id = e.delivery_id AND e.reports > 0
) AS usage ON true
LEFT JOIN LATERAL (
    SELECT string_agg(k.projection || ': ' || k.error, E'\\n' ORDER BY k.projection) AS park_error
    FROM parked_events k JOIN projections USING (projection, generation)
    WHERE k.position = e.position AND k.state = 'parked'
) AS parks ON true
CROSS JOIN LATERAL (
    SELECT greatest({level}, CASE WHEN parks.park_error IS NOT NULL THEN 1 END, e.least_level) AS level
) AS imperfect
ORDER BY {order}
"""
)
LISTED = sql.SQL(
    """
SELECT e.*, 0 AS least_level FROM webhook_events e
WHERE {where} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
"""
)
OF_LEVEL = sql.SQL(
    """
WITH chosen AS (
    SELECT e.position, e.received_at FROM ({flawed}) AS e
    WHERE e.level = %(level)s AND {more} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
)
SELECT e.*, 0 AS least_level FROM chosen JOIN webhook_events e USING (position, received_at) ORDER BY {order}
"""
)
"""Each event is found by its position alone. By the filters too, it would be looked for once for each of those that
PostgreSQL has not counted yet, after a burst: the square of them.
"""
FLAWLESS = sql.SQL(
    """
SELECT e.*, 0 AS least_level FROM webhook_events e
WHERE {where} AND {flawless} ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
"""
)
UNLISTED = sql.SQL(
    """
SELECT w.position, w.delivery_id, w.hook_id, w.received_at, w.appended_at AS processed_at, w.event_type, w.source,
       extract(epoch FROM w.handed_over_at - w.received_at) * 1000000 AS duration_us,
       NULL::text AS repository, NULL::text AS action, NULL::bigint AS pr_number, NULL::text AS sender,
       NULL::timestamptz AS event_at, NULL::bigint AS body_hash, 0 AS repeats, 'tolerant' AS reading, 2 AS least_level,
       CASE k.state WHEN 'ignored' THEN k.error END AS error_message, coalesce(said.reports, 0) AS reports,
       said.api_calls, said.charged_calls, said.reported_ms, said.reported_level
FROM webhooks w JOIN parked_events k USING (position) JOIN projections USING (projection, generation)
LEFT JOIN webhook_events said ON said.delivery_id = w.delivery_id
WHERE w.delivery_id = %(delivery_id)s AND w.source IN ('webhook', 'reconciled') AND NOT w.repeat
AND k.projection = 'webhook_events' AND k.state IN ('parked', 'ignored')
"""
)
"""What webhook_events itself could not take: only the log knows of it."""
COUNT = sql.SQL(
    """
SELECT coalesce(sum(events), 0)::bigint AS total FROM (
    SELECT sum(c.events) AS events FROM event_counts c WHERE {units} AND {carried}
    UNION ALL
    SELECT sum(c.events) FROM event_quarters c WHERE {quarters} AND {carried_of_any_type}
    UNION ALL
    SELECT count(*) FROM webhook_events e WHERE {events}
) AS parts
"""
)
COUNT_FLAWED = sql.SQL("SELECT level, count(*) AS events FROM ({flawed}) AS flawed GROUP BY level")
POSITIONS = sql.SQL(
    """
SELECT min(c.first_position) AS first, max(c.last_position) AS last FROM event_quarters c WHERE {units} AND {carried}
"""
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


@dataclass(frozen=True, slots=True)
class Order:
    """By what events are listed: by what an index has in order, so that a page is found without the rest."""

    name: str = "position"
    descending: bool = True
    sorts: ClassVar[dict[str, LiteralString]] = {"position": "e.position", "created_at": "e.received_at"}

    def by(self, name: str, *, descending: bool) -> Self:
        return replace(self, name=name, descending=descending)

    @property
    def columns(self) -> sql.Composed:
        direction: LiteralString = "DESC" if self.descending else "ASC"
        columns = dict.fromkeys((self.sorts[self.name], "e.position"))
        return sql.SQL(", ").join(sql.SQL(f"{column} {direction}") for column in columns)


NEWEST_FIRST = Order()


async def page(
    snapshot: Snapshot,
    rollups: Rollups,
    filters: Filters,
    order: Order = NEWEST_FIRST,
    *,
    limit: int,
    offset: int = 0,
    after: int | None = None,
) -> list[Record]:
    """A page of events. `after`: only those that come after this position in the order, for paging by key."""
    beyond: LiteralString = "e.position < %(after)s" if order.descending else "e.position > %(after)s"
    more: list[LiteralString] = [beyond] if after is not None else []
    arguments = {**filters.arguments(), "limit": limit, "offset": offset, "after": after}
    if bounds := await _positions(snapshot, rollups, filters):
        more.append("e.position BETWEEN %(first)s AND %(last)s")
        arguments |= bounds
    return await snapshot.rows(shown(_listed(filters, order, *more), order), arguments)


async def _positions(snapshot: Snapshot, rollups: Rollups, filters: Filters) -> Record | None:
    """Between which positions the events of the window are, by the quarters of an hour that have a part of it: so a
    window long past is not looked for from the newest event on. None where that is not known.
    """
    if filters.window == Window() or not rollups.usable or rollups.spoiled:
        return None
    query = POSITIONS.format(
        units=rolled_up.touched(filters.window, QUARTER), carried=carried(filters, of_any_type=True)
    )
    return await snapshot.one(query, filters.arguments())


def _listed(filters: Filters, order: Order, *more: LiteralString) -> sql.Composed:
    if filters.status is None:
        return LISTED.format(where=filters.where(*more), order=order.columns)
    if filters.status == "success":
        return FLAWLESS.format(where=filters.where(*more), flawless=sql.SQL(SUCCESS), order=order.columns)
    beyond = sql.SQL(" AND ").join(map(sql.SQL, ("true", *more)))
    return OF_LEVEL.format(flawed=flawed(filters), more=beyond, order=order.columns)


def stream(snapshot: Snapshot, filters: Filters, order: Order = NEWEST_FIRST) -> AsyncGenerator[Record]:
    """All events that the filters let through."""
    query = shown(_listed(filters, order), order, whole=True)
    return snapshot.stream(query, {**filters.arguments(), "limit": None, "offset": 0})


def shown(page: sql.Composable, order: Order = NEWEST_FIRST, *, whole: bool = False) -> sql.Composed:
    """A query of some events with all that is shown of them. Of the whole list the first come before the last are found:
    before PostgreSQL 18 what is materialized would be sorted again.
    """
    kept = sql.SQL("NOT MATERIALIZED" if whole else "MATERIALIZED")
    return SHOWN.format(page=page, status=sql.SQL(STATUS), level=sql.SQL(LEVEL), kept=kept, order=order.columns)


async def count(snapshot: Snapshot, rollups: Rollups, filters: Filters) -> int:
    """How many events the filters let through."""
    if filters.status is None:
        return await _count(snapshot, rollups, filters)
    rows = await snapshot.rows(COUNT_FLAWED.format(flawed=flawed(filters)), filters.arguments())
    of_level = {row["level"]: int(row["events"]) for row in rows}
    if level := STATUSES.index(filters.status):
        return of_level.get(level, 0)
    return await _count(snapshot, rollups, replace(filters, status=None)) - sum(of_level.values())


async def _count(snapshot: Snapshot, rollups: Rollups, filters: Filters) -> int:
    cover = rollups.finely(filters)
    parts = {
        "units": cover.units(),
        "quarters": cover.quarter_units(),
        "events": cover.events(filters),
        "carried": carried(filters),
        "carried_of_any_type": carried(filters, of_any_type=True),
    }
    return int((await snapshot.one(COUNT.format(**parts), filters.arguments()))["total"])


async def event_at(snapshot: Snapshot, delivery_id: UUID) -> Record | None:
    """One event by its delivery id, as in the listing; one that webhook_events parked as far as the log tells."""
    where = sql.SQL("e.delivery_id = %(delivery_id)s AND e.position IS NOT NULL")
    arguments = {"delivery_id": delivery_id, "limit": 1, "offset": 0}
    listed = await snapshot.row(shown(LISTED.format(where=where, order=NEWEST_FIRST.columns)), arguments)
    return listed or await snapshot.row(shown(UNLISTED), arguments)
