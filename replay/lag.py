"""How far each projection has come."""

from psycopg import sql

_BEHIND = sql.SQL("""
       CASE WHEN g.position < head.position
            THEN (SELECT count(*) FROM (SELECT FROM webhooks w WHERE w.position > g.position LIMIT 100000) AS behind)
            ELSE 0 END AS lag_events,
       coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - w.received_at))
                 FROM webhooks w WHERE w.position > g.position ORDER BY w.position LIMIT 1), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM parked_events k WHERE k.projection = g.projection AND k.generation = g.generation
        AND k.state = 'parked') AS parked
""")
"""lag_events is counted up to 100,000: beyond that only the order matters."""

LAG = sql.SQL("""
WITH head AS (SELECT coalesce(max(position), 0) AS position FROM webhooks)
SELECT g.projection AS name, g.version, g.position, g.state, {behind}
FROM projections p JOIN projection_generations g USING (projection, generation), head ORDER BY g.projection
""").format(behind=_BEHIND)
"""One row for each live generation."""

STANDING = sql.SQL("""
WITH head AS (SELECT coalesce(max(position), 0) AS position FROM webhooks), standing AS (
    SELECT DISTINCT ON (s.projection) s.*
    FROM projection_generations s LEFT JOIN projections p USING (projection, generation)
    WHERE p.projection IS NOT NULL OR s.state <> 'retired'
    ORDER BY s.projection, p.projection IS NULL, s.generation DESC
), g AS (
    SELECT coalesce(active.name, s.projection) AS projection, active.name IS NULL AS gone, s.version, s.generation,
           coalesce(s.position, 0) AS position, s.state, s.halted_reason
    FROM unnest(%(active)s::text[]) AS active (name) FULL JOIN standing s ON s.projection = active.name
)
SELECT g.projection AS name, g.version, g.generation, g.position, g.halted_reason,
       CASE WHEN g.gone THEN 'gone' WHEN g.state IN ('live', 'halted') THEN g.state ELSE 'building' END AS state, {behind}
FROM g, head ORDER BY g.projection
""").format(behind=_BEHIND)
"""One row for each projection, be it active, not built yet, or gone: its live generation, else the newest."""
