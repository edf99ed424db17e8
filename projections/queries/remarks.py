"""What was said of webhook events after they came: by usage reports, by parks, by how their bodies could be read. What
level that gives them: statuses.py.

Few events are remarked on. So a rollup counts all events as a success, and is corrected by these when it is read.
"""

from typing import LiteralString

from psycopg import sql

from projections.queries.webhook_filters import Filters

REPORTED: LiteralString = """
    SELECT e.position, e.repository_id, e.event_type, e.received_at, e.duration_us,
           CASE r.status WHEN 'error' THEN 2 WHEN 'partial' THEN 1 ELSE 0 END AS level,
           r.calls, r.charged_calls, r.duration_ms
    FROM usage_reports r JOIN webhook_events e USING (delivery_id) WHERE {where}
"""
MISREAD: LiteralString = """
    SELECT e.position, e.repository_id, e.event_type, e.received_at, e.duration_us,
           CASE e.reading WHEN 'unreadable' THEN 2 ELSE 1 END AS level, 0, 0, NULL
    FROM webhook_events e WHERE e.reading <> 'clean' AND {where}
    UNION ALL
    SELECT e.position, e.repository_id, e.event_type, e.received_at, e.duration_us, 1, 0, 0, NULL
    FROM parked_events k JOIN projections USING (projection, generation) JOIN webhook_events e USING (position)
    WHERE k.state = 'parked' AND {where}
"""
REMARKED: LiteralString = """
    SELECT position, min(repository_id) AS repository_id, min(event_type) AS event_type,
           min(received_at) AS received_at, min(duration_us) AS duration_us, max(level) AS level,
           sum(calls)::bigint AS calls, sum(charged_calls)::bigint AS charged_calls, max(duration_ms) AS duration_ms
    FROM ({said}) AS said GROUP BY position
"""


def remarked(filters: Filters) -> sql.Composed:
    """The events on which something was said, of those that the filters let through, whatever their status: the worst
    level (0 success, 1 partial, 2 error), the sums of the calls, and the longest duration that was reported.
    """
    return _remarked(REPORTED + "UNION ALL" + MISREAD, filters)


def flawed(filters: Filters) -> sql.Composed:
    """Those of them that are not a success, with the level alone."""
    return _remarked(REPORTED + "AND r.status IN ('partial', 'error') UNION ALL" + MISREAD, filters)


def corrected(filters: Filters) -> sql.Composed:
    """Those of them that are not a success, or of which a duration was reported; with the level and the durations alone."""
    said: LiteralString = "AND (r.status IN ('partial', 'error') OR r.duration_ms IS NOT NULL) UNION ALL"
    return _remarked(REPORTED + said + MISREAD, filters)


def timed(filters: Filters) -> sql.Composed:
    """Those of them of which a duration was reported."""
    return _remarked(REPORTED + "AND r.duration_ms IS NOT NULL", filters)


def _remarked(said: LiteralString, filters: Filters) -> sql.Composed:
    return sql.SQL(REMARKED).format(said=sql.SQL(said).format(where=filters.where()))
