"""The status of a webhook event: worked out when it is read, of how its body could be read, of parks and of usage
reports, never stored.

`error`: its body cannot be read as an event, every projection parked it, or a usage report says error. `partial`: it
was read tolerantly, some projection parked it, or a usage report says partial. Else `success`. Of several, the worst.
What every projection parked is in no listing: webhook_events is one of them.
"""

from typing import LiteralString

STATUSES = ("success", "partial", "error")

LEVEL: LiteralString = """
    greatest(CASE e.reading WHEN 'clean' THEN 0 WHEN 'unreadable' THEN 2 ELSE 1 END, e.reported_level)
"""
"""Of an event `e`, without parks: 0 success, 1 partial, 2 error."""
FLAWED: LiteralString = "(e.reading <> 'clean' OR e.reported_level > 0)"
"""Whether that is more than 0: as the index webhook_events_imperfect has it."""
SUCCESS: LiteralString = """
    {flawed} IS NOT TRUE AND NOT EXISTS (
        SELECT FROM parked_events k JOIN projections USING (projection, generation)
        WHERE k.position = e.position AND k.state = 'parked')
""".replace("{flawed}", FLAWED)
"""Whether an event `e` is one."""
PARKED: LiteralString = """
    SELECT DISTINCT k.position FROM parked_events k JOIN projections USING (projection, generation)
    WHERE k.state = 'parked'
"""
"""The positions of what is parked."""
IMPERFECT: LiteralString = (
    """
    SELECT position, max(level) AS level FROM (
        SELECT e.position, {level} AS level
        FROM webhook_events e WHERE {flawed} AND e.position IS NOT NULL
        UNION ALL
        SELECT position, 1 FROM ({parked}) AS parked
    ) AS faults GROUP BY position
""".replace("{level}", LEVEL)
    .replace("{flawed}", FLAWED)
    .replace("{parked}", PARKED)
)
"""The positions of events that are not a success: level 1 partial, 2 error. As many as are reported so."""

STATUS: LiteralString = "CASE coalesce(imperfect.level, 0) WHEN 0 THEN 'success' WHEN 1 THEN 'partial' ELSE 'error' END"
