"""webhook_events and event_counts: what was received, each delivery once."""

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

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
    }


def test_a_repeat_is_counted_on_its_event_and_changes_nothing_else() -> None:
    again = repeated(OPENED, payload("opened", pull_request=pull_request(5)), 2)
    for order in ([OPENED, again], [again, OPENED]):
        assert row("webhook_events", *order) == row("webhook_events", OPENED) | {"repeats": 1}
        assert [counted["events"] for counted in rows("event_counts", *order)] == [1]
        assert [told["number"] for told in rows("pr_events", *order)] == [4]


def test_a_repeat_that_names_another_repository_has_no_position() -> None:
    again = repeated(OPENED, payload("opened", repository={"id": 8, "full_name": "octo/other"}), 2)
    assert [(found["repository_id"], found["position"]) for found in rows("webhook_events", OPENED, again)] == [
        (7, 1),
        (8, None),
    ]


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
