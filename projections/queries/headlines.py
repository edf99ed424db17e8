"""The headline numbers of each repository, that `replay --diff` shows before and after."""

from typing import Any, LiteralString

from psycopg import Connection

HEADLINES: LiteralString = """
SELECT coalesce(names.full_name, repository_id::text), metric, value
FROM (
    SELECT repository_id, 'events' AS metric, sum(events)::float8 AS value FROM event_counts GROUP BY 1
    UNION ALL
    SELECT p.repository_id, n.metric, n.value FROM (
        SELECT repository_id, count(*)::float8 AS pull_requests, count(merged_at)::float8 AS merged,
               extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY merged_at - created_at))::float8
                   AS cycle_time_seconds,
               extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY merged_at - ready_at))::float8
                   AS publish_to_merge_seconds,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY size)::float8 AS size
        FROM pull_requests GROUP BY repository_id
    ) AS p CROSS JOIN LATERAL (VALUES
        ('pull_requests', p.pull_requests), ('merged_pull_requests', p.merged),
        ('median_cycle_time_seconds', p.cycle_time_seconds),
        ('median_publish_to_merge_seconds', p.publish_to_merge_seconds), ('median_size', p.size)
    ) AS n (metric, value)
    UNION ALL
    SELECT repository_id, 'reviews', count(*)::float8 FROM pr_reviews GROUP BY 1
    UNION ALL
    SELECT repository_id, 'check_run_attempts', count(*)::float8 FROM check_run_attempts GROUP BY 1
    UNION ALL
    SELECT repository_id, 'median_check_duration_seconds',
           extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY completed_at - started_at))::float8
    FROM check_run_attempts GROUP BY 1
) AS numbers LEFT JOIN repositories names USING (repository_id) ORDER BY 1, 2
"""


def headlines(connection: Connection[Any]) -> dict[tuple[str, str], float | None]:
    """(repository, metric) -> value, over all time. Durations in seconds, medians."""
    return {(repository, metric): value for repository, metric, value in connection.execute(HEADLINES)}
