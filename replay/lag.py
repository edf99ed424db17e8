"""How far each projection has come."""

from typing import LiteralString

LAG: LiteralString = """
WITH head AS (SELECT coalesce(max(position), 0) AS position FROM webhooks)
SELECT g.projection AS name, g.version, g.position, g.state,
       CASE WHEN g.position < head.position
            THEN (SELECT count(*) FROM (SELECT FROM webhooks w WHERE w.position > g.position LIMIT 100000) AS behind)
            ELSE 0 END AS lag_events,
       coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - w.received_at))
                 FROM webhooks w WHERE w.position > g.position ORDER BY w.position LIMIT 1), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM parked_events k WHERE k.projection = g.projection AND k.generation = g.generation
        AND k.state = 'parked') AS parked
FROM projections p JOIN projection_generations g USING (projection, generation), head
ORDER BY g.projection
"""
"""One row for each live generation. lag_events is counted up to 100,000: beyond that only the order matters."""
