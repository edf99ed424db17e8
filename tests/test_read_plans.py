"""What a request reads: so few events of a long history, by the plans that PostgreSQL makes of its queries."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from projections.duration_buckets import BOUNDS
from projections.queries.api_usage_queries import ABOUT
from replay import generations
from replay.snapshot import OPTIONS
from tests.service import Service, clone, running

EVENTS = 60_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
APART = timedelta(minutes=3)
A_DAY = 480
"""Events of a day."""
LAST = BEGIN + EVENTS * APART
HISTORY = """
INSERT INTO webhook_events (repository_id, delivery_id, position, hook_id, received_at, processed_at, duration_us,
                            from_us, body_hash, body_bytes, source, event_type, sender, reading, repeats)
SELECT 1 + n %% 5, lpad(to_hex(n), 32, '0')::uuid, n, 1, at, at, 500 + n %% 5000,
       (%(bounds)s::bigint[])[width_bucket(500 + n %% 5000, %(bounds)s::bigint[])], n, 100, 'webhook',
       CASE WHEN n %% 5000 = 0 THEN 'release' ELSE (ARRAY['push', 'check_run', 'status'])[1 + n %% 3] END,
       'user ' || n %% 20, 'clean', 0
FROM generate_series(1, %(events)s) AS n CROSS JOIN LATERAL (SELECT %(begin)s::timestamptz + n * %(apart)s AS at) AS t
"""
ROLLUPS = (
    """
    INSERT INTO event_counts (repository_id, day, event_type, events, duration_us)
    SELECT repository_id, received_at::date, event_type, count(*), sum(duration_us) FROM webhook_events GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO event_quarters (repository_id, quarter, events, duration_us, first_position, last_position)
    SELECT repository_id, date_bin('15 min', received_at, '2000-01-01'), count(*), sum(duration_us), min(position),
           max(position)
    FROM webhook_events GROUP BY 1, 2
    """,
    """
    INSERT INTO event_senders (repository_id, day, sender, events)
    SELECT repository_id, received_at::date, sender, count(*) FROM webhook_events GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO event_durations (repository_id, day, from_us, events)
    SELECT repository_id, received_at::date, (%(bounds)s::bigint[])[width_bucket(duration_us, %(bounds)s::bigint[])],
           count(*)
    FROM webhook_events GROUP BY 1, 2, 3
    """,
    """
    INSERT INTO event_month_durations (repository_id, month, from_us, events)
    SELECT repository_id, date_trunc('month', day), from_us, sum(events) FROM event_durations GROUP BY 1, 2, 3
    """,
    "INSERT INTO repositories (repository_id, full_name) SELECT n, 'octo/' || n FROM generate_series(1, 5) AS n",
    "UPDATE projection_generations SET position = %(events)s",
    "ANALYZE",
)


def search_path(connection: psycopg.Connection[Any]) -> None:
    schemas = [generation.schema_name for generation in generations.generations(connection) if generation.live]
    path = sql.SQL(", ").join(map(sql.Identifier, [*schemas, "public"]))
    connection.execute(sql.SQL("SET search_path = {}").format(path))


class Stage:
    """A service on a long history, and a connection that plans as the service's do."""

    def __init__(self, api: Service, connection: psycopg.Connection[Any]) -> None:
        self.api = api
        self.connection = connection


@pytest.fixture(scope="module")
def stage(server: str, template: str) -> Iterator[Stage]:
    with clone(server, template) as database, psycopg.connect(database, autocommit=True, options=OPTIONS) as connection:
        search_path(connection)
        values = {"events": EVENTS, "begin": BEGIN, "apart": APART, "bounds": list(BOUNDS)}
        for statement in (HISTORY, *ROLLUPS):
            connection.execute(statement.encode(), values)
        with running(database, projector=False) as api:
            yield Stage(api, connection)


Asked = list[tuple[Any, Any]]


def events_read(connection: psycopg.Connection[Any], asked: Asked) -> int:
    """How many rows of webhook_events the queries read, those included that a filter left out."""
    read = 0
    for query, arguments in asked:
        explained = sql.SQL("EXPLAIN (ANALYZE, FORMAT JSON) ") + (sql.SQL(query) if isinstance(query, str) else query)
        ((plans,),) = connection.execute(explained, arguments).fetchall()
        read += sum(rows_read(plan["Plan"]) for plan in plans)
    return round(read)


def rows_read(plan: dict[str, Any]) -> float:
    left_out = sum(plan.get(f"Rows Removed by {what}", 0) for what in ("Filter", "Index Recheck"))
    own = (
        (plan["Actual Rows"] + left_out) * plan["Actual Loops"] if plan.get("Relation Name") == "webhook_events" else 0
    )
    return float(own) + sum(rows_read(inner) for inner in plan.get("Plans", ()))


TWO_MONTHS = {"start_time": "2026-01-20T13:17:00Z", "end_time": "2026-03-20T10:10:00Z"}
TWO_DAYS = {"start_time": "2026-01-09T13:17:00Z", "end_time": "2026-01-11T13:20:00Z"}


@pytest.mark.parametrize(
    ("path", "parameters", "at_most"),
    [
        ("summary", {}, 2 * A_DAY),
        ("summary", {"repositories": "octo/3"}, 2 * A_DAY),
        ("summary", TWO_MONTHS, 6 * A_DAY),
        ("repositories", {}, 0),
        ("repositories", TWO_MONTHS, 2 * A_DAY),
        ("trends", {}, 2 * A_DAY),
        ("trends", {"bucket": "day", "tz": "Asia/Kathmandu"}, 2 * A_DAY),
        ("trends", {"bucket": "month", "event_type": "push"}, 2 * A_DAY),
        ("trends", TWO_MONTHS, 20),
        ("webhooks", {}, 250),
        ("webhooks", {"repositories": "octo/3"}, 700),
        ("webhooks", {"event_type": "release"}, 30),
        ("webhooks", {"after": 30_000}, 250),
        ("webhooks", {"after": 30_000, "sort": "position"}, 250),
        ("webhooks", {"sort": "position"}, 250),
        ("webhooks", {"sort": "created_at"}, 250),
        ("webhooks", {"sort": "-created_at"}, 250),
        ("webhooks", {"status": "error"}, 10),
        ("webhooks", TWO_DAYS, 5 * A_DAY),
        ("webhooks", {"page_size": 10, **TWO_MONTHS}, 2 * A_DAY),
        (f"webhooks/{EVENTS:032x}", {}, 5),
    ],
)
def test_so_few_of_sixty_thousand_events_are_read(
    stage: Stage, asked: Asked, path: str, parameters: dict[str, Any], at_most: int
) -> None:
    answer = stage.api.client.get(f"/api/metrics/{path}", params=parameters)
    # The body of an event is in the log, which this history has not.
    assert answer.status_code == (404 if path.startswith("webhooks/") else 200), answer.text
    assert events_read(stage.connection, asked) <= at_most


def test_a_filter_that_no_rollup_carries_reads_the_events(stage: Stage, asked: Asked) -> None:
    """So that the test above can fail."""
    stage.api.get("/api/metrics/repositories", users="user 3")
    assert events_read(stage.connection, asked) >= EVENTS / 20


def test_deep_pages_by_key_are_the_same_as_by_number(stage: Stage) -> None:
    webhooks = "/api/metrics/webhooks"
    by_number = stage.api.get(webhooks, page=301, page_size=100)["data"]
    by_key = stage.api.get(webhooks, after=EVENTS - 30_000 + 1, page_size=100)["data"]
    assert by_number == by_key
    assert by_number[0]["position"] == EVENTS - 30_000


def test_the_event_of_a_report_is_found_by_its_delivery_whatever_the_statistics_say(stage: Stage) -> None:
    """While a history is loaded they are of its beginning: 30 seconds, and a 503, instead of 40 milliseconds."""
    with stage.connection.transaction(force_rollback=True):
        stage.connection.execute("ALTER TABLE webhook_events ALTER delivery_id SET (n_distinct = 2)")
        stage.connection.execute("ANALYZE webhook_events")
        plan = stage.connection.execute("EXPLAIN SELECT * FROM usage_reports r " + ABOUT).fetchall()
    told = "\n".join(line for (line,) in plan)
    assert "webhook_events_pkey" in told
    assert "webhook_events_position" not in told


REPORTED = 10
"""One event in so many."""


@pytest.mark.parametrize(("path", "at_most"), [("summary", 6), ("repositories", 3), ("trends", 1)])
def test_of_a_window_only_the_events_of_its_edges_and_those_with_reports_are_read(
    stage: Stage, asked: Asked, path: str, at_most: int
) -> None:
    """The reports of all time are not gone through: with one for each of a million events that took seconds."""
    weeks = {"start_time": "2026-01-20T13:17:00Z", "end_time": "2026-02-10T13:17:00Z"}
    stage.api.get(f"/api/metrics/{path}", **weeks)
    with stage.connection.transaction(force_rollback=True):
        stage.connection.execute(
            "UPDATE webhook_events SET reports = 1, reported_ms = 5, reported_from_us = 5005 WHERE position %% %s = 0",
            (REPORTED,),
        )
        stage.connection.execute("ANALYZE webhook_events")
        assert events_read(stage.connection, asked) <= at_most * (A_DAY + 21 * A_DAY / REPORTED)


BURST = 3_000
LATER = LAST + timedelta(hours=1)
"""When a burst begins, an event each second."""
ADDED = (
    HISTORY.replace("generate_series(1, %(events)s)", "generate_series(%(events)s + 1, %(events)s + %(burst)s)"),
    """
    UPDATE webhook_events SET reports = 1, reported_level = 1 + position / 7 %% 2
    WHERE position > %(events)s AND position %% 7 > 0
    """,
    ROLLUPS[1].replace("FROM webhook_events", "FROM webhook_events WHERE position > %(events)s"),
)
REMOVED = (
    "DELETE FROM webhook_events WHERE position > %(events)s",
    "DELETE FROM event_quarters WHERE last_position > %(events)s",
)


@pytest.fixture
def burst(stage: Stage) -> Iterator[None]:
    """Events of which PostgreSQL has no statistics yet; of six in seven a flaw was reported."""
    apart = timedelta(seconds=1)
    begin = LATER - (EVENTS + 1) * apart
    values = {"events": EVENTS, "burst": BURST, "begin": begin, "apart": apart, "bounds": list(BOUNDS)}
    for statement in ADDED:
        stage.connection.execute(statement.encode(), values)
    yield
    for statement in REMOVED:
        stage.connection.execute(statement.encode(), values)


@pytest.mark.usefixtures("burst")
@pytest.mark.parametrize("status", ["partial", "error", "success"])
def test_a_burst_of_which_there_are_no_statistics_is_not_read_once_for_each_of_its_events(
    stage: Stage, asked: Asked, status: str
) -> None:
    for more in ({}, {"users": "user 1"}, {"repositories": "octo/1"}, {"event_type": "push"}):
        asked.clear()
        found = stage.api.get("/api/metrics/webhooks", status=status, start_time=LATER.isoformat(), **more)
        assert found["data"]
        assert events_read(stage.connection, asked) <= 10 * BURST


def test_durations_without_measure_overflow_nothing(stage: Stage) -> None:
    """A consumer may report what it likes: together this is more than a bigint holds."""
    said = "UPDATE webhook_events SET reports = %s, reported_ms = %s, reported_from_us = %s WHERE position <= 12_000"
    stage.connection.execute(said, (1, 10**12, BOUNDS[-1]))
    try:
        for path in ("summary", "repositories", "trends?durations=true", "trends?durations=true&bucket=month"):
            assert stage.api.client.get(f"/api/metrics/{path}").status_code == 200
    finally:
        stage.connection.execute(said, (0, None, None))
