"""The REST contract, on a history that is short enough to count by hand."""

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import psycopg
import pytest

from github_metrics.api.summary import trend
from replay.event import Source
from tests.deliveries import delivery, fill, number, report
from tests.events import at, payload, pull_request, user
from tests.service import Service, clone, running

WEBHOOKS = "/api/metrics/webhooks"
REPOSITORIES = "/api/metrics/repositories"
SUMMARY = "/api/metrics/summary"
USAGE = "/api/metrics/usage"
LISTS = (WEBHOOKS, REPOSITORIES, SUMMARY)

MARCH_2 = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
"""The day of events 3 to 8."""


def hello(name: str = "octo/hello", day: str = "01") -> dict[str, Any]:
    return {"id": 7, "full_name": name, "updated_at": f"2026-03-{day}T00:00:00Z"}


TOOLS = {"id": 8, "full_name": "octo/tools", "updated_at": "2026-03-01T00:00:00Z"}
ALICE, BOT = user("alice", 9), user("ci[bot]", 10, "Bot")
CHECK = {"id": 1, "name": "build", "status": "completed", "completed_at": at("05:59"), "pull_requests": []}
HISTORY = [
    delivery(1, "03-01T10:00", "pull_request", payload("opened", pull_request=pull_request(1), repository=hello())),
    delivery(2, "03-01T11:00", "push", payload(after="a" * 40, repository=TOOLS, sender=BOT), ms=4),
    delivery(3, "03-02T00:00", "pull_request", payload("opened", pull_request=pull_request(2), repository=hello())),
    delivery(
        4,
        "03-02T06:00",
        "issue_comment",
        payload(
            "created",
            issue={"number": 2, "pull_request": {}},
            comment={"id": 1, "created_at": at("05:58")},
            repository=hello(),
            sender=ALICE,
        ),
        ms=4,
    ),
    delivery(5, "03-02T06:00", "check_run", payload("completed", check_run=CHECK, repository=TOOLS, sender=BOT), ms=6),
    delivery(6, "03-02T12:00", "push", b"no JSON", ms=8),
    delivery(
        7,
        "03-02T18:00",
        "pull_request",
        payload("edited", pull_request=pull_request(5, title=404), repository=TOOLS, sender=ALICE),
        ms=10,
    ),
    delivery(8, "03-02T20:00", "repository", payload("renamed", repository=hello("octo/world", "02")), ms=12),
    delivery(
        9,
        "03-03T00:00",
        "pull_request",
        payload("closed", pull_request=pull_request(2, state="closed"), repository=hello("octo/world", "03")),
    ),
    delivery(10, "03-03T00:00", "push", payload(after="b" * 40, repository=TOOLS), source=Source.BACKFILL),
    report(11, delivery_id=number(3), calls=5, charged_calls=4, remaining=4996, duration_ms=100, status="success"),
    report(
        12, reporter="other", delivery_id=number(3), calls=2, remaining=4990, duration_ms=300, completed_at=at("09:00")
    ),
    report(13, delivery_id=number(4), calls=1, status="error", error="rate limited"),
    report(14, delivery_id=number(5), status="partial"),
    report(15, report_id="nightly", calls=50),
]
"""Statuses: 1 2 3 8 9 success, 5 7 partial, 4 6 error."""
NEWEST_FIRST = [9, 8, 7, 6, 5, 4, 3, 2, 1]


@pytest.fixture(scope="module")
def shared(server: str, template: str) -> Iterator[str]:
    """A database with the history, for tests that only read."""
    with clone(server, template) as database:
        fill(database, HISTORY)
        yield database


@pytest.fixture(scope="module")
def api(shared: str) -> Iterator[Service]:
    with running(shared) as service:
        service.get(SUMMARY, min_position=len(HISTORY))
        yield service


@pytest.fixture
def service(database: str) -> Iterator[Service]:
    with running(database) as started:
        yield started


def listed(api: Service, **parameters: Any) -> list[int]:
    """The numbers of the events that the listing shows."""
    return [uuid.UUID(event["delivery_id"]).int for event in api.get(WEBHOOKS, **parameters)["data"]]


def problem(answer: httpx2.Response, status: int, reason: str) -> Any:
    """The detail of a problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "detail", "reason"}
    assert (body["status"], body["reason"]) == (status, reason)
    return body["detail"]


def links(answer: httpx2.Response) -> dict[str, str]:
    return {relation: url for url, relation in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.headers["Link"])}


# ── Health ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_health_has_the_fields_of_the_contract(api: Service) -> None:
    health = api.get("/health")
    assert health.keys() == {"status", "database", "version", "teams_file", "projections"}
    assert (health["status"], health["database"], health["version"]) == ("healthy", True, "0.1.0")
    for projection in health["projections"]:
        expected = {"name", "version", "position", "lag_events", "lag_seconds", "parked", "state"}
        assert projection.keys() >= expected
        assert (projection["position"], projection["lag_events"], projection["lag_seconds"]) == (len(HISTORY), 0, 0)
        assert (projection["parked"], projection["state"]) == (0, "live")
    assert api.get("/readyz")["status"] == "healthy"
    assert api.get("/healthz") == {"status": "alive"}


def test_health_says_how_far_a_projection_is_behind(database: str) -> None:
    with running(database, projector=False) as service:
        fill(database, HISTORY[:4])
        (events,) = [p for p in service.get("/health")["projections"] if p["name"] == "webhook_events"]
    assert (events["position"], events["lag_events"]) == (0, 4)
    assert events["lag_seconds"] > 24 * 3600


# ── The listing ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_has_the_fields_of_the_contract(api: Service) -> None:
    event = api.get(WEBHOOKS, event_type="issue_comment")["data"][0]
    processed_at = datetime.fromisoformat(event.pop("processed_at"))
    assert datetime.now(UTC) - timedelta(minutes=10) < processed_at <= datetime.now(UTC)
    assert event == {
        "delivery_id": number(4),
        "repository": "octo/hello",
        "event_type": "issue_comment",
        "action": "created",
        "pr_number": 2,
        "sender": "alice",
        "status": "error",
        "created_at": "2026-03-02T06:00:00Z",
        "duration_ms": 4,
        "api_calls_count": 1,
        "token_spend": 1,
        "token_remaining": 0,
        "metrics_available": True,
        "error_message": "rate limited",
        "position": 4,
        "source": "webhook",
        "event_at": "2026-03-02T05:58:00Z",
        "suspect_replay": False,
        "repeats": 0,
    }


def test_reports_are_joined_to_their_event(api: Service) -> None:
    """Calls are summed, the least remaining and the longest duration stand; what is not given as charged is."""
    (event,) = [event for event in api.get(WEBHOOKS)["data"] if event["delivery_id"] == number(3)]
    assert (event["api_calls_count"], event["token_spend"], event["token_remaining"]) == (7, 6, 4990)
    assert (event["duration_ms"], event["processed_at"]) == (300, "2026-03-02T09:00:00Z")


def test_what_nobody_reported_is_zero_and_says_that_it_is_not_known(api: Service) -> None:
    event = api.get(WEBHOOKS, event_type="repository")["data"][0]
    assert (event["api_calls_count"], event["token_spend"], event["token_remaining"]) == (0, 0, 0)
    assert (event["metrics_available"], event["duration_ms"]) == (False, 12)


def test_events_are_newest_first_and_reports_and_backfill_are_none(api: Service) -> None:
    assert listed(api) == NEWEST_FIRST


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"status": "success"}, [9, 8, 3, 2, 1]),
        ({"status": "partial"}, [7, 5]),
        ({"status": "error"}, [6, 4]),
        ({"event_type": "pull_request"}, [9, 7, 3, 1]),
        ({"event_type": "pull_request", "status": "partial"}, [7]),
        ({"event_type": "unheard_of"}, []),
        ({"event_type": "a\x00b"}, []),
        ({"repository": "octo/tools"}, [7, 5, 2]),
        ({"repository": "octo/hello"}, [9, 8, 4, 3, 1]),
        ({"repository": "octo/world"}, [9, 8, 4, 3, 1]),
        ({"repository": "Octo/WORLD"}, [9, 8, 4, 3, 1]),
        ({"repository": "octo/nothing"}, []),
        ({"repository": "octo/\x00"}, []),
        ({"repository": "octo/tools", "event_type": "push", "status": "success"}, [2]),
        (MARCH_2, [8, 7, 6, 5, 4, 3]),
        ({"start_time": "2026-03-02T06:00:00Z", "end_time": "2026-03-02T12:00:00Z"}, [5, 4]),
        ({"start_time": "2026-03-02T06:00:00Z", "end_time": "2026-03-02T06:00:00Z"}, []),
        ({"start_time": "2026-03-02T18:00:00"}, [9, 8, 7]),
        ({"start_time": "2026-03-02T20:00:00+02:00"}, [9, 8, 7]),
        ({"start_time": "2026-03-02T20:00:00 02:00"}, [9, 8, 7]),
        ({"start_time": "2026-03-02 18:00:00"}, [9, 8, 7]),
        ({"start_time": "2026-03-03"}, [9]),
        ({"end_time": "2026-03-01T11:00:00Z"}, [1]),
        ({"end_time": "2026-03-01T10:30:00-01:00"}, [2, 1]),
        ({"start_time": "0001-01-01T00:00:00Z", "end_time": "9999-12-31T00:00:00Z"}, NEWEST_FIRST),
        ({"page_size": 4}, [9, 8, 7, 6]),
        ({"page_size": 4, "page": 3}, [1]),
        ({"page_size": 4, "page": 4}, []),
        ({"page_size": 1000, "page": 10**9}, []),
        ({"after": 5}, [4, 3, 2, 1]),
        ({"after": 5, "page_size": 2}, [4, 3]),
        ({"after": 1}, []),
        ({"after": 0}, []),
        ({"after": 2**63 - 1, "status": "partial"}, [7, 5]),
        ({"sort": "position", "page_size": 4}, [1, 2, 3, 4]),
        ({"sort": "position", "after": 5, "page_size": 2}, [6, 7]),
        ({"sort": "position", "status": "partial"}, [5, 7]),
        ({"sort": "-position", "after": 5, "status": "success", "page_size": 2}, [3, 2]),
        ({"sort": "created_at", "page_size": 4, "page": 2}, [5, 6, 7, 8]),
        ({"sort": "-created_at", "repository": "octo/world"}, [9, 8, 4, 3, 1]),
    ],
)
def test_the_listing_shows_what_is_asked_for(api: Service, parameters: dict[str, Any], expected: list[int]) -> None:
    assert listed(api, **parameters) == expected


def test_a_name_stands_for_its_repository_and_events_keep_the_name_of_their_time(api: Service) -> None:
    names = [event["repository"] for event in api.get(WEBHOOKS, repository="octo/world")["data"]]
    assert names == ["octo/world", "octo/world", "octo/hello", "octo/hello", "octo/hello"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (1, {"has_next": True, "has_prev": False}),
        (2, {"has_next": True, "has_prev": True}),
        (3, {"has_next": False, "has_prev": True}),
        (7, {"has_next": False, "has_prev": True}),
    ],
)
def test_pagination_tells_where_a_page_stands(api: Service, page: int, expected: dict[str, bool]) -> None:
    found = api.get(WEBHOOKS, page=page, page_size=4)["pagination"]
    assert found == {"total": 9, "page": page, "page_size": 4, "total_pages": 3, **expected}


def test_pagination_of_nothing(api: Service) -> None:
    found = api.get(WEBHOOKS, event_type="unheard_of")["pagination"]
    assert found == {
        "total": 0,
        "page": 1,
        "page_size": 100,
        "total_pages": 0,
        "has_next": False,
        "has_prev": False,
    }


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (1, {"first": 1, "next": 2, "last": 3}),
        (2, {"first": 1, "prev": 1, "next": 3, "last": 3}),
        (3, {"first": 1, "prev": 2, "last": 3}),
        (7, {"first": 1, "prev": 3, "last": 3}),
    ],
)
def test_link_headers_lead_to_the_other_pages(api: Service, page: int, expected: dict[str, int]) -> None:
    found = links(api.client.get(WEBHOOKS, params={"page": page, "page_size": 4}))
    assert {relation: int(httpx2.URL(url).params["page"]) for relation, url in found.items()} == expected
    assert all(httpx2.URL(url).params["page_size"] == "4" for url in found.values())


@pytest.mark.parametrize("path", [WEBHOOKS, REPOSITORIES])
def test_following_next_visits_everything_once(api: Service, path: str) -> None:
    url, found = f"{api.url}{path}?page_size=1", []
    while url:
        answer = api.client.get(url)
        found += answer.json()["data" if path == WEBHOOKS else "repositories"]
        url = links(answer).get("next", "")
    assert found == api.get(path)["data" if path == WEBHOOKS else "repositories"]
    assert len(found) == (9 if path == WEBHOOKS else 2)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 8])
@pytest.mark.parametrize(
    ("begin", "sort", "expected"), [(2**62, "-position", NEWEST_FIRST), (0, "position", NEWEST_FIRST[::-1])]
)
def test_keyset_pages_visit_everything_once_and_say_when_they_end(
    api: Service, begin: int, sort: str, expected: list[int], size: int
) -> None:
    url, found = f"{api.url}{WEBHOOKS}?after={begin}&sort={sort}&page_size={size}", []
    while url:
        answer = api.client.get(url)
        page = answer.json()
        found += [uuid.UUID(event["delivery_id"]).int for event in page["data"]]
        url = links(answer).get("next", "")
        assert page["pagination"]["has_next"] is bool(url)
        assert page["data"], "a next page that is announced is not empty"
    assert found == expected


def test_a_position_is_no_place_in_another_order(api: Service) -> None:
    detail = problem(api.client.get(WEBHOOKS, params={"after": 5, "sort": "created_at"}), 400, "bad_parameter")
    assert detail.startswith("after is a position")


def test_events_of_the_same_instant_are_ordered_all_the_same(database: str) -> None:
    fill(database, [delivery(of, "03-02T06:00", "push", payload(after="a" * 40)) for of in range(1, 41)])
    with running(database) as service:
        service.get(WEBHOOKS, min_position=40)
        pages = [listed(service, page=page, page_size=7) for page in range(1, 7)]
    assert [event for page in pages for event in page] == list(range(40, 0, -1))


# ── One event ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_event_is_as_it_is_listed_with_its_payload(api: Service) -> None:
    for of in (3, 4, 8):
        (event,) = [event for event in api.get(WEBHOOKS)["data"] if event["delivery_id"] == number(of)]
        detail = api.get(f"{WEBHOOKS}/{number(of)}")
        assert detail.pop("payload") == json.loads(HISTORY[of - 1].body)
        assert detail.pop("body") is None
        assert detail == event


def test_a_body_that_is_no_json_is_given_in_base64(api: Service) -> None:
    detail = api.get(f"{WEBHOOKS}/{number(6)}")
    assert (detail["payload"], detail["body"], detail["status"]) == (None, "bm8gSlNPTg==", "error")
    assert detail["error_message"]
    assert detail["repository"] is None


def test_an_event_that_is_not_there_is_404(api: Service) -> None:
    for absent in (number(99), number(10), number(11)):
        assert absent in problem(api.client.get(f"{WEBHOOKS}/{absent}"), 404, "not_found")
    (fault,) = problem(api.client.get(f"{WEBHOOKS}/nonsense"), 422, "invalid_parameter")
    assert fault["loc"] == ["path", "delivery_id"]


def park(database: str, projection: str, position: int, state: str = "parked") -> None:
    """As the projector would: the event's rows are left out, and its error is kept."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO parked_events (projection, generation, position, state, reason, error, version)"
            " SELECT projection, generation, %s, %s, '22003', 'out of range', 1 FROM projections WHERE projection = %s",
            (position, state, projection),
        )
        if projection == "webhook_events":
            connection.execute("DELETE FROM webhook_events WHERE position = %s", (position,))


def test_an_event_that_a_projection_parked_is_partial(service: Service, database: str) -> None:
    delivery_id = uuid.uuid4()
    position = int(service.post("push", payload(after="a" * 40), delivery_id=delivery_id).headers["X-Log-Position"])
    service.get(WEBHOOKS, min_position=position)
    park(database, "repositories", position)
    (event,) = service.get(WEBHOOKS, status="partial")["data"]
    assert (event["status"], event["error_message"]) == ("partial", "repositories: out of range")
    assert service.get(SUMMARY)["summary"]["failed_events"] == 1


@pytest.mark.parametrize(
    ("state", "message"), [("parked", "webhook_events: out of range"), ("ignored", "out of range")]
)
def test_an_event_that_the_listing_itself_parked_is_answered_from_the_log(
    service: Service, database: str, state: str, message: str
) -> None:
    delivery_id = uuid.uuid4()
    sent = payload(after="a" * 40)
    position = int(service.post("push", sent, delivery_id=delivery_id).headers["X-Log-Position"])
    service.get(WEBHOOKS, min_position=position)
    park(database, "webhook_events", position, state)
    assert service.get(WEBHOOKS)["data"] == []
    detail = service.get(f"{WEBHOOKS}/{delivery_id}")
    assert (detail["delivery_id"], detail["event_type"], detail["position"]) == (str(delivery_id), "push", position)
    assert (detail["status"], detail["error_message"], detail["payload"]) == ("error", message, sent)
    assert detail.keys() == api_fields(service, f"{WEBHOOKS}/{{delivery_id}}", "WebhookEventDetail")


def api_fields(service: Service, path: str, model: str) -> set[str]:
    """The fields that the OpenAPI document promises."""
    document = service.get("/openapi.json")
    assert path in document["paths"]
    return set(document["components"]["schemas"][model]["properties"])


# ── Counts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_summary_of_a_day(api: Service) -> None:
    """3 took 300 ms (reported), 4 to 8 took 4, 6, 8, 10 and 12. The day before: 1 and 2, of 2 and 4 ms. Of 3 seven API
    calls were reported, of 4 one, of the other four none.
    """
    assert api.get(SUMMARY, **MARCH_2) == {
        "time_range": MARCH_2,
        "summary": {
            "total_events": 6,
            "successful_events": 2,
            "failed_events": 4,
            "success_rate": 33.33,
            "avg_processing_time_ms": 57,
            "median_processing_time_ms": 9,
            "p75_processing_time_ms": 12,  # 11.5, between the fourth and the fifth of six
            "p90_processing_time_ms": 156,  # half way from 12 to 300
            "p95_processing_time_ms": 228,
            "max_processing_time_ms": 300,
            "total_api_calls": 8,
            "avg_api_calls_per_event": 1.33,
            "median_api_calls_per_event": 0.0,
            "p75_api_calls_per_event": 0.75,
            "p90_api_calls_per_event": 4.0,
            "total_token_spend": 7,
            "unique_repositories": 2,
            "unique_senders": 3,
            "total_events_trend": 200.0,
            "success_rate_trend": -66.7,
            "failed_events_trend": None,
            "avg_duration_trend": 1788.9,
        },
        "top_repositories": [
            {"repository": "octo/world", "total_events": 3, "percentage": 50.0, "success_rate": 66.67},
            {"repository": "octo/tools", "total_events": 2, "percentage": 33.33, "success_rate": 0.0},
        ],
        "event_type_distribution": {
            "pull_request": 2,
            "check_run": 1,
            "issue_comment": 1,
            "push": 1,
            "repository": 1,
        },
        "hourly_event_rate": 0.25,
        "daily_event_rate": 6.0,
    }


def test_a_trend_that_is_rounded_to_none_has_no_sign() -> None:
    assert str(trend(9_999, 10_000)) == "0.0"


def test_the_summary_of_all_time_has_no_trend_and_rates_from_first_to_last(api: Service) -> None:
    found = api.get(SUMMARY)
    assert found["time_range"] == {"start_time": None, "end_time": None}
    assert {name: found["summary"][name] for name in ("total_events", "failed_events", "total_api_calls")} == {
        "total_events": 9,
        "failed_events": 4,
        "total_api_calls": 8,
    }
    assert {value for name, value in found["summary"].items() if name.endswith("_trend")} == {None}
    assert (found["hourly_event_rate"], found["daily_event_rate"]) == (0.24, 5.68)


def test_the_summary_of_nothing_knows_nothing(api: Service) -> None:
    """A number that cannot be known is null; from nothing to nothing nothing changes."""
    found = api.get(SUMMARY, start_time="2020-01-01", end_time="2020-01-02")
    summary = found["summary"]
    assert (summary["total_events"], summary["total_api_calls"], summary["total_token_spend"]) == (0, 0, 0)
    unknown = {name for name, value in summary.items() if value is None}
    assert unknown == {
        "success_rate",
        "avg_processing_time_ms",
        *(f"{name}_processing_time_ms" for name in ("median", "p75", "p90", "p95", "max")),
        *(f"{name}_api_calls_per_event" for name in ("avg", "median", "p75", "p90")),
        "success_rate_trend",
        "avg_duration_trend",
    }
    assert (summary["total_events_trend"], summary["failed_events_trend"]) == (0.0, 0.0)
    assert (found["top_repositories"], found["event_type_distribution"]) == ([], {})
    assert (found["hourly_event_rate"], found["daily_event_rate"]) == (0.0, 0.0)


def test_the_summary_of_a_window_as_long_as_the_calendar(api: Service) -> None:
    found = api.get(SUMMARY, start_time="0001-01-01T00:00:00Z", end_time="9999-12-31T00:00:00Z")
    assert (found["summary"]["total_events"], found["summary"]["total_events_trend"]) == (9, None)


def test_trends_go_down_too(api: Service) -> None:
    """Afternoon: 6, 7 and 8, two of them failed; morning: 3, 4 and 5, as many. The day after has only 9."""
    found = api.get(SUMMARY, start_time="2026-03-02T12:00:00Z", end_time="2026-03-03T00:00:00Z")["summary"]
    assert (found["total_events"], found["total_events_trend"]) == (3, 0.0)
    assert (found["failed_events"], found["failed_events_trend"]) == (2, 0.0)
    later = api.get(SUMMARY, start_time="2026-03-03T00:00:00Z", end_time="2026-03-04T00:00:00Z")["summary"]
    assert (later["total_events_trend"], later["failed_events_trend"]) == (-83.3, -100.0)
    assert later["success_rate_trend"] == 200.0


def test_repositories_of_a_day(api: Service) -> None:
    found = api.get(REPOSITORIES, **MARCH_2)
    assert found == {
        "time_range": MARCH_2,
        "repositories": [
            {
                "repository": "octo/world",
                "repository_id": 7,
                "total_events": 3,
                "successful_events": 2,
                "failed_events": 1,
                "success_rate": 66.67,
                "avg_processing_time_ms": 105,  # 4, 12 and 300
                "median_processing_time_ms": 12,
                "p75_processing_time_ms": 156,
                "p90_processing_time_ms": 242,  # 242.4
                "total_api_calls": 8,
                "total_token_spend": 7,
            },
            {
                "repository": "octo/tools",
                "repository_id": 8,
                "total_events": 2,
                "successful_events": 0,
                "failed_events": 2,
                "success_rate": 0.0,
                "avg_processing_time_ms": 8,  # 6 and 10
                "median_processing_time_ms": 8,
                "p75_processing_time_ms": 9,
                "p90_processing_time_ms": 10,  # 9.6
                "total_api_calls": 0,
                "total_token_spend": 0,
            },
        ],
        "pagination": {
            "total": 2,
            "page": 1,
            "page_size": 10,
            "total_pages": 1,
            "has_next": False,
            "has_prev": False,
        },
    }


def test_repositories_are_paged(api: Service) -> None:
    second = api.get(REPOSITORIES, page=2, page_size=1)
    assert [repository["repository"] for repository in second["repositories"]] == ["octo/tools"]
    assert second["pagination"]["total_pages"] == 2
    past = api.get(REPOSITORIES, page=3, page_size=1)
    assert past["repositories"] == []
    assert past["pagination"] == {**second["pagination"], "page": 3, "has_next": False}
    nothing = api.get(REPOSITORIES, end_time="2020-01-01")
    assert (nothing["repositories"], nothing["pagination"]["total"]) == ([], 0)
    assert nothing["time_range"] == {"start_time": None, "end_time": "2020-01-01T00:00:00Z"}


# ── Faults of the request ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", ["start_time", "end_time"])
@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "2026-03-02T25:00:00Z", "1", "0001-01-01T00:00:00+10:00"])
def test_a_date_that_is_none_is_named(api: Service, path: str, name: str, text: str) -> None:
    answer = api.client.get(path, params={name: text})
    assert name in problem(answer, 400, "bad_parameter")
    assert answer.headers["X-Log-Position"] == str(len(HISTORY))


@pytest.mark.parametrize("path", LISTS)
def test_a_window_that_ends_before_it_starts_is_refused(api: Service, path: str) -> None:
    answer = api.client.get(path, params={"start_time": "2026-03-02", "end_time": "2026-03-01"})
    assert problem(answer, 400, "bad_parameter") == "start_time is after end_time"


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        (WEBHOOKS, "page", 0),
        (WEBHOOKS, "page", -1),
        (WEBHOOKS, "page", "one"),
        (WEBHOOKS, "page", 10**9 + 1),
        (WEBHOOKS, "page", 10**30),
        (WEBHOOKS, "page_size", 0),
        (WEBHOOKS, "page_size", 1001),
        (WEBHOOKS, "status", "ok"),
        (WEBHOOKS, "after", -1),
        (WEBHOOKS, "after", 2**63),
        (WEBHOOKS, "min_position", -1),
        (WEBHOOKS, "min_position", 2**63),
        (REPOSITORIES, "page", 0),
        (REPOSITORIES, "page_size", 0),
        (REPOSITORIES, "page_size", 101),
        (SUMMARY, "min_position", "now"),
    ],
)
def test_what_is_out_of_bounds_is_named(api: Service, path: str, name: str, value: Any) -> None:
    (fault,) = problem(api.client.get(path, params={name: value}), 422, "invalid_parameter")
    assert fault["loc"] == ["query", name]
    assert fault.keys() == {"type", "loc", "msg"}


def test_bounds_are_inclusive(api: Service) -> None:
    assert api.get(WEBHOOKS, page_size=1000)["pagination"]["page_size"] == 1000
    assert api.get(REPOSITORIES, page_size=100)["pagination"]["page_size"] == 100


def test_other_paths_and_methods_are_problems_too(api: Service) -> None:
    problem(api.client.get("/api/metrics/nothing"), 404, "not_found")
    answer = api.client.post(SUMMARY)
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"


# ── Positions ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [*LISTS, f"{WEBHOOKS}/{number(1)}", f"{WEBHOOKS}/{number(99)}", "/health", "/readyz"])
def test_an_answer_says_up_to_which_position_it_speaks(api: Service, path: str) -> None:
    assert api.client.get(path).headers["X-Log-Position"] == str(len(HISTORY))


def test_a_client_reads_its_own_write(service: Service) -> None:
    for count in range(1, 11):
        position = service.post("push", payload(after="a" * 40)).headers["X-Log-Position"]
        answer = service.client.get(SUMMARY, params={"min_position": position})
        assert answer.json()["summary"]["total_events"] == count
        assert int(answer.headers["X-Log-Position"]) >= int(position)


def test_a_position_that_is_not_reached_within_5_seconds_is_503(api: Service) -> None:
    answer = api.client.get(WEBHOOKS, params={"min_position": len(HISTORY) + 1})
    assert str(len(HISTORY) + 1) in problem(answer, 503, "projections_behind")
    assert answer.headers["Retry-After"] == "1"
    assert 5 <= answer.elapsed.total_seconds() < 7


# ── Usage reports ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_counts_once_for_each_reporter(service: Service) -> None:
    delivery_id = uuid.uuid4()
    service.post("push", payload(after="a" * 40), delivery_id=delivery_id)
    first = {"reporter": "bot", "delivery_id": str(delivery_id), "calls": 3, "status": "partial"}
    again, of_another = {**first, "calls": 9}, {**first, "reporter": "other", "calls": 4}
    spelled = {**first, "delivery_id": str(delivery_id).upper()}
    answers = [service.client.post(USAGE, json=body) for body in (first, first, again, again, of_another, spelled)]
    assert [answer.status_code for answer in answers] == [200] * 6
    assert [(answer.json()["duplicate"], answer.json()["differs"]) for answer in answers] == [
        (False, False),
        (True, False),
        (True, True),
        (True, True),
        (False, False),
        (True, True),
    ]
    identities = [answer.json()["report_id"] for answer in answers]
    assert len(set(identities)) == 2
    assert {answer.json()["status"] for answer in answers} == {"ok"}
    (event,) = service.get(WEBHOOKS, min_position=answers[-1].headers["X-Log-Position"])["data"]
    assert (event["api_calls_count"], event["status"], event["metrics_available"]) == (7, "partial", True)


def test_a_report_about_no_delivery_is_apart_from_one_about_a_delivery_of_that_id(service: Service) -> None:
    delivery_id = str(uuid.uuid4())
    bodies = [{"reporter": "bot", name: delivery_id, "calls": 1} for name in ("delivery_id", "report_id")]
    answers = [service.client.post(USAGE, json=body).json() for body in bodies]
    assert [answer["duplicate"] for answer in answers] == [False, False]


def test_a_report_may_come_before_its_delivery(service: Service) -> None:
    delivery_id = uuid.uuid4()
    service.client.post(USAGE, json={"reporter": "bot", "delivery_id": str(delivery_id), "calls": 3})
    position = service.post("push", payload(after="a" * 40), delivery_id=delivery_id).headers["X-Log-Position"]
    assert service.get(SUMMARY, min_position=position)["summary"]["total_api_calls"] == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"reporter": ""}',
        b'{"reporter": "bot", "calls": 5, "charged_call": 1}',
        b'{"reporter": "bot", "calls": -1}',
        b'{"reporter": "bot", "calls": "many"}',
        b'{"reporter": "bot", "delivery_id": "nonsense"}',
        b'{"reporter": "bot", "delivery_id": "0x111111111111111111111111111111"}',
        b'{"reporter": "bot", "delivery_id": "1_111111111111111111111111111111"}',
        b'{"reporter": "bot", "delivery_id": "+1111111111111111111111111111111"}',
        b'{"reporter": "bot", "status": "fine"}',
        b'{"reporter": "bot", "token_fingerprint": "a whole token"}',
        b'{"reporter": "bot", "error": "\\u0000"}',
        b'{"reporter": "bot", "error": "' + b"x" * 70_000 + b'"}',
    ],
)
def test_a_report_that_cannot_be_read_is_refused(api: Service, body: bytes) -> None:
    assert isinstance(problem(api.client.post(USAGE, content=body), 422, "usage_report"), str)


def test_a_field_of_a_report_that_there_is_not_is_named(api: Service) -> None:
    answer = api.client.post(USAGE, json={"reporter": "bot", "calls": 5, "chargd_calls": 1})
    assert "unknown field `chargd_calls`" in problem(answer, 422, "usage_report")


# ── Keys and documents ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"X-API-Key": "one"}, 200),
        ({"X-API-Key": "two"}, 200),
        ({"Authorization": "Bearer two"}, 200),
        ({"X-API-Key": "three"}, 401),
        ({"X-API-Key": "one,two"}, 401),
        ({"X-API-Key": "öne".encode("latin-1")}, 401),
        ({"Authorization": "Bearer three"}, 401),
        ({"Authorization": "Basic b25lOm9uZQ=="}, 401),
    ],
)
def test_the_api_asks_for_a_key_where_keys_are_set(guarded: Service, headers: dict[str, Any], status: int) -> None:
    for path in (*LISTS, f"{WEBHOOKS}/{number(99)}", f"{WEBHOOKS}?page=0"):
        answer = guarded.client.get(path, headers=headers)
        assert (answer.status_code == 401) is (status == 401)
    answer = guarded.client.post(USAGE, headers=headers, json={"reporter": "bot", "calls": 1})
    assert answer.status_code == status
    if status == 401:
        assert "key" in problem(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.fixture(scope="module")
def guarded(shared: str) -> Iterator[Service]:
    with running(shared, projector=False, METRICS_API_KEYS="one,two") as service:
        yield service


def test_health_and_deliveries_need_no_key(guarded: Service) -> None:
    for path in ("/health", "/healthz", "/readyz"):
        assert guarded.client.get(path).status_code == 200
    assert guarded.client.post("/metrics").status_code == 415


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documents_fetch_nothing_from_elsewhere(api: Service, path: str) -> None:
    page = api.client.get(path)
    assert page.status_code == 200
    fetched = re.findall(r'<(?:script|link|img)[^>]*?(?:src|href)="([^"]+)"', page.text)
    assert fetched
    for url in fetched:
        assert url.startswith("/"), f"{url} is on another server"
        assert api.client.get(url).status_code == 200


def test_the_openapi_document_names_every_operation(api: Service) -> None:
    document = api.get("/openapi.json")
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert {"health_check", "get_webhook_events", "get_webhook_event_by_id", "receive_webhook"} <= set(names)
    assert {"get_metrics_contributors", "get_user_pull_requests"} <= set(names)
    assert {"get_repository_statistics", "get_metrics_summary", "get_metrics_trends", "post_usage_report"} <= set(names)


# ── Cost ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "parameters", "queries"),
    [
        ("/health", {}, 1),
        (WEBHOOKS, {}, 4),
        (WEBHOOKS, {"repository": "octo/world", **MARCH_2}, 6),
        (f"{WEBHOOKS}/{number(3)}", {}, 4),
        (REPOSITORIES, MARCH_2, 4),
        (SUMMARY, {}, 5),
        (SUMMARY, MARCH_2, 5),
        (SUMMARY, {"min_position": 1}, 6),
        ("/api/metrics/trends", {}, 4),
        ("/api/metrics/trends", {"repository": "octo/world", **MARCH_2}, 4),
        ("/api/metrics/contributors", {}, 5),
        ("/api/metrics/contributors", {"repositories": "octo/world", "users": "octocat"}, 6),
        ("/api/metrics/user-prs", {"role": "pr_approvers"}, 2),
        ("/api/metrics/pr-story/octo/world/1", {}, 6),
        ("/api/metrics/explain/octo/world/1", {}, 7),
        ("/api/metrics/comment-resolution-time", {}, 3),
        ("/api/metrics/lifecycle", {}, 3),
        ("/api/metrics/lifecycle", {"group": "repository"}, 2),
        ("/api/metrics/turnaround", {}, 3),
        ("/api/metrics/pull-requests", {}, 3),
    ],
)
def test_a_request_costs_so_many_queries_whatever_it_returns(
    api: Service, monkeypatch: pytest.MonkeyPatch, path: str, parameters: dict[str, Any], queries: int
) -> None:
    """The service runs in a thread of this process: its cursors are ours to count."""
    asked: list[Any] = []
    execute = psycopg.AsyncCursor.execute

    async def counted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if query:
            asked.append(query)
        return await execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)
    api.get(path, **parameters)
    assert len(asked) == queries


def test_of_two_repositories_called_the_same_both_are_found(database: str) -> None:
    """Deleted and made anew, a repository keeps its name and gets another id."""
    with running(database) as service:
        for number in (31, 32):
            repository = {"id": number, "full_name": "octo/anew"}
            answer = service.post("star", {"action": "created", "repository": repository})
        found = service.get(
            "/api/metrics/webhooks", repository="octo/anew", min_position=answer.headers["X-Log-Position"]
        )
        assert found["pagination"]["total"] == 2
        listed = service.get("/api/metrics/repositories")["repositories"]
        assert sorted(one["repository_id"] for one in listed) == [31, 32]
