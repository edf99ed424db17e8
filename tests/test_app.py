"""The service as a whole: a delivery goes in by HTTP and comes out of the API."""

import uuid

import pytest

from tests.example_payloads import example_payloads
from tests.service import Service, running


@pytest.fixture
def service(database: str):
    with running(database) as started:
        yield started


def example(event_type: str, action: str | None = None) -> dict:
    return next(
        payload
        for name, payload in example_payloads()
        if name == event_type and (action is None or payload.get("action") == action)
    )


def test_a_delivery_is_listed_once_it_is_projected(service: Service) -> None:
    delivery_id = uuid.uuid4()
    answer = service.post("pull_request", example("pull_request", "opened"), delivery_id=delivery_id)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "delivery_id": str(delivery_id)}
    position = answer.headers["X-Log-Position"]
    listed = service.get("/api/metrics/webhooks", min_position=position)
    assert [event["delivery_id"] for event in listed["data"]] == [str(delivery_id)]
    assert listed["data"][0]["status"] == "success"
    assert listed["data"][0]["repository"] == example("pull_request", "opened")["repository"]["full_name"]
    detail = service.get(f"/api/metrics/webhooks/{delivery_id}")
    assert detail["payload"] == example("pull_request", "opened")


def test_the_summary_counts_it(service: Service) -> None:
    position = service.post("pull_request", example("pull_request", "opened")).headers["X-Log-Position"]
    summary = service.get("/api/metrics/summary", min_position=position)
    assert summary["summary"]["total_events"] == 1
    assert summary["event_type_distribution"] == {"pull_request": 1}
    repositories = service.get("/api/metrics/repositories", min_position=position)
    assert repositories["repositories"][0]["total_events"] == 1


def test_health_tells_of_every_projection(service: Service) -> None:
    health = service.get("/health")
    assert health["status"] == "healthy"
    assert health["database"] is True
    assert {projection["name"] for projection in health["projections"]} >= {"webhook_events", "pull_requests"}
    assert service.get("/healthz") == {"status": "alive"}
    assert service.client.get("/docs").status_code == 200
