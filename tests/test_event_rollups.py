"""event_quarters, event_senders and the durations of days and months; and percentiles from buckets."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.duration_buckets import BOUNDS, LONGEST_US, bucket, percentile
from replay.event import Event, Source
from tests.events import make_event, payload, row, rows, user

ROLLUPS = ("event_quarters", "event_senders", "event_durations", "event_month_durations")


def received(position: int, at: str, *, sender: str | None = "octocat", us: int = 1500) -> Event:
    moment = datetime.fromisoformat(f"2026-03-02T{at}+00:00")
    by = user(sender) if sender is not None else None
    times = {"received_at": moment, "handed_over_at": moment + timedelta(microseconds=us)}
    return make_event("star", payload("created", sender=by), position, **times)


def test_quarters_of_an_hour_hold_the_first_and_the_last_position() -> None:
    events = [received(7, "10:44:59.999999"), received(8, "10:30:00", us=20), received(9, "10:45:00")]
    assert [
        (one["quarter"], one["events"], one["duration_us"], one["first_position"], one["last_position"])
        for one in rows("event_quarters", *events)
    ] == [
        (datetime(2026, 3, 2, 10, 30, tzinfo=UTC), 2, 1520, 7, 8),
        (datetime(2026, 3, 2, 10, 45, tzinfo=UTC), 1, 1500, 9, 9),
    ]


def test_senders_of_a_day() -> None:
    events = [received(1, "00:00:00"), received(2, "23:59:59"), received(3, "12:00:00", sender=None)]
    assert [(one["day"], one["sender"], one["events"]) for one in rows("event_senders", *events)] == [
        (date(2026, 3, 2), "", 1),
        (date(2026, 3, 2), "octocat", 2),
    ]


def test_durations_of_a_day() -> None:
    events = [received(1, "10:00:00", us=20), received(2, "11:00:00", us=1500), received(3, "12:00:00", us=1501)]
    assert [(one["from_us"], one["events"]) for one in rows("event_durations", *events)] == [(20, 1), (bucket(1500), 2)]


@pytest.mark.parametrize("name", ROLLUPS)
def test_only_webhook_events_are_counted_and_each_once(name: str) -> None:
    event = received(1, "10:00:00")
    again = msgspec.structs.replace(event, position=2, repeat=True)
    for source in (Source.BACKFILL, Source.REPORT):
        assert rows(name, msgspec.structs.replace(event, source=source)) == []
    assert row(name, event, again)["events"] == 1


@pytest.mark.parametrize("name", ROLLUPS)
def test_days_and_quarters_are_those_of_utc(name: str) -> None:
    east = msgspec.structs.replace(
        received(1, "23:50:00"), received_at=datetime.fromisoformat("2026-03-03T05:35:00+05:45")
    )
    assert row(name, east) == row(name, msgspec.structs.replace(east, received_at=east.received_at.astimezone(UTC)))


@given(st.integers(0, LONGEST_US))
def test_the_middle_of_a_bucket_is_within_two_percent_of_all_in_it(microseconds: int) -> None:
    middle = percentile({bucket(microseconds): 1}, 0.5)
    assert middle == pytest.approx(microseconds, rel=0.02, abs=0)


def test_bounds_rise_and_a_bucket_is_named_by_its_own() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert [bucket(bound) for bound in BOUNDS] == list(BOUNDS)
    assert bucket(-5) == 0
    assert bucket(2**62) == BOUNDS[-1]


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=60), st.sampled_from([0.0, 0.5, 0.75, 0.95, 1.0]))
def test_percentiles_are_within_two_percent(durations: list[int], share: float) -> None:
    ordered = sorted(durations)
    place = share * (len(ordered) - 1)
    below, above = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    expected = below + (above - below) * (place - int(place))
    assert percentile(Counter(map(bucket, durations)), share) == pytest.approx(expected, rel=0.02)


def test_buckets_that_were_taken_out_again_do_not_count() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({bucket(10): 0}, 0.5) is None
    assert percentile({bucket(10): 1, bucket(24): 0}, 1.0) == 10
