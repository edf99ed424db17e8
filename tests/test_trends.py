"""GET /api/metrics/trends, on the history of test_api: nine events on three days, 4 to 7 of them failed."""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from projections.queries import duration_queries
from tests.deliveries import fill
from tests.service import Service, running
from tests.test_api import HISTORY, MARCH_2, problem

TRENDS = "/api/metrics/trends"
THREE_DAYS = {"start_time": "2026-03-01T00:00:00Z", "end_time": "2026-03-04T00:00:00Z", "bucket": "day"}
SHOWN = ("bucket", "total_events", "successful_events", "failed_events")


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        database = make_conninfo(server, dbname=name)
        fill(database, HISTORY)
        with running(database) as service:
            service.get(TRENDS, min_position=len(HISTORY))
            yield service
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def shown(api: Service, **parameters: Any) -> list[tuple[str, int, int, int]]:
    """(begin, total, successful, failed) of each bucket."""
    return [tuple(one[name] for name in SHOWN) for one in api.get(TRENDS, **parameters)["trends"]]


def test_trends_have_the_fields_of_the_contract(api: Service) -> None:
    found = api.get(TRENDS, **THREE_DAYS)
    assert found == {
        "time_range": {"start_time": "2026-03-01T00:00:00Z", "end_time": "2026-03-04T00:00:00Z"},
        "bucket": "day",
        "tz": "UTC",
        "trends": [
            bucket("2026-03-01T00:00:00Z", 2, 2, 0),
            bucket("2026-03-02T00:00:00Z", 6, 2, 4),
            bucket("2026-03-03T00:00:00Z", 1, 1, 0),
        ],
    }


TIMES = tuple(f"{name}_processing_time_ms" for name in ("avg", "median", "p75", "p90"))


def bucket(begin: str, total: int, successful: int, failed: int) -> dict[str, Any]:
    """Nobody asks how long it took, nor for the types."""
    counted = {"total_events": total, "successful_events": successful, "failed_events": failed}
    return {"bucket": begin, **counted, "event_types": None}


@pytest.mark.parametrize("few", [5_000, 0], ids=["sorted", "in buckets"])
def test_how_long_it_took_is_told_on_request(api: Service, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Of the first day 2 and 4 ms, of the second 4, 6, 8, 10, 12 and 300, which was reported, of the third 2; of no
    event nothing. Buckets are within 2 %.
    """
    monkeypatch.setattr(duration_queries, "FEW", few)
    found = api.get(TRENDS, **THREE_DAYS | {"end_time": "2026-03-05"}, durations=True)["trends"]
    assert [one["total_events"] for one in found] == [2, 6, 1, 0]
    expected = [(3.0, 3.0, 3.5, 3.8), (56.7, 9.0, 11.5, 156.0), (2.0, 2.0, 2.0, 2.0)]
    for one, times in zip(found, expected, strict=False):
        assert tuple(one[name] for name in TIMES) == pytest.approx(times, rel=0 if few else 0.02)
    assert {found[3][name] for name in TIMES} == {None}
    asked = {**MARCH_2, "tz": "Asia/Kathmandu", "durations": True}
    hours = [one for one in api.get(TRENDS, **asked)["trends"] if one["total_events"]]
    assert [one["bucket"][11:16] for one in hours] == ["05:00", "11:00", "17:00", "23:00", "01:00"]
    assert [one["median_processing_time_ms"] for one in hours] == pytest.approx(
        [300.0, 5.0, 8.0, 10.0, 12.0], rel=0 if few else 0.02
    )


def test_every_bucket_tells_of_its_types_on_request(api: Service) -> None:
    alone, told = (api.get(TRENDS, **THREE_DAYS, **more)["trends"] for more in ({}, {"group_by": "event_type"}))
    assert [list(one["event_types"].items()) for one in told] == [
        [("pull_request", 1), ("push", 1)],
        [("pull_request", 2), ("check_run", 1), ("issue_comment", 1), ("push", 1), ("repository", 1)],
        [("pull_request", 1)],
    ]
    assert [{**one, "event_types": None} for one in told] == alone
    by_hour = api.get(TRENDS, **THREE_DAYS | {"bucket": "hour"}, group_by="event_type", users="alice")["trends"]
    assert [one["event_types"] for one in by_hour if one["event_types"]] == [{"issue_comment": 1}, {"pull_request": 1}]
    assert by_hour[0] == bucket("2026-03-01T00:00:00Z", 0, 0, 0) | {"event_types": {}}


def test_types_are_lines_of_csv(api: Service) -> None:
    asked = {**THREE_DAYS, "format": "csv", "repository": "octo/tools", "durations": True}
    text = api.client.get(TRENDS, params={**asked, "group_by": "event_type"}).text
    assert text.splitlines()[1:] == [
        "2026-03-01T00:00:00Z,1,1,0,4.0,4.0,4.0,4.0,push",
        "2026-03-02T00:00:00Z,1,0,1,6.0,6.0,6.0,6.0,check_run",
        "2026-03-02T00:00:00Z,1,0,1,10.0,10.0,10.0,10.0,pull_request",
    ]
    assert api.client.get(TRENDS, params=asked).text.splitlines()[2] == "2026-03-02T00:00:00Z,2,0,2,8.0,8.0,9.0,9.6"
    alone = api.client.get(TRENDS, params={**asked, "durations": False}).text
    assert alone.splitlines()[2] == "2026-03-02T00:00:00Z,2,0,2,,,,"


def test_the_offsets_of_old_clocks_have_seconds(api: Service) -> None:
    """Liberia's had until 1972, the last of all. orjson would leave them out."""
    asked = {"start_time": "1971-06-01", "end_time": "1971-06-02", "bucket": "day", "tz": "Africa/Monrovia"}
    assert api.get(TRENDS, **asked)["trends"][0]["bucket"] == "1971-06-01T00:00:00-00:44:30"


def test_days_are_those_of_the_zone(api: Service) -> None:
    """Event 3 of midnight UTC is of the day before in New York, and 9 of midnight a day later."""
    window = {"start_time": "2026-03-01T05:00:00Z", "end_time": "2026-03-04T05:00:00Z"}
    assert shown(api, **window, bucket="day", tz="America/New_York") == [
        ("2026-03-01T00:00:00-05:00", 3, 3, 0),
        ("2026-03-02T00:00:00-05:00", 6, 2, 4),
        ("2026-03-03T00:00:00-05:00", 0, 0, 0),
    ]


def test_hours_of_a_quarter_hour_zone_and_empty_ones(api: Service) -> None:
    """Events 4 and 5 came at 06:00 UTC, which is 11:45 in Kathmandu."""
    window = {"start_time": "2026-03-02T05:15:00Z", "end_time": "2026-03-02T08:15:00Z"}
    assert shown(api, **window, tz="Asia/Kathmandu") == [
        ("2026-03-02T11:00:00+05:45", 2, 0, 2),
        ("2026-03-02T12:00:00+05:45", 0, 0, 0),
        ("2026-03-02T13:00:00+05:45", 0, 0, 0),
    ]


def test_weeks_and_months(api: Service) -> None:
    """1 March 2026 is a Sunday."""
    assert shown(api, bucket="week") == [("2026-02-23T00:00:00Z", 2, 2, 0), ("2026-03-02T00:00:00Z", 7, 3, 4)]
    assert shown(api, bucket="month") == [("2026-03-01T00:00:00Z", 9, 5, 4)]


def test_a_window_counts_only_what_is_in_it(api: Service) -> None:
    """The first day begins before the window, the last ends after it."""
    window = {"start_time": "2026-03-01T11:00:00Z", "end_time": "2026-03-02T06:00:00Z", "bucket": "day"}
    assert shown(api, **window) == [("2026-03-01T00:00:00Z", 1, 1, 0), ("2026-03-02T00:00:00Z", 1, 1, 0)]


def test_without_a_window_trends_go_from_the_first_event_to_the_last(api: Service) -> None:
    assert [begin for begin, *_ in shown(api, bucket="day")] == [
        *("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
    ]
    hours = shown(api)
    assert (len(hours), hours[0][0], hours[-1][0]) == (39, "2026-03-01T10:00:00Z", "2026-03-03T00:00:00Z")
    assert sum(total for _, total, _, _ in hours) == 9
    assert shown(api, start_time="2026-03-02T19:00:00Z") == [
        *(("2026-03-02T19:00:00Z", 0, 0, 0), ("2026-03-02T20:00:00Z", 1, 1, 0), ("2026-03-02T21:00:00Z", 0, 0, 0)),
        *(("2026-03-02T22:00:00Z", 0, 0, 0), ("2026-03-02T23:00:00Z", 0, 0, 0), ("2026-03-03T00:00:00Z", 1, 1, 0)),
    ]


@pytest.mark.parametrize(
    ("parameters", "totals"),
    [
        ({"repository": "octo/tools"}, [1, 2, 0]),
        ({"repository": "octo/hello"}, [1, 3, 1]),
        ({"repository": ["octo/world", "octo/tools"]}, [2, 5, 1]),
        ({"repository": "octo/nothing"}, [0, 0, 0]),
        ({"event_type": "push"}, [1, 1, 0]),
        ({"event_type": "push", "repository": "octo/tools"}, [1, 0, 0]),
        ({"event_type": "a\x00b"}, [0, 0, 0]),
    ],
)
def test_trends_of_what_is_asked_for(api: Service, parameters: dict[str, Any], totals: list[int]) -> None:
    assert [total for _, total, _, _ in shown(api, **THREE_DAYS, **parameters)] == totals


@pytest.mark.parametrize("hour", [0, 5, 6, 7, 18])
def test_two_windows_that_meet_add_up(api: Service, hour: int) -> None:
    middle = f"2026-03-02T{hour:02}:00:00Z"
    parts = [
        shown(api, **THREE_DAYS | {"bucket": "month", end: middle}, tz="Asia/Kolkata")
        for end in ("end_time", "start_time")
    ]
    summed = [sum(counts) for counts in zip(*(part[0][1:] for part in parts), strict=True)]
    assert summed == [9, 5, 4]


@pytest.mark.parametrize("zone", ["utc", "EUROPE/PRAGUE", "asia/kolkata"])
def test_a_zone_may_be_named_in_any_case(api: Service, zone: str) -> None:
    assert api.get(TRENDS, tz=zone)["tz"].lower() == zone.lower()
    assert api.get(TRENDS, tz=zone)["tz"] in ("UTC", "Europe/Prague", "Asia/Kolkata")


def test_trends_of_nothing(api: Service) -> None:
    assert shown(api, event_type="unheard_of") == []
    assert shown(api, start_time="2026-03-02", end_time="2026-03-02") == []
    assert shown(api, start_time="2026-03-02T10:30:00Z", end_time="2026-03-02T10:30:00Z") == []


@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Atlantis",
        "..",
        "/etc/passwd",
        "America",
        "a\x00b",
        "x" * 5000,
        "ü",
        "localtime",
        "posixrules",
        "right/UTC",
    ],
)
def test_a_zone_that_there_is_not_is_refused_by_name(api: Service, zone: str) -> None:
    assert problem(api.client.get(TRENDS, params={"tz": zone}), 400, "bad_parameter").startswith("tz is not")


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"start_time": "2020-01-01", "end_time": "2026-01-01"}, "more than 10000 buckets of one hour"),
        ({"start_time": "0001-01-01", "end_time": "9999-01-01", "bucket": "month"}, "buckets of one month"),
        (
            {"start_time": "0001-01-01T00:00:00Z", "end_time": "0001-01-02", "tz": "America/New_York"},
            "end of the calendar",
        ),
        ({"start_time": "9999-12-31T23:30:00Z", "end_time": "9999-12-31T23:40:00Z"}, "end of the calendar"),
        ({"start_time": "2026-03-02", "end_time": "2026-03-01"}, "start_time is after end_time"),
    ],
)
def test_windows_that_cannot_be_shown_are_refused(api: Service, parameters: dict[str, str], named: str) -> None:
    assert named in problem(api.client.get(TRENDS, params=parameters), 400, "bad_parameter")


@pytest.mark.parametrize(
    ("parameters", "named"), [({"bucket": "year"}, "bucket"), ({"repository": ["a/b"] * 501}, "repository")]
)
def test_parameters_out_of_bounds_are_named(api: Service, parameters: dict[str, Any], named: str) -> None:
    (fault,) = problem(api.client.get(TRENDS, params=parameters), 422, "invalid_parameter")
    assert fault["loc"] == ["query", named]
