"""webhook_payloads: jsonb whatever a body holds; switched on while the service runs, off without losing its table."""

import itertools
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest

from github_metrics.settings import load_settings
from projections.catalog import active_projections, all_projections, described
from projections.decode import decode, parse
from projections.webhook_payloads import webhook_payload_rows, webhook_payloads
from replay import generations, projector
from replay.background import rebuild
from replay.errors import SettingsError
from replay.fold import fold
from replay.load import load
from replay.playback import Playback
from replay.projector import Projector
from tests.command import invoke
from tests.events import make_event, payload, row, rows
from tests.logged import behind, deliveries, fill, project
from tests.service import running

Connection = psycopg.Connection[Any]
NAME = "webhook_payloads"
TOLD = 300
ON = {"METRICS_EXTRA_PROJECTIONS": "webhook_payloads"}
LIVE = "SELECT position, payload FROM webhook_payloads ORDER BY position"
KEYS = ["repository_id", "position", "delivery_id", "event_type"]


def payload_of(body: bytes) -> Any:
    return json.loads(row("webhook_payloads", make_event("ping", body))["payload"].obj)


def test_a_row_has_the_whole_payload_of_its_event() -> None:
    told = payload("opened", unknown={"deep": [1, 2.5, None, True, "é"]})
    event = make_event("an_event_of_tomorrow", told, 3)
    stated = row("webhook_payloads", event)
    assert json.loads(stated.pop("payload").obj) == told
    assert stated == {name: getattr(event, name) for name in KEYS}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":"x\\u0000y","\\u0000":["\\ud800"]}', {"a": "x\ufffdy", "\ufffd": ["\ufffd"]}),
        (b'{"pair":"\\ud83d\\ude00"}', {"pair": "\U0001f600"}),
        (b'\xef\xbb\xbf{"n":%d}' % 2**200, {"n": 2**200}),
        (b"payload=%7B%22a%22%3A1%7D", {"a": 1}),
    ],
)
def test_what_jsonb_cannot_hold_is_replaced(body: bytes, expected: Any) -> None:
    assert payload_of(body) == expected


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[]", b"null", b'{"x":NaN}', b'{"x":1e999}', b"[" * 5000])
def test_an_unreadable_body_has_no_row(body: bytes) -> None:
    assert rows("webhook_payloads", make_event("ping", body)) == []


def test_an_event_that_is_not_the_one_it_is_said_to_be_has_no_row() -> None:
    assert rows("webhook_payloads", make_event("pull_request", {"zen": "x"})) == []


def test_a_usage_report_is_no_payload() -> None:
    assert rows("webhook_payloads", make_event("usage_report", {"reporter": "bot", "calls": 1})) == []


def odd() -> Iterator[bytes]:
    """Payloads whose leaves are of every kind that JSON has."""
    leaves = (b'"\\u0000"', b'"\\udfff"', b"0", b"-0.0", b"1e300", b"1e-300", b"1.50", b"%d" % 2**64, b"true", b"null")
    for name, leaf in itertools.product((b"a", b"", b"\\u0000", b"\\ud800"), leaves):
        yield b'{"repository":{"id":7},"%s":[%s,{"%s":%s}]}' % (name, leaf, name, leaf)


@pytest.mark.parametrize("size", [1, 10_000])
def test_postgresql_takes_every_payload_that_has_a_row(
    database: str, connection: Connection, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In either way of loading, in any order, told twice."""
    project(database, connection, "webhook_payloads")
    events = [make_event("ping", body, number) for number, body in enumerate(odd(), 1)]
    told = [*events, *events]
    random.Random(1).shuffle(told)
    for start in range(0, len(told), size):
        ((folded,), _) = fold([webhook_payloads], told[start : start + size])
        assert folded.parks == []
        with connection.transaction():
            load(connection, webhook_payloads, "webhook_payloads_g1", folded.rows)
    found = connection.execute("SELECT position, payload FROM webhook_payloads_g1.webhook_payloads ORDER BY 1")
    expected = [(event.position, comparable(parse(event.body))) for event in events]
    assert [(position, comparable(held)) for position, held in found] == expected


def comparable(value: Any) -> Any:
    """jsonb holds numbers as numerics: 1e300 comes back in digits."""
    return json.loads(json.dumps(value), parse_int=float, parse_float=float)


def expected_payloads(connection: Connection) -> list[tuple[int, Any]]:
    positions = connection.execute("SELECT delivery_id, body_sha256, position FROM webhooks").fetchall()
    place = {(delivery_id, sha256): position for delivery_id, sha256, position in positions}
    found = []
    for number, told in enumerate(deliveries()[:TOLD], 1):
        event = make_event(told.event_type, told.body, number)
        for stated in webhook_payload_rows(event):
            position = place[told.delivery_id, told.body_sha256]
            found.append((position, comparable(json.loads(stated["payload"].obj))))
    return sorted(found)


@contextmanager
def projecting(database: str) -> Iterator[None]:
    """The projector as a service runs it, with the projection switched on."""
    load = partial(active_projections, (NAME,))
    stop = threading.Event()
    leader = Projector(database, load(), decode, partial(rebuild, Playback(database, load, decode)))
    thread = threading.Thread(target=leader.run, args=[stop])
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("short_history", [5_000, 100], ids=["in the projector's loop", "by a process of its own"])
def test_switching_it_on_builds_it_from_history_while_the_service_runs(
    database: str, connection: Connection, monkeypatch: pytest.MonkeyPatch, short_history: int
) -> None:
    monkeypatch.setattr(projector, "SHORT_HISTORY", short_history)
    fill(connection, TOLD)
    project(database, connection)
    with running(database, projector=False, **ON) as service, projecting(database):
        head = int(service.post("ping", {"zen": "Keep it simple."}).headers["X-Log-Position"])
        until_live(connection)
        (own,) = [one for one in service.get("/api/metrics/projections")["projections"] if one["name"] == NAME]
        assert (own["state"], own["parked"], own["position"]) == ("live", 0, head)
        assert connection.execute("SELECT count(*) FROM replays").fetchone() == (int(short_history < TOLD),)
    held = [(position, comparable(held)) for position, held in connection.execute(LIVE)]
    assert held == [*expected_payloads(connection), (head, {"zen": "Keep it simple."})]


def until_live(connection: Connection) -> None:
    while not any(one.projection == NAME and one.live for one in generations.generations(connection)) or behind(
        connection
    ):
        time.sleep(0.05)


def test_switched_off_its_table_stays_until_dropped_and_on_again_it_goes_on(
    database: str, connection: Connection
) -> None:
    fill(connection, 100, gap=False)
    project(database, connection, NAME)
    with running(database) as service:
        answer = service.post("ping", {"zen": "Avoid administrative distraction."})
        head = int(answer.headers["X-Log-Position"])
        assert service.get("/api/metrics/webhooks", min_position=head)["pagination"]["total"] > 0
        health = service.client.get("/health")
        assert {one["name"]: one["state"] for one in health.json()["projections"]}[NAME] == "gone"
        assert health.headers["X-Log-Position"] == str(head)
    assert connection.execute("SELECT max(position) FROM webhook_payloads").fetchone() == (100,)
    with running(database, **ON) as service:
        while behind(connection):
            time.sleep(0.05)
    assert connection.execute("SELECT max(position) FROM webhook_payloads").fetchone() == (head,)
    assert len([one for one in generations.generations(connection) if one.projection == NAME]) == 1
    assert "Nothing to drop" in invoke(database, "replay", "drop", **ON).stdout
    assert f"{NAME}: generation 1 is dropped" in invoke(database, "replay", "drop").stdout
    assert connection.execute("SELECT to_regclass('webhook_payloads')").fetchone() == (None,)
    assert f"{NAME}: generation" not in invoke(database, "replay", "status").stdout


def test_it_is_off_unless_named() -> None:
    assert NAME not in {one.name for one in active_projections()}
    assert NAME in {one.name for one in active_projections(["webhook_payloads"])}
    assert load_settings(ON).extra_projections == (NAME,)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("webhook_payload", "webhook_payload is no optional projection: did you mean webhook_payloads?"),
        ("webhook_payloads, x", "x is no optional projection: known: webhook_payloads"),
        ("pull_requests", "pull_requests is always on"),
    ],
)
def test_a_name_that_cannot_be_switched_on_is_a_fault(given: str, fault: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings({"METRICS_EXTRA_PROJECTIONS": given})
    assert str(raised.value) == f"METRICS_EXTRA_PROJECTIONS: {fault}"


def test_every_projection_says_in_a_line_what_it_holds() -> None:
    lines = {one.name: described(one) for one in all_projections()}
    assert lines[NAME] == "the payload of each event as jsonb, for SQL over payloads."
    assert lines["check_run_attempts"].startswith("each completion of it")
    assert all("\n" not in line and line for line in lines.values())
