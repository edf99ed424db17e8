"""What checks and jobs of a window read of a long history: the rows of the window, by the plans that PostgreSQL makes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from replay.snapshot import OPTIONS
from tests.service import clone, running
from tests.test_read_plans import Asked, Stage, search_path

ROWS = 30_000
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
APART = timedelta(minutes=20)
A_DAY = 72
"""Rows of a day."""
HISTORY = (
    """
    INSERT INTO check_run_attempts (repository_id, check_run_id, head_sha, name, app_id, conclusion, started_at, completed_at)
    SELECT 1 + n %% 5, n, md5(n::text), 'check ' || n %% 9, 1, 'success', at - interval '1 min', at
    FROM generate_series(1, %(rows)s) AS n CROSS JOIN LATERAL (SELECT %(begin)s::timestamptz + n * %(apart)s AS at) AS t
    """,
    """
    INSERT INTO check_groups (repository_id, head_sha, app_id, check_suite_id, name, first_completed_at)
    SELECT repository_id, head_sha, app_id, check_run_id, name, completed_at FROM check_run_attempts
    """,
    """
    INSERT INTO workflow_jobs (repository_id, job_id, run_id, run_attempt, name, workflow_name, head_sha, created_at,
                               status, conclusion, started_at, completed_at, labels)
    SELECT 1 + n %% 5, n, n / 3, 1, 'job ' || n %% 9, 'CI', md5(n::text), at, 'completed', 'success',
           at + interval '1 min', at + interval '5 min', ARRAY['linux']
    FROM generate_series(1, %(rows)s) AS n CROSS JOIN LATERAL (SELECT %(begin)s::timestamptz + n * %(apart)s AS at) AS t
    """,
    "INSERT INTO repositories (repository_id, full_name) SELECT n, 'octo/' || n FROM generate_series(1, 5) AS n",
    "UPDATE projection_generations SET position = %(rows)s",
    "ANALYZE",
)
TABLES = {"check_run_attempts", "check_groups", "workflow_jobs"}
TWO_DAYS = {"start_time": "2025-03-09T13:17:00Z", "end_time": "2025-03-11T13:20:00Z"}


@pytest.fixture(scope="module")
def stage(server: str, template: str) -> Iterator[Stage]:
    with clone(server, template) as database, psycopg.connect(database, autocommit=True, options=OPTIONS) as connection:
        search_path(connection)
        for statement in HISTORY:
            connection.execute(statement.encode(), {"rows": ROWS, "begin": BEGIN, "apart": APART})
        with running(database, projector=False) as api:
            yield Stage(api, connection)


def rows_read(plan: dict[str, Any]) -> float:
    """Those included that a filter left out."""
    read = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    own = read * plan["Actual Loops"] if plan.get("Relation Name") in TABLES else 0
    return float(own) + sum(rows_read(inner) for inner in plan.get("Plans", ()))


def read(connection: psycopg.Connection[Any], asked: Asked) -> float:
    """How many rows of checks and jobs the queries read."""
    found = 0.0
    for query, arguments in asked:
        explained = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + (sql.SQL(query) if isinstance(query, str) else query)
        ((plans,),) = connection.execute(explained, arguments).fetchall()
        found += sum(rows_read(plan["Plan"]) for plan in plans)
    return found


@pytest.mark.parametrize(
    ("path", "parameters", "days"),
    [
        ("checks", TWO_DAYS, 12),
        ("checks", {"bucket": "day", **TWO_DAYS}, 12),
        ("checks", {"check": "check 3", **TWO_DAYS}, 12),
        ("jobs", TWO_DAYS, 24),
        ("jobs", {"group": "job", **TWO_DAYS}, 24),
        ("jobs", {"group": "workflow", **TWO_DAYS}, 96),
    ],
)
def test_no_more_than_some_days_of_four_hundred_are_read(
    stage: Stage, asked: Asked, path: str, parameters: dict[str, Any], days: int
) -> None:
    """Jobs also look at the last six days, for what waits and runs, and workflows 35 days around, for what is slow."""
    answer = stage.api.client.get(f"/api/metrics/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert 0 < read(stage.connection, asked) <= days * A_DAY
