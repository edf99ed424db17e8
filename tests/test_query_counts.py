"""How many queries each endpoint costs, whatever it returns. One that is new must be named here."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.deliveries import fill, number
from tests.service import Service, clone, running
from tests.test_api import HISTORY

BELOW = "/api/metrics/"
QUERIES = {
    "explain_pull_request": 7,
    "get_api_usage": 2,
    "get_checks": 2,
    "get_comment_resolution_time": 3,
    "get_deployments": 3,
    "get_jobs": 3,
    "get_labels": 2,
    "get_lifecycle": 3,
    "get_log": 5,
    "get_maintainers": 1,
    "get_metrics_contributors": 5,
    "get_metrics_cross_team_reviews": 2,
    "get_metrics_summary": 5,
    "get_metrics_trends": 4,
    "get_parked_events": 2,
    "get_pr_story": 6,
    "get_projections": 3,
    "get_pull_requests": 3,
    "get_repository": 9,
    "get_repository_statistics": 4,
    "get_review_turnaround": 3,
    "get_reviewers": 2,
    "get_team_dynamics": 3,
    "get_user_pull_requests": 2,
    "get_webhook_event_by_id": 4,
    "get_webhook_events": 4,
}
"""By operation, without parameters: the snapshot is one of them. Nothing is asked for a teams file, as there is none."""
PATH = {"owner": "octo", "repo": "world", "number": "2", "delivery_id": number(3)}


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database:
        fill(database, HISTORY)
        with running(database) as service:
            service.get("/api/metrics/pull-requests", min_position=len(HISTORY))
            service.get("/api/metrics/summary", min_position=len(HISTORY))
            yield service


def paths(api: Service) -> dict[str, str]:
    """The path of each operation that answers with JSON, filled in."""
    found = {}
    for path, methods in api.get("/openapi.json")["paths"].items():
        told = methods.get("get")
        if told is not None and path.startswith(BELOW) and "application/json" in told["responses"]["200"]["content"]:
            found[told["operationId"]] = path.format(**PATH)
    return found


def test_every_endpoint_is_counted_here(api: Service) -> None:
    assert sorted(paths(api)) == sorted(QUERIES)


@pytest.mark.parametrize("operation", sorted(QUERIES))
def test_a_request_costs_so_many_queries(api: Service, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """The service runs in a thread of this process: its cursors are ours to count."""
    asked: list[Any] = []
    execute = psycopg.AsyncCursor.execute

    async def counted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if query:
            asked.append(query)
        return await execute(self, query, *arguments, **options)

    path = paths(api)[operation]
    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)
    api.get(path)
    assert len(asked) == QUERIES[operation]
