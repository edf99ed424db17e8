"""webhook_events and event_counts: what was received, each delivery once."""

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import msgspec
import pytest

from projections.duration_buckets import bucket
from replay.event import Event, Source
from tests.events import RECEIVED, make_event, moment, payload, pull_request, row, rows

OPENED = make_event("pull_request", payload("opened", pull_request=pull_request(4)), 1)


def repeated(event: Event[Any], body: Any, position: int) -> Event[Any]:
    """Another body under the same delivery id."""
    return make_event(event.event_type, body, position, delivery_id=event.delivery_id, repeat=True)


def test_a_webhook_event() -> None:
    assert row("webhook_events", OPENED) == {
        "repository_id": 7,
        "delivery_id": uuid.UUID(int=1),
        "position": 1,
        "hook_id": 1,
        "received_at": RECEIVED + timedelta(seconds=1),
        "processed_at": RECEIVED + timedelta(seconds=1, milliseconds=4),
        "duration_us": 1500,
        "from_us": 1494,
        "event_at": moment("09:00"),
        "body_hash": int.from_bytes(OPENED.body_sha256[:8], "big", signed=True),
        "body_bytes": len(OPENED.body),
        "pr_number": 4,
        "sender": "octocat",
        "sender_id": 5,
        "sender_type": "User",
        "source": "webhook",
        "event_type": "pull_request",
        "action": "opened",
        "repository": "octo/hello",
        "reading": "clean",
        "error_message": None,
        "repeats": 0,
        "reports": 0,
        "api_calls": 0,
        "charged_calls": 0,
        "reported_ms": None,
        "reported_from_us": None,
        "reported_level": None,
    }


def test_a_repeat_is_counted_on_its_event_and_changes_nothing_else() -> None:
    again = repeated(OPENED, payload("opened", pull_request=pull_request(5)), 2)
    for order in ([OPENED, again], [again, OPENED]):
        assert row("webhook_events", *order) == row("webhook_events", OPENED) | {"repeats": 1}
        assert [counted["events"] for counted in rows("event_counts", *order)] == [1]
        assert [told["number"] for told in rows("pr_events", *order)] == [4]


def test_a_repeat_that_names_another_repository_is_counted_on_its_event() -> None:
    again = repeated(OPENED, payload("opened", repository={"id": 8, "full_name": "octo/other"}), 2)
    assert row("webhook_events", OPENED, again) == row("webhook_events", OPENED) | {"repeats": 1}


def reported(position: int, *, repeat: bool = False, **fields: Any) -> Event[Any]:
    body = {"reporter": f"bot {position}", "delivery_id": str(OPENED.delivery_id), **fields}
    return make_event("usage_report", body, position, source=Source.REPORT, repeat=repeat, repository_id=0)


REPORTS = (
    reported(2, calls=9, charged_calls=7, duration_ms=12, status="partial"),
    reported(3, calls=1, duration_ms=800, status="success"),
    reported(4, repeat=True, calls=1000, status="error"),
)


@pytest.mark.parametrize("order", list(permutations([OPENED, *REPORTS])))
def test_reports_are_added_up_in_the_row_of_their_event_whichever_comes_first(order: Sequence[Event[Any]]) -> None:
    told = {
        "reports": 2,
        "api_calls": 10,
        "charged_calls": 8,
        "reported_ms": 800,
        "reported_from_us": bucket(800_000),
        "reported_level": 1,
    }
    assert row("webhook_events", *order) == row("webhook_events", OPENED) | told


def test_a_report_about_a_delivery_that_never_came_is_no_event() -> None:
    found = row("webhook_events", reported(2, calls=3))
    assert (found["position"], found["repository_id"], found["reports"], found["api_calls"]) == (None, None, 1, 3)
    assert found["reported_level"] is None


def test_a_report_about_no_delivery_is_no_row() -> None:
    alone = make_event("usage_report", {"reporter": "a bot", "calls": 5}, source=Source.REPORT)
    assert rows("webhook_events", alone) == []


def test_a_webhook_that_calls_itself_a_report_is_an_event() -> None:
    forged = make_event("usage_report", {"reporter": "a bot", "delivery_id": str(OPENED.delivery_id)}, 5)
    assert row("webhook_events", forged)["position"] == 5


@pytest.mark.parametrize(
    ("body", "reading"),
    [
        (b"not JSON", "unreadable"),
        (b"[]", "unreadable"),
        (b"{}", "unreadable"),
        (b'{"pull_request": {"number": 2, "title": "NUL \\u0000"}}', "tolerant"),
        (b'{"pull_request": {"number": "two"}}', "tolerant"),
    ],
)
def test_what_cannot_be_read_well_is_an_event_with_its_error(body: bytes, reading: str) -> None:
    event = make_event("pull_request", body)
    found = row("webhook_events", event)
    assert (found["reading"], found["repository_id"], found["event_at"]) == (reading, 0, None)
    assert found["error_message"]
    counted = row("event_counts", event)
    assert (counted["tolerant"], counted["unreadable"]) == (int(reading == "tolerant"), int(reading == "unreadable"))


@pytest.mark.parametrize(("source", "counted"), [(s, s in ("webhook", "reconciled")) for s in Source])
def test_backfill_and_reports_are_no_webhook_events(source: Source, counted: bool) -> None:
    event = msgspec.structs.replace(OPENED, source=source)
    assert bool(rows("webhook_events", event)) is counted
    assert bool(rows("event_counts", event)) is counted


def test_a_day_is_one_of_utc() -> None:
    east = timezone(timedelta(hours=14))
    received = datetime(2026, 3, 2, 23, 30, tzinfo=UTC).astimezone(east)
    event = make_event("star", payload("created"), received_at=received, handed_over_at=received + timedelta(seconds=1))
    assert row("event_counts", event) == {
        "repository_id": 7,
        "day": date(2026, 3, 2),
        "event_type": "star",
        "events": 1,
        "tolerant": 0,
        "unreadable": 0,
        "duration_us": 1_000_000,
    }


def test_the_pull_request_of_a_check_is_shown() -> None:
    check = make_event("check_run", payload(check_run={"id": 1, "pull_requests": [{"number": 9}]}))
    assert row("webhook_events", check)["pr_number"] == 9
