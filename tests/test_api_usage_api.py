"""GET /api/metrics/api-usage, on one morning's reports, counted by hand from docs/metrics.md, "API usage"."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from projections.queries.api_usage_queries import exhaustion
from replay.event import Delivery, Source
from tests.deliveries import delivery, fill, number
from tests.events import at, moment, payload, pull_request
from tests.service import Service, clone, running
from tests.test_api import TOOLS

USAGE = "/api/metrics/api-usage"
MORNING = {"start_time": at("00:00"), "end_time": at("11:30")}
TOKEN, OTHER = "0123456789ab", "ba9876543210"


def report(of: int, clock: str, reporter: str = "ci-bot", **fields: Any) -> Delivery:
    body = json.dumps({"reporter": reporter, "report_id": str(of), **fields}).encode()
    received = moment(clock)
    sha256 = hashlib.sha256(body).digest()
    return Delivery(uuid.UUID(int=of), "usage_report", body, sha256, received, received, source=Source.REPORT)


def core(used: int, reset: str = "12:00", limit: int = 5000, token: str = TOKEN) -> dict[str, Any]:
    rest = {"used": used, "remaining": limit - used, "limit": limit, "reset_at": at(reset)}
    return {**rest, "token_fingerprint": token}


HISTORY = [
    delivery(1, "03-02T10:00", "pull_request", payload("opened", pull_request=pull_request(1))),
    delivery(2, "03-02T10:01", "push", payload(after="a" * 40, repository=TOOLS)),
    # The window that ends at 11:00.
    report(11, "10:00", delivery_id=number(1), calls=5, charged_calls=4, **core(100, "11:00")),
    report(12, "10:30", delivery_id=number(2), calls=7, **core(600, "11:00")),
    # The one that ends at 12:00: 3000 in 20 minutes, so the 1500 that remain last for 10 more.
    report(13, "11:00", calls=1, repository="octo/tools", **core(500)),
    report(14, "11:20", "deployer", calls=2, charged_calls=0, repository="octo/elsewhere", **core(3500)),
    # 10 of 30 in the last 5 minutes: the 20 that remain last until 11:35.
    report(15, "11:20", calls=3, resource="search", **core(0, "11:30:30", 30)),
    report(16, "11:25", calls=4, resource="search", **core(10, "11:30:30", 30)),
    # Of a token that was reported once, and of one that nothing is known of.
    report(17, "11:10", calls=1, **core(10, token=OTHER)),
    report(18, "11:15", calls=9),
]


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database:
        last = fill(database, HISTORY[::-1])
        with running(database) as service:
            service.get(USAGE, min_position=last)
            yield service


def spent(api: Service, **parameters: Any) -> list[tuple[Any, ...]]:
    found = api.get(USAGE, **parameters)["data"]
    names = ("resource", "repository", "event_type", "reports", "calls", "charged_calls")
    return [tuple(one[name] for name in names if one[name] is not None) for one in found]


def test_windows_with_what_is_left_and_when_it_is_used_up(api: Service) -> None:
    found = api.get(USAGE, **MORNING)
    assert found["as_of"] == at("11:30")
    assert found["data"][0] == {
        "bucket": None,
        "token_fingerprint": TOKEN,
        "resource": "core",
        "repository": None,
        "event_type": None,
        "reports": None,
        "calls": 3,
        "charged_calls": 1,
        "first_reported_at": at("11:00"),
        "last_reported_at": at("11:20"),
        "limit": 5000,
        "used": 3500,
        "remaining": 1500,
        "reset_at": at("12:00"),
        "exhausts_before_reset": True,
        "exhausted_at": at("11:30"),
    }
    names = ("token_fingerprint", "resource", "reset_at", "used", "exhausts_before_reset", "exhausted_at")
    assert [tuple(one[name] for name in names) for one in found["data"][1:]] == [
        (OTHER, "core", at("12:00"), 10, None, None),
        (TOKEN, "search", at("11:30:30"), 10, False, None),
        (TOKEN, "core", at("11:00"), 600, None, None),
        (None, "core", None, None, None, None),
    ]
    assert found["pagination"]["total"] == 5


def test_spend_by_resource_repository_and_event_type(api: Service) -> None:
    assert spent(api, **MORNING, group="resource") == [("core", 6, 25, 22), ("search", 2, 7, 7)]
    assert spent(api, **MORNING, group="repository") == [
        (4, 17, 17),
        ("octo/tools", 2, 8, 8),
        ("octo/hello", 1, 5, 4),
        ("octo/elsewhere", 1, 2, 0),
    ]
    assert spent(api, **MORNING, group="event_type") == [
        (6, 20, 18),
        ("push", 1, 7, 7),
        ("pull_request", 1, 5, 4),
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"users": "CI-bot"}, [("core", 5, 23, 22), ("search", 2, 7, 7)]),
        ({"exclude_users": "ci-bot"}, [("core", 1, 2, 0)]),
        ({"actors": "bot"}, []),
        ({"repositories": "octo/tools"}, [("core", 2, 8, 8)]),
        ({"repositories": ["octo/hello", "octo/nothing"]}, [("core", 1, 5, 4)]),
        ({"start_time": at("11:20")}, [("search", 2, 7, 7), ("core", 1, 2, 0)]),
    ],
)
def test_of_some_reporters_repositories_and_times(
    api: Service, parameters: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    """A report of a repository by its name, or by the event that it is about."""
    assert spent(api, group="resource", **parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"users": "deployer"}, [("core", at("12:00"), 2, 0)]),
        ({"exclude_users": "ci-bot"}, [("core", at("12:00"), 2, 0)]),
        ({"users": "ci-bot", "end_time": at("10:30")}, [("core", at("11:00"), 12, 11)]),
        ({"repositories": "octo/tools"}, [("core", at("12:00"), 1, 1), ("core", at("11:00"), 7, 7)]),
        ({"repositories": ["octo/hello", "octo/nothing"]}, [("core", at("11:00"), 5, 4)]),
        ({"repositories": "octo/tools", "users": "deployer"}, []),
        ({"actors": "bot"}, []),
    ],
)
def test_windows_in_which_some_reporters_or_repositories_spent(
    api: Service, parameters: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    """Their calls alone, also those after the time in which the window began."""
    found = api.get(USAGE, **parameters)["data"]
    names = ("resource", "reset_at", "calls", "charged_calls")
    assert [tuple(one[name] for name in names) for one in found] == expected


def test_what_is_left_of_a_window_is_left_to_all(api: Service) -> None:
    (chosen,) = api.get(USAGE, **MORNING, users="deployer")["data"]
    whole = api.get(USAGE, **MORNING)["data"][0]
    assert {name for name in whole if whole[name] != chosen[name]} == {"calls", "charged_calls"}


def test_everyone_but_nobody_is_everyone(api: Service) -> None:
    """Windows of no known token and time of reset, too."""
    assert api.get(USAGE, exclude_users="nobody")["data"] == api.get(USAGE)["data"]


def test_over_time(api: Service) -> None:
    window = {"start_time": at("09:45"), "end_time": at("12:31")}
    found = api.get(USAGE, **window, group="resource", bucket="hour", tz="Asia/Kolkata")
    counts = ("reports", "calls", "charged_calls")
    assert [(one["bucket"], one["resource"], *(one[name] for name in counts)) for one in found["data"]] == [
        ("2026-03-02T15:00:00+05:30", "core", 1, 5, 4),
        ("2026-03-02T15:00:00+05:30", "search", 0, 0, 0),
        ("2026-03-02T16:00:00+05:30", "core", 5, 20, 18),
        ("2026-03-02T16:00:00+05:30", "search", 2, 7, 7),
        ("2026-03-02T17:00:00+05:30", "core", 0, 0, 0),
        ("2026-03-02T17:00:00+05:30", "search", 0, 0, 0),
        ("2026-03-02T18:00:00+05:30", "core", 0, 0, 0),
        ("2026-03-02T18:00:00+05:30", "search", 0, 0, 0),
    ]
    assert found["pagination"]["total"] == 8
    empty = found["data"][-1]
    assert (empty["first_reported_at"], empty["last_reported_at"], empty["exhausts_before_reset"]) == (None,) * 3


def test_over_time_of_what_no_report_names(api: Service) -> None:
    """From the first report to the last: the one whose repository is not known is a series of its own."""
    found = api.get(USAGE, group="repository", bucket="hour", page_size=100)["data"]
    names = {one["repository"] for one in found}
    assert names == {None, "octo/hello", "octo/tools", "octo/elsewhere"}
    assert len(found) == len(names) * len({one["bucket"] for one in found}) == 8
    assert sum(one["calls"] for one in found if one["repository"] is None) == 17


@pytest.mark.parametrize("clock", ["10:30", "11:00", "11:20"])
def test_two_windows_that_meet_add_up(api: Service, clock: str) -> None:
    def counts(**window: str) -> list[int]:
        return [
            sum(one["charged_calls"] for one in api.get(USAGE, group=group, **{**MORNING, **window})["data"])
            for group in ("window", "resource", "repository", "event_type")
        ]

    earlier, later, whole = counts(end_time=at(clock)), counts(start_time=at(clock)), counts()
    assert [before + after for before, after in zip(earlier, later, strict=True)] == whole == [29, 29, 29, 29]


def test_the_whole_list_as_csv(api: Service) -> None:
    answer = api.client.get(USAGE, params={"group": "repository", "format": "csv", "page_size": 1})
    header, *lines = answer.text.splitlines()
    assert header.startswith("bucket,token_fingerprint,resource,repository,event_type,reports,calls,charged_calls,")
    assert [line.split(",")[3:8] for line in lines][1] == ["octo/tools", "", "2", "8", "8"]
    assert len(lines) == 4


def window(**changed: Any) -> dict[str, Any]:
    known = {"first_reported_at": moment("10:00"), "last_reported_at": moment("10:10"), "reset_at": moment("11:00")}
    return {**known, "used": 700, "least_used": 100, "remaining": 4300, **changed}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        # One a second: 4300 seconds are more than the 50 minutes that are left.
        ({}, (False, None)),
        ({"remaining": 2999}, (True, moment("10:10") + timedelta(seconds=2999))),
        ({"remaining": 3000}, (False, None)),
        ({"remaining": 0}, (True, moment("10:10"))),
        ({"used": 100}, (False, None)),
        ({"remaining": None}, (None, None)),
        ({"used": None, "least_used": None}, (None, None)),
        ({"reset_at": None}, (None, None)),
        ({"reset_at": moment("10:20")}, (None, None)),
        ({"last_reported_at": moment("10:00")}, (None, None)),
    ],
)
def test_the_forecast_is_linear_and_says_where_it_does_not_know(changed: dict[str, Any], expected: Any) -> None:
    assert exhaustion(window(**changed), moment("10:20")) == expected
