"""How large the log is, and what it was given last: from the catalogue and the ends of its index, whatever its length."""

from psycopg import sql

LOG_STATE = sql.SQL("""
SELECT coalesce((SELECT max(position) FROM webhooks), 0) AS position,
       pg_total_relation_size('webhooks') AS bytes, pg_database_size(current_database()) AS database_bytes,
       (SELECT received_at FROM webhooks ORDER BY position LIMIT 1) AS first_received_at,
       (SELECT received_at FROM webhooks ORDER BY position DESC LIMIT 1) AS last_received_at,
       (SELECT count(*) FROM duplicate_deliveries) AS duplicates
""")
