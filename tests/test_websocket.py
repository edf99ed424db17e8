"""WS /metrics/ws: the same stream as server-sent events, and how it ends."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close
from websockets.sync.client import ClientConnection, connect

from tests.deliveries import fill
from tests.events import payload, pull_request
from tests.service import Service, clone, running
from tests.streams import NARROW, narrow, positions, post_much, reading
from tests.test_api import HISTORY, NEWEST_FIRST, WEBHOOKS

COUNTED = NEWEST_FIRST[::-1]
PAGE = "https://dash.example.org"


def opened(service: Service, **asked: Any) -> ClientConnection:
    """A WebSocket; what is given are parameters, but for what belongs to the connection."""
    more = {name: asked.pop(name) for name in ("origin", "additional_headers", "max_queue", "sock") if name in asked}
    url = f"ws://127.0.0.1:{service.port}/metrics/ws?{urlencode(asked, doseq=True)}"
    return connect(url, proxy=None, open_timeout=20, close_timeout=5, **more)


def lazy(service: Service) -> ClientConnection:
    """One for which little is held while it takes nothing."""
    narrow(service)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
    connection.connect(("127.0.0.1", service.port))
    return opened(service, max_queue=1, sock=connection)


def take(reader: ClientConnection, count: int) -> list[Any]:
    return [json.loads(reader.recv(timeout=20)) for _ in range(count)]


def rest(reader: ClientConnection) -> tuple[list[Any], Close | None]:
    """What the service still said, and how it ended the connection; None: without a word."""
    messages = []
    try:
        while True:
            messages += take(reader, 1)
    except ConnectionClosed as end:
        return messages, end.rcvd


def closed(reader: ClientConnection) -> tuple[int, str]:
    """How the service ended a connection."""
    _, end = rest(reader)
    assert end is not None
    return end.code, end.reason


@pytest.fixture(scope="module")
def service(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, METRICS_CORS_ORIGINS=PAGE) as service:
        service.get(WEBHOOKS, min_position=fill(database, HISTORY))
        yield service


def test_it_tells_what_server_sent_events_tell(database: str) -> None:
    with running(database) as service, opened(service) as by_socket, reading(service) as by_events:
        assert by_socket.response is not None
        assert by_socket.response.headers["X-Log-Position"] == "0"
        service.post("pull_request", payload("opened", pull_request=pull_request(1)))
        assert take(by_socket, 1) == by_events.take(1)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, COUNTED),
        ({"repository": "octo/tools", "status": ["partial", "error"]}, [5, 7]),
        ({"repository": "", "event_type": "", "status": "", "since": 6}, [7, 8, 9]),
        ({"event_type": ["push", "check_run"], "since": 2}, [5, 6]),
    ],
)
def test_filters(service: Service, filters: dict[str, Any], expected: list[int]) -> None:
    with opened(service, **{"since": 0, **filters}) as reader:
        assert positions(take(reader, len(expected))) == expected


@given(cuts=st.lists(st.integers(0, 4), max_size=4))
@settings(max_examples=15, deadline=None)
def test_cut_off_anywhere_and_resumed_nothing_is_missed_or_told_twice(service: Service, cuts: list[int]) -> None:
    found: list[int] = []
    for cut in [*cuts, len(COUNTED)]:
        with opened(service, since=found[-1] if found else 0) as reader:
            found += positions(take(reader, min(cut, len(COUNTED) - len(found))))
    assert found == COUNTED


@pytest.mark.parametrize(
    "parameters",
    [{"status": "bad"}, {"status": ["success", "x"]}, {"repository": "no-slash"}, {"since": "x"}, {"since": -1}],
)
def test_a_bad_filter_is_refused_with_its_name(service: Service, parameters: dict[str, Any]) -> None:
    with opened(service, **parameters) as reader:
        code, reason = closed(reader)
    (name,) = parameters
    assert code == 1008
    assert reason.startswith(f"{name}: ")


# ── Who may ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("origin", [None, PAGE, "http://127.0.0.1:{port}", "HTTP://127.0.0.1:{port}"])
def test_no_page_a_page_of_ours_and_of_an_origin_that_is_allowed_may(service: Service, origin: str | None) -> None:
    given_origin = origin and origin.format(port=service.port)
    with opened(service, since=0, origin=given_origin) as reader:
        assert positions(take(reader, 1)) == [1]


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", PAGE + ".evil.example", "file://"),
        *("http://[", "ws://127.0.0.1:{port}", "http://evil.example@127.0.0.1:{port}", "http://127.0.0.1:{port}.evil"),
    ],
)
def test_a_page_from_elsewhere_may_not(service: Service, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(service, origin=origin.format(port=service.port)):
        pass
    assert refused.value.response.status_code == 403


def test_a_star_lets_every_page(database: str) -> None:
    with (
        running(database, projector=False, METRICS_CORS_ORIGINS="*") as service,
        opened(service, origin="https://other.example") as reader,
    ):
        assert reader.response is not None


def test_with_keys_it_needs_one(database: str) -> None:
    with running(database, projector=False, METRICS_API_KEYS="one,two") as service:
        for headers in ({"X-API-Key": "two"}, {"Authorization": "Bearer one"}):
            with opened(service, additional_headers=headers) as reader:
                assert reader.response is not None
        with pytest.raises(InvalidStatus), opened(service, additional_headers={"X-API-Key": "three"}):
            pass


# ── How it ends ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_reader_says_is_passed_over_unless_it_is_much(service: Service) -> None:
    with opened(service, since=8) as reader:
        for said in ("hello", b"\x00", "x" * 60_000):
            reader.send(said)
        assert positions(take(reader, 1)) == [9]
        reader.send("x" * 70_000)
        assert closed(reader)[0] == 1009


def test_it_is_closed_when_the_service_stops(database: str) -> None:
    ends: list[tuple[int, str]] = []
    with running(database) as service, opened(service) as reader:
        thread = threading.Thread(target=lambda: ends.append(closed(reader)))
        thread.start()
        service.stop()
        thread.join(timeout=20)
    assert [code for code, _ in ends] == [1012]


def test_a_slow_reader_is_cut_off_with_a_reason_and_resumes_without_loss(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("github_metrics.live.updates.RECENT_BYTES", 2**18)
    with running(database) as service, lazy(service) as reader:
        last = post_much(service)
        messages, end = rest(reader)
        found = positions(messages)
        assert end is not None
        assert end.code == 1013
        reached = found[-1] if found else 0  # it may be cut off before it got anything
        assert end.reason.endswith(f"go on from position {reached}")
        assert reached < last, "it was not slow"
        with opened(service, since=reached) as again:
            found += positions(take(again, last - len(found)))
    assert found == list(range(1, last + 1))


def test_a_reader_who_takes_nothing_is_dropped(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("github_metrics.api.websocket.SEND_SECONDS", 0.2)
    with running(database) as service, lazy(service) as reader:
        last = post_much(service)
        messages, end = rest(reader)
    assert len(messages) < last
    assert end is None, "nobody could tell it why"
