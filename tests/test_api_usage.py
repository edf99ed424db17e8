"""usage_reports and api_usage: what consumers say of their API calls."""

import uuid
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from projections.decode import decode
from replay.event import Event, Reading, Source
from replay.version import EPOCH
from tests.events import RECEIVED, at, make_event, moment, row, rows

DELIVERY = uuid.UUID(int=77)
TOKEN = "0123456789ab"


def report(position: int, **fields: Any) -> Event[Any]:
    body = {"reporter": "a bot", "delivery_id": str(DELIVERY), "token_fingerprint": TOKEN, "reset_at": at("11:00")}
    return make_event("usage_report", {**body, **fields}, position, source=Source.REPORT)


def test_a_report() -> None:
    told = report(
        3, calls=9, charged_calls=7, remaining=4000, duration_ms=12, status="error", error="no", resource="search"
    )
    assert row("usage_reports", told) == {
        "report_id": uuid.UUID(int=3),
        "delivery_id": DELIVERY,
        "reporter": "a bot",
        "reported_at": RECEIVED + timedelta(seconds=3),
        "completed_at": None,
        "reset_at": moment("11:00"),
        "resource": "search",
        "calls": 9,
        "charged_calls": 7,
        "remaining": 4000,
        "duration_ms": 12,
        "status": "error",
        "error": "no",
        "repository": None,
        "token_fingerprint": TOKEN,
    }


def test_a_window_holds_githubs_extremes_and_the_sum_of_calls() -> None:
    events = [
        report(n, calls=2, used=used, remaining=5000 - used, limit=5000) for n, used in ((1, 10), (2, 40), (3, 25))
    ]
    for order in permutations(events):
        assert row("api_usage", *order) == {
            "token_fingerprint": TOKEN,
            "resource": "core",
            "reset_at": moment("11:00"),
            "used": 40,
            "limit": 5000,
            "remaining": 4960,
            "least_used": 10,
            "first_reported_at": RECEIVED + timedelta(seconds=1),
            "last_reported_at": RECEIVED + timedelta(seconds=3),
            "calls": 6,
            "charged_calls": 6,
        }


def test_windows_and_tokens_are_apart() -> None:
    events = [report(1), report(2, reset_at=at("12:00")), report(3, token_fingerprint=None, reset_at=None)]
    found = [(one["token_fingerprint"], one["reset_at"]) for one in rows("api_usage", *events)]
    assert found == [("", EPOCH), (TOKEN, moment("11:00")), (TOKEN, moment("12:00"))]


def test_a_repeat_and_a_webhook_of_that_name_report_nothing() -> None:
    repeat = make_event("usage_report", {"reporter": "a bot", "calls": 5}, source=Source.REPORT, repeat=True)
    forged = make_event("usage_report", {"reporter": "a bot", "calls": 5})
    for name in ("usage_reports", "api_usage"):
        assert rows(name, repeat, forged) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"error": "NUL \\u0000"},
        {"reporter": "a\\u0000"},
        {"repository": "\\u0000\\n"},
        {"calls": 10**15},
        {"calls": -1},
    ],
    ids=repr,
)
def test_what_no_table_could_hold_is_no_report(fields: dict[str, Any]) -> None:
    parts = {"reporter": "a bot", **fields}
    values = ", ".join(f'"{k}": {v}' if isinstance(v, int) else f'"{k}": "{v}"' for k, v in parts.items())
    assert decode("usage_report", f"{{{values}}}".encode()).reading is Reading.UNREADABLE
