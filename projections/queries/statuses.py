"""The status of a webhook event: joined when it is read from how its body could be read, from parks and from usage
reports, never stored.

`error`: its body cannot be read as an event, every projection parked it, or a usage report says error. `partial`: it
was read tolerantly, some projection parked it, or a usage report says partial. Else `success`. Of several, the worst.
What every projection parked is in no listing: webhook_events is one of them.
"""

from typing import LiteralString

STATUSES = ("success", "partial", "error")

IMPERFECT: LiteralString = """
    SELECT position, max(level) AS level FROM (
        SELECT e.position, CASE e.reading WHEN 'unreadable' THEN 2 ELSE 1 END AS level
        FROM webhook_events e WHERE e.reading <> 'clean'
        UNION ALL
        SELECT e.position, CASE r.status WHEN 'error' THEN 2 ELSE 1 END
        FROM usage_reports r JOIN webhook_events e ON e.delivery_id = r.delivery_id
        WHERE r.status IN ('partial', 'error')
        UNION ALL
        SELECT k.position, 1 FROM parked_events k JOIN projections USING (projection, generation)
        WHERE k.state = 'parked'
    ) AS faults WHERE position IS NOT NULL GROUP BY position
"""
"""The positions of events that are not a success: level 1 partial, 2 error. Few, whatever the length of history."""

STATUS: LiteralString = "CASE coalesce(imperfect.level, 0) WHEN 0 THEN 'success' WHEN 1 THEN 'partial' ELSE 'error' END"
