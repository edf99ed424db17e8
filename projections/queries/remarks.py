"""What was said of webhook events after they came: by usage reports, by parks, by how their bodies could be read. What
level that gives them: statuses.py.

A rollup counts all events as a success that took as long as we worked on them, and is corrected by these when it is
read.
"""

from typing import LiteralString

from psycopg import sql

from projections.queries.statuses import FLAWED, LEVEL, PARKED
from projections.queries.webhook_filters import Filters

SAID: LiteralString = """
    SELECT e.position, e.repository_id, e.event_type, e.received_at, e.duration_us, e.from_us, {level} AS level,
           e.api_calls AS calls, e.charged_calls, e.reported_ms, e.reported_from_us
    FROM webhook_events e WHERE {said} AND {where}
"""
OF_PARKS: LiteralString = """
    UNION ALL
    SELECT e.position, e.repository_id, e.event_type, e.received_at, e.duration_us, e.from_us, 1, 0, 0, NULL, NULL
    FROM ({parked}) AS parked JOIN webhook_events e USING (position) WHERE {level} = 0 AND {where}
"""
"""What a park alone makes partial: where anything else does, the event is told of already."""


def remarked(filters: Filters) -> sql.Composed:
    """The events on which something was said, of those that the filters let through, whatever their status: the level
    (0 success, 1 partial, 2 error), the sums of the calls, and the longest duration that was reported. One that was
    reported on, and parked, is told of twice: the calls and the duration, and with nothing else the level.
    """
    return _said("(e.reading <> 'clean' OR e.reports > 0)", filters)


def flawed(filters: Filters) -> sql.Composed:
    """Those of them that are not a success, each once."""
    return _said(FLAWED, filters)


def timed(filters: Filters) -> sql.Composed:
    """Those of them of which a duration was reported."""
    return sql.SQL(SAID).format(
        level=sql.SQL(LEVEL), said=sql.SQL("e.reports > 0 AND e.reported_ms IS NOT NULL"), where=filters.where()
    )


def _said(said: LiteralString, filters: Filters) -> sql.Composed:
    return sql.SQL(SAID + OF_PARKS).format(
        level=sql.SQL(LEVEL), said=sql.SQL(said), where=filters.where(), parked=sql.SQL(PARKED)
    )
