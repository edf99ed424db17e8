"""Hours, days, weeks and months by the calendar of a zone."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from github_metrics.api.bucketing import begins
from github_metrics.api.problems import BadParameter
from github_metrics.buckets import Bucket, TooMany, edges
from projections.queries.people import Window


def shown(zone: str, bucket: Bucket, start: str, end: str, at_most: int = 100) -> list[str]:
    """Where each bucket begins, as the clocks there show it."""
    window = datetime.fromisoformat(f"{start}:00Z"), datetime.fromisoformat(f"{end}:00Z")
    found = edges(*window, bucket, ZoneInfo(zone), at_most=at_most)
    return [edge.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for edge in found]


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("hour", ["03-02 10:00", "03-02 11:00", "03-02 12:00"]),
        ("day", ["03-02 00:00"]),
        ("week", ["03-02 00:00"]),
        ("month", ["03-01 00:00"]),
    ],
)
def test_the_first_bucket_may_begin_before_the_window(bucket: Bucket, expected: list[str]) -> None:
    assert shown("UTC", bucket, "2026-03-02T10:30", "2026-03-02T12:01") == expected


def test_a_window_that_ends_where_a_bucket_begins_has_no_part_of_it() -> None:
    assert shown("UTC", "day", "2026-03-02T00:00", "2026-03-03T00:00") == ["03-02 00:00"]
    assert shown("UTC", "day", "2026-03-02T00:00", "2026-03-02T00:00") == []


def test_weeks_begin_on_monday_and_months_on_their_first() -> None:
    assert shown("UTC", "week", "2026-02-25T00:00", "2026-03-10T00:00") == ["02-23 00:00", "03-02 00:00", "03-09 00:00"]
    assert shown("UTC", "month", "2026-01-31T00:00", "2026-03-01T00:01") == [
        "01-01 00:00",
        "02-01 00:00",
        "03-01 00:00",
    ]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Asia/Kolkata", ["03-02 05:00", "03-02 06:00"]),
        ("Asia/Kathmandu", ["03-02 05:00", "03-02 06:00"]),
        ("America/St_Johns", ["03-01 20:00", "03-01 21:00"]),
    ],
)
def test_zones_of_half_and_quarter_hours_have_hours_of_their_own(zone: str, expected: list[str]) -> None:
    assert shown(zone, "hour", "2026-03-02T00:00", "2026-03-02T01:00") == expected


def test_the_day_on_which_clocks_go_forward_has_23_hours() -> None:
    hours = shown("Europe/Prague", "hour", "2026-03-28T23:00", "2026-03-29T22:00")
    assert len(hours) == 23
    assert hours[1:3] == ["03-29 01:00", "03-29 03:00"]
    assert shown("Europe/Prague", "day", "2026-03-28T23:00", "2026-03-29T22:00") == ["03-29 00:00"]


def test_the_hour_that_comes_twice_is_two() -> None:
    hours = shown("Europe/Prague", "hour", "2026-10-24T22:00", "2026-10-25T23:00")
    assert len(hours) == 25
    assert hours[1:5] == ["10-25 01:00", "10-25 02:00", "10-25 02:00", "10-25 03:00"]


def test_clocks_that_change_by_half_an_hour() -> None:
    assert shown("Australia/Lord_Howe", "hour", "2026-04-04T14:00", "2026-04-04T16:30") == [
        *("04-05 01:00", "04-05 01:30", "04-05 02:00"),
    ]
    assert shown("Australia/Lord_Howe", "hour", "2026-10-03T14:30", "2026-10-03T16:30") == [
        *("10-04 01:00", "10-04 02:30", "10-04 03:00"),
    ]


def test_an_offset_that_changes_within_an_hour_begins_a_new_one() -> None:
    assert shown("Asia/Pyongyang", "hour", "2018-05-04T14:30", "2018-05-04T16:30") == [
        *("05-04 23:00", "05-05 00:00", "05-05 01:00"),
    ]
    assert shown("Asia/Pyongyang", "hour", "2018-05-04T15:10", "2018-05-04T15:20") == ["05-05 00:00"]


def test_a_date_that_a_zone_left_out_is_no_day() -> None:
    days = shown("Pacific/Apia", "day", "2011-12-29T12:00", "2012-01-01T00:00")
    assert days == ["12-29 00:00", "12-31 00:00", "01-01 00:00"]


def test_a_midnight_that_is_left_out_begins_an_hour_later() -> None:
    assert shown("Africa/Cairo", "day", "2026-04-23T12:00", "2026-04-25T12:00") == [
        *("04-23 00:00", "04-24 01:00", "04-25 00:00"),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Prague", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana"])
@pytest.mark.parametrize("bucket", ["hour", "day", "week", "month"])
def test_buckets_cover_the_year_without_a_gap(zone: str, bucket: Bucket) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    found = edges(start, end, bucket, ZoneInfo(zone), at_most=10_000)
    assert found[0] <= start < found[1]
    assert found[-1] < end
    assert all(earlier < later for earlier, later in pairwise(found))
    assert len(found) in {"hour": (8760, 8761, 8762), "day": (365, 366), "week": (53,), "month": (12, 13)}[bucket]


def test_more_than_may_be_asked_for_are_refused() -> None:
    assert len(shown("UTC", "hour", "2026-03-02T00:00", "2026-03-02T05:00", at_most=5)) == 5
    with pytest.raises(TooMany):
        shown("UTC", "hour", "2026-03-02T00:00", "2026-03-02T05:01", at_most=5)
    with pytest.raises(TooMany):
        shown("UTC", "month", "1900-01-01T00:00", "2026-03-02T05:01", at_most=5)


def test_a_series_with_more_rows_than_can_be_listed_is_refused() -> None:
    """Of each of 11 checks a row for each of 10,000 hours."""
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 2, 21, 16, tzinfo=UTC))
    assert len(asyncio.run(begins(window, "hour", ZoneInfo("UTC"), groups=10))) == 10_000
    with pytest.raises(BadParameter, match=r"^bucket: 11 rows for each one of 10000 hours are more than 100000"):
        asyncio.run(begins(window, "hour", ZoneInfo("UTC"), groups=11))
