"""Relative times: what each means at a moment that the test chooses, and over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from github_metrics.api.times import FORMS, read_time
from tests.events import payload
from tests.service import Service, clone, running

NOW = datetime(2026, 3, 5, 13, 37, 42, 5, tzinfo=UTC)
"""A Thursday."""
SUMMARY = "/api/metrics/summary"


def utc(day: str, clock: str = "00:00:00") -> datetime:
    return datetime.fromisoformat(f"2026-{day}T{clock}Z")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("now", NOW, NOW),
        ("30m", NOW - timedelta(minutes=30), NOW - timedelta(minutes=30)),
        ("24h", NOW - timedelta(hours=24), NOW - timedelta(hours=24)),
        ("7d", NOW - timedelta(days=7), NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(weeks=2), NOW - timedelta(weeks=2)),
        ("0m", NOW, NOW),
        ("today", utc("03-05"), NOW),
        ("yesterday", utc("03-04"), utc("03-05")),
        ("this week", utc("03-02"), NOW),
        ("last week", utc("02-23"), utc("03-02")),
        ("this month", utc("03-01"), NOW),
        ("last month", utc("02-01"), utc("03-01")),
        (" Last  Week ", utc("02-23"), utc("03-02")),
        ("last_week", utc("02-23"), utc("03-02")),
        ("THIS-MONTH", utc("03-01"), NOW),
        ("2026-03-01", utc("03-01"), utc("03-01")),
        ("2026-03-01T12:00:00+02:00", utc("03-01", "10:00:00"), utc("03-01", "10:00:00")),
        ("2026-03-01T12:00:00 02:00", utc("03-01", "10:00:00"), utc("03-01", "10:00:00")),
        ("2026-03-01 12:00:00", utc("03-01", "12:00:00"), utc("03-01", "12:00:00")),
    ],
)
def test_a_time_means_a_start_and_an_end(text: str, start: datetime, end: datetime) -> None:
    assert (read_time(text, NOW), read_time(text, NOW, end=True)) == (start, end)
    assert read_time(text, NOW).tzinfo is UTC


@pytest.mark.parametrize(
    ("now", "text", "start", "end"),
    [
        ("2026-01-01T00:00:00Z", "last month", "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-12-31T23:59:59Z", "this month", "2026-12-01T00:00:00Z", "2026-12-31T23:59:59Z"),
        ("2024-03-01T00:00:00Z", "yesterday", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
        ("2026-03-02T00:00:00Z", "this week", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("2026-03-01T23:59:59Z", "last week", "2026-02-16T00:00:00Z", "2026-02-23T00:00:00Z"),
    ],
)
def test_periods_at_the_edges_of_the_calendar(now: str, text: str, start: str, end: str) -> None:
    moments = [datetime.fromisoformat(moment) for moment in (now, start, end)]
    assert [read_time(text, moments[0]), read_time(text, moments[0], end=True)] == moments[1:]


def test_days_are_those_of_the_zone_of_now_and_hours_are_hours() -> None:
    """Berlin: 23 hours on 29 March 2026."""
    now = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert read_time("today", now) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert read_time("yesterday", now) == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert read_time("24h", now) == datetime(2026, 3, 28, 10, tzinfo=UTC)
    ahead = NOW.astimezone(timezone(timedelta(hours=14)))
    assert read_time("today", ahead) == datetime(2026, 3, 5, 10, tzinfo=UTC)


NONE = [
    *("", " ", "tomorrow", "next week", "week", "h", "24", "-24h", "+24h", "24 hours", "24y", "3M", "1.5h", "24h ago"),
    *("٢٤h", "999999999w", "99999999999d", "now now", "last\x00week", "today; DROP TABLE webhooks", "2026-02-30"),
]


@pytest.mark.parametrize("text", NONE)
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        read_time(text, NOW)


# ── Over HTTP ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def service(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database) as started:
        for _ in range(3):
            answer = started.post("push", payload(after="a" * 40))
        started.get(SUMMARY, min_position=answer.headers["X-Log-Position"])
        yield started


def total(service: Service, **parameters: Any) -> int:
    count: int = service.get(SUMMARY, **parameters)["summary"]["total_events"]
    return count


def test_events_of_just_now_are_in_every_period_that_has_not_ended(service: Service) -> None:
    assert [total(service, start_time=text) for text in ("30m", "24h", "7d", "2w", "today", "this month")] == [3] * 6
    assert total(service, start_time="this week", end_time="this week") == 3
    assert total(service, end_time="now") == 3
    assert [total(service, start_time=text, end_time=text) for text in ("yesterday", "last week", "last month")] == [
        0,
        0,
        0,
    ]
    assert total(service, start_time="now") == 0
    assert total(service, start_time="7d", end_time="24h") == 0


def test_an_answer_says_which_times_were_meant(service: Service) -> None:
    asked = service.get(SUMMARY, start_time="24h", end_time="now")["time_range"]
    start, end = (datetime.fromisoformat(asked[name]) for name in ("start_time", "end_time"))
    assert end - start == timedelta(hours=24)
    assert abs(datetime.now(UTC) - end) < timedelta(minutes=1)


@pytest.mark.parametrize("path", [SUMMARY, "/api/metrics/webhooks", "/api/metrics/repositories"])
@pytest.mark.parametrize("name", ["start_time", "end_time"])
def test_what_is_no_time_is_400_and_named(service: Service, path: str, name: str) -> None:
    for text in filter(str.strip, NONE):  # what is empty is refused as that
        answer = service.client.get(path, params={name: text})
        assert (answer.status_code, answer.json()["reason"]) == (400, "bad_parameter"), text
        assert answer.json()["detail"].startswith(f"{name} is not a time")
    crossed = service.client.get(path, params={"start_time": "24h", "end_time": "7d"})
    assert (crossed.status_code, crossed.json()["detail"]) == (400, "start_time is after end_time")


def test_openapi_says_how_a_time_may_be_written(service: Service) -> None:
    document = service.get("/openapi.json")
    described = [
        parameter["description"]
        for methods in document["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
        if parameter["name"] in ("start_time", "end_time")
    ]
    assert len(described) >= 6
    assert all(FORMS in description for description in described)
