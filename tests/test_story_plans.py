"""What is asked about one pull request, and about the threads of a window, is found by index, whatever the history."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql

from projections.queries import explanation_queries, story_queries, thread_queries
from projections.queries.people import People

ONE = {"repository_id": 7, "number": 1}
PEOPLE = {"bot_logins": ["hubot"], "approval_prefix": "approved-"}
WEEK = People(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)).arguments()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

QUERIES: dict[str, tuple[Any, dict[str, Any]]] = {
    "pull request": (story_queries.PULL_REQUEST, {"ids": [7], "name": "octo/hello", "number": 1}),
    "events": (story_queries.EVENTS, {**ONE, "limit": 1000, "offset": 0}),
    "checks": (story_queries.CHECKS_OF, {**ONE, "shas": ["a" * 40]}),
    "summary": (story_queries.SUMMARY, {**ONE, **PEOPLE}),
    "life": (explanation_queries.LIFE, {**ONE, **PEOPLE}),
    "candidates": (explanation_queries.CANDIDATES, {**ONE, **PEOPLE, "boundaries": [NOON]}),
    "deliveries": (explanation_queries.DELIVERIES, {**ONE, "opened_at": NOON, "merged_at": NOON, "hashes": [1]}),
    "threads": (
        thread_queries.PAGE_OF_THREADS,
        {**WEEK, "limit": 25, "offset": 0},
    ),
    "thread summary": (thread_queries.SUMMARY, WEEK),
}


def scans(plan: Any) -> Iterator[str]:
    """The tables that a plan reads from end to end."""
    if isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        for inner in plan.values():
            yield from scans(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from scans(inner)


@pytest.mark.parametrize("name", QUERIES)
def test_nothing_is_read_from_end_to_end(connection: psycopg.Connection[Any], name: str) -> None:
    query, arguments = QUERIES[name]
    connection.execute(
        "SELECT set_config('search_path', string_agg(schema_name, ',') || ',public', false) FROM projection_generations"
    )
    connection.execute("SET enable_seqscan TO off")
    composed = sql.SQL("EXPLAIN (FORMAT JSON) {}").format(sql.SQL(query) if isinstance(query, str) else query)
    (plan,) = connection.execute(composed, arguments).fetchone() or (None,)
    assert sorted(set(scans(plan)) - {"repositories", "repository_names"}) == []


def test_a_table_without_an_index_for_it_would_be_seen(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SET enable_seqscan TO off")
    (plan,) = connection.execute("EXPLAIN (FORMAT JSON) SELECT FROM pr_reviews WHERE body = 'x'").fetchone() or (None,)
    assert set(scans(plan)) == {"pr_reviews"}
