"""GET /api/metrics/parked and /log, and retrying over HTTP."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from replay.event import Source
from tests.deliveries import delivery, fill
from tests.events import payload, pull_request
from tests.histories import until
from tests.service import Service, clone, running
from tests.test_api import problem

PARKED = "/api/metrics/parked"
LOG = "/api/metrics/log"


@pytest.fixture
def service(database: str) -> Iterator[Service]:
    with running(database) as started:
        yield started


@pytest.fixture
def parked(service: Service, connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """A pull request that its table refuses."""
    connection.execute("ALTER TABLE pull_requests_g1.pull_requests ADD CONSTRAINT refused CHECK (number <> 7)")
    service.post("pull_request", payload("opened", pull_request=pull_request(6)))
    service.post("pull_request", payload("opened", pull_request=pull_request(7)))
    until(lambda: service.get(PARKED)["pagination"]["total"])
    (event,) = service.get(PARKED)["data"]
    return event


def test_what_is_parked_is_listed_with_its_error(service: Service, parked: dict[str, Any]) -> None:
    assert (parked["parked_id"], parked["state"], parked["event_type"]) == ("pull_requests:2", "parked", "pull_request")
    assert "refused" in parked["error"]
    assert service.get("/api/metrics/webhooks")["data"][0]["delivery_id"] == parked["delivery_id"]
    assert service.client.get(PARKED, params={"format": "csv"}).text.splitlines()[1].startswith("pull_requests:2,")
    assert service.get(PARKED, state="resolved")["data"] == []


def test_what_is_parked_is_sorted_on_demand(service: Service, connection: psycopg.Connection[Any]) -> None:
    for number in (1, 2, 3):
        last = service.post("pull_request", payload("opened", pull_request=pull_request(number)))
    service.get(PARKED, min_position=last.headers["X-Log-Position"])
    for projection, position, attempts in (("pr_reviews", 1, 2), ("actors", 3, 1), ("actors", 2, 9)):
        connection.execute(
            "INSERT INTO parked_events (projection, generation, position, reason, error, version, attempts)"
            " VALUES (%s, 1, %s, 'test', 'test', 1, %s)",
            (projection, position, attempts),
        )

    def listed(**asked: str) -> list[str]:
        return [one["parked_id"] for one in service.get(PARKED, **asked)["data"]]

    assert listed() == listed(sort="projection") == ["actors:2", "actors:3", "pr_reviews:1"]
    assert listed(sort="-attempts") == ["actors:2", "pr_reviews:1", "actors:3"]
    assert listed(sort="position") == ["pr_reviews:1", "actors:2", "actors:3"]


def test_a_retry_fails_until_what_was_wrong_is_mended(
    service: Service, parked: dict[str, Any], connection: psycopg.Connection[Any]
) -> None:
    retry = f"{PARKED}/{parked['parked_id']}/retry"
    answer = service.client.post(retry).json()
    assert (answer["state"], "refused" in answer["error"]) == ("parked", True)
    assert service.get(PARKED)["data"][0]["attempts"] == 2
    connection.execute("ALTER TABLE pull_requests_g1.pull_requests DROP CONSTRAINT refused")
    assert service.client.post(retry).json() == {"parked_id": "pull_requests:2", "state": "resolved", "error": None}
    assert service.get(PARKED)["data"] == []
    assert [one["parked_id"] for one in service.get(PARKED, state="resolved")["data"]] == ["pull_requests:2"]
    assert connection.execute("SELECT count(*) FROM pull_requests_g1.pull_requests WHERE number = 7").fetchone() == (1,)
    assert "not parked any more" in problem(service.client.post(retry), 409, "not_retried")


@pytest.mark.parametrize("parked_id", ["pull_requests:99", "nothing", "%00", "a%2Fb"])
def test_what_is_not_parked_is_not_found(service: Service, parked_id: str) -> None:
    answer = service.client.post(f"{PARKED}/{parked_id}/retry")
    assert problem(answer, 404, "not_found")


def test_pages_of_other_origins_change_nothing(service: Service, parked: dict[str, Any]) -> None:
    retry = f"{PARKED}/{parked['parked_id']}/retry"
    for origin in ("https://elsewhere.example", "null"):
        assert problem(service.client.post(retry, headers={"Origin": origin}), 403, "forbidden")
    assert service.get(PARKED)["data"][0]["attempts"] == 1
    assert service.client.post(retry, headers={"Origin": service.url}).status_code == 200


def test_a_retry_needs_a_key_where_keys_are_set(server: str, template: str) -> None:
    with clone(server, template) as database, running(database, projector=False, METRICS_API_KEYS="one") as closed:
        assert problem(closed.client.post(f"{PARKED}/pull_requests:1/retry"), 401, "unauthorized")
        answer = closed.client.post(f"{PARKED}/pull_requests:1/retry", headers={"X-API-Key": "one"})
        assert problem(answer, 404, "not_found")


def test_the_log_tells_its_size_and_who_was_silent_the_longest(service: Service) -> None:
    empty = service.get(LOG)
    assert (empty["position"], empty["first_received_at"], empty["repositories"]) == (0, None, [])
    elsewhere = {"id": 8, "full_name": "octo/second"}
    for number, repository in [(1, None), (2, elsewhere), (3, elsewhere)]:
        more = {"repository": repository} if repository else {}
        answer = service.post("pull_request", payload("opened", pull_request=pull_request(number), **more))
    told = service.get(LOG, min_position=answer.headers["X-Log-Position"])
    assert (told["position"], told["rates"]) == (3, {"last_minute": 3, "last_hour": 3, "last_day": 3})
    assert told["database_bytes"] > told["bytes"] > 0
    assert [(one["repository"], one["position"]) for one in told["repositories"]] == [
        ("octo/hello", 1),
        ("octo/second", 3),
    ]
    assert told["repositories"][1]["received_at"] == told["last_received_at"]
    first = service.get(LOG, page_size=1)
    assert (len(first["repositories"]), first["pagination"]["total"]) == (1, 2)


def test_what_was_recovered_is_told_where_something_was(service: Service, database: str) -> None:
    told = service.get(LOG)
    assert (told["recovered"], told["last_recovered_at"], told["duplicates"]) == (0, None, 0)
    history = [
        delivery(1, "03-01T10:00", "push", payload(after="a" * 40)),
        *(delivery(n, f"03-0{n}T10:00", "push", payload(after=f"{n}" * 40), source=Source.RECONCILED) for n in (2, 3)),
        delivery(4, "03-04T10:00", "push", payload(after="d" * 40), source=Source.BACKFILL),
    ]
    fill(database, history)
    fill(database, history[1:2])
    told = service.get(LOG, min_position=4)
    assert (told["recovered"], told["last_recovered_at"]) == (2, "2026-03-03T10:00:00Z")
    assert told["duplicates"] == 1
