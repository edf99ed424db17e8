"""Time travel: projections as they were, in a schema of their own, and a service that only reads it."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
import psycopg
import pytest
from websockets.sync.client import connect

from projections.catalog import active_projections
from projections.decode import decode
from replay import generations, load, time_travel
from replay.errors import ReplayError, StartError
from replay.event import Event
from replay.fold import fold
from replay.log import LogReader
from replay.time_travel import TimeTravel, position_at
from tests.command import invoke, settings_of
from tests.logged import deliveries, fill, project
from tests.processes import environment
from tests.service import delivery_headers
from tests.stored import stored_rows
from tests.test_entrypoint import free_port
from tests.test_websocket import closed

Connection = psycopg.Connection[Any]
PROJECTIONS = active_projections()
POSITION = 500


def events_until(connection: Connection, until: int) -> list[Event[Any]]:
    reader = LogReader(connection, decode)
    return list(reader.events(reader.records(0, until=until, limit=10**6), max_bytes=2**40))


def assert_equals_the_fold(connection: Connection, schema: str, until: int) -> None:
    folded, _ = fold(PROJECTIONS, events_until(connection, until))
    for one in folded:
        expected = sorted(load.values(one.projection, one.rows.values()), key=repr)
        assert sorted(stored_rows(connection, one.projection, schema), key=repr) == expected, one.projection.name


def indexes(connection: Connection, schema: str) -> int:
    found = connection.execute("SELECT count(*) FROM pg_indexes WHERE schemaname = %s", (schema,)).fetchone()
    return int(found[0]) if found else 0


def test_a_position_is_the_fold_of_the_log_up_to_it(database: str, connection: Connection) -> None:
    fill(connection)
    built = invoke(database, "replay", "--until", str(POSITION), "--into", "march")
    assert f"Schema march holds {len(PROJECTIONS)} projections as they were at position 500" in built.stdout
    assert_equals_the_fold(connection, "march", POSITION)
    assert indexes(connection, "march") == len(PROJECTIONS) + sum(len(one.indexes) for one in PROJECTIONS) + 2
    checkpoints = connection.execute(
        "SELECT projection, position, until, asked, version, finished_at IS NOT NULL FROM march.checkpoint ORDER BY 1"
    ).fetchall()
    assert checkpoints == [(one.name, POSITION, POSITION, "500", one.version, True) for one in PROJECTIONS]
    again = invoke(database, "replay", "--until", str(POSITION), "--into", "march", "--json")
    assert '"position":500' in again.stdout
    assert_equals_the_fold(connection, "march", POSITION)


def test_the_present_is_untouched_and_the_head_equals_it(database: str, connection: Connection) -> None:
    fill(connection)
    project(database, connection)
    before = generations.generations(connection)
    head = generations.head(connection)
    invoke(database, "replay", "--until", str(head), "--into", "now_too")
    assert generations.generations(connection) == before
    for one in PROJECTIONS:
        live = stored_rows(connection, one, f"{one.name}_g1")
        assert stored_rows(connection, one, "now_too") == live, one.name


def test_a_time_is_the_last_event_appended_by_then(database: str, connection: Connection) -> None:
    fill(connection)
    stamps = connection.execute("SELECT appended_at, max(position) FROM webhooks GROUP BY 1 ORDER BY 1").fetchall()
    assert len(stamps) >= 9
    microsecond = timedelta(microseconds=1)
    for at, position in stamps:
        assert position_at(connection, at) == position_at(connection, at + microsecond) == position
    for (_, before), (at, _) in pairwise(stamps):
        assert position_at(connection, at - microsecond) == before
    middle, position = stamps[4]
    built = invoke(database, "replay", "event_counts", "--until", middle.isoformat(), "--into", "march")
    assert f"is position {position}: the last event appended" in built.stderr
    assert connection.execute("SELECT position, asked FROM march.checkpoint").fetchall() == [
        (position, middle.isoformat())
    ]


def test_a_moment_that_is_not_in_the_log_is_refused(database: str, connection: Connection) -> None:
    with pytest.raises(ReplayError, match="the log is empty"):
        invoke(database, "replay", "--until", "2026-01-01", "--into", "march")
    fill(connection, 30)
    with pytest.raises(ReplayError, match=r"nothing had been appended by 2026-03-01T00:00:20\+00:00: this log begins"):
        invoke(database, "replay", "--until", "2026-03-01T00:00:20", "--into", "march")
    # An imported log was received before it was appended: the position is named, to be asked for.
    with pytest.raises(ReplayError, match=r"the last that was received by then is at position 19$"):
        invoke(database, "replay", "--until", "2026-03-01T00:00:20", "--into", "march")
    with pytest.raises(ReplayError, match="is still to come"):
        invoke(database, "replay", "--until", (datetime.now(UTC) + timedelta(days=1)).isoformat(), "--into", "march")
    for position in ("0", "36"):
        with pytest.raises(ReplayError, match="is not in it"):
            invoke(database, "replay", "--until", position, "--into", "march")
    assert connection.execute("SELECT FROM pg_namespace WHERE nspname = 'march'").fetchall() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--until", "5"),
        ("--into", "march"),
        ("--until", "tomorrow", "--into", "march"),
        ("--until", str(2**63), "--into", "march"),
        ("--until", "5", "--into", "march", "--diff"),
    ],
)
def test_wrong_usage_is_said(database: str, arguments: tuple[str, ...]) -> None:
    assert invoke(database, "replay", *arguments).exit_code == 2


class Killed(Exception):
    pass


def test_a_travel_that_is_interrupted_goes_on(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_travel, "BATCH", 60)
    fill(connection)
    batches = 0

    def build(names: set[str], stop_after: int | None = None, kill: bool = False) -> None:
        nonlocal batches
        stop = threading.Event()

        def watch(*_: int) -> None:
            nonlocal batches
            batches += 1
            if stop_after is not None and batches >= stop_after:
                stop.set()
                if kill:
                    raise Killed

        chosen = [one for one in PROJECTIONS if one.name in names]
        TimeTravel(connection, chosen, decode, "march").build(POSITION, "500", watch=watch, stop=stop)

    build({"pull_requests"}, stop_after=2)
    with pytest.raises(Killed):
        build({"pull_requests", "webhook_events", "api_usage"}, stop_after=5, kill=True)
    standing = connection.execute("SELECT position FROM march.checkpoint WHERE finished_at IS NULL").fetchall()
    assert len(standing) == 3
    assert all(0 < position < POSITION for (position,) in standing)
    build({one.name for one in PROJECTIONS})
    assert_equals_the_fold(connection, "march", POSITION)
    total = connection.execute("SELECT DISTINCT events FROM march.checkpoint").fetchall()
    assert total == connection.execute("SELECT count(*) FROM webhooks WHERE position <= %s", (POSITION,)).fetchall()


def test_two_at_once_do_not_count_twice(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_travel, "BATCH", 60)
    fill(connection, 300)
    stop = threading.Event()
    once = iter([True])

    def meanwhile(*_: int) -> None:
        if next(once, False):
            other = TimeTravel(connection, PROJECTIONS, decode, "march")
            other.build(250, "250", watch=lambda *_: None, stop=stop)

    TimeTravel(connection, PROJECTIONS, decode, "march").build(250, "250", watch=meanwhile, stop=stop)
    assert_equals_the_fold(connection, "march", 250)


def test_an_event_that_cannot_be_applied_is_parked_in_the_schema(connection: Connection) -> None:
    fill(connection, 200, gap=False)
    (counts,) = [one for one in PROJECTIONS if one.name == "event_counts"]

    def failing(event: Event[Any]) -> Any:
        if event.position in (7, 90):
            raise ValueError("bad \x00 event")
        return counts.rows(event)

    broken = copy(counts)
    object.__setattr__(broken, "rows", failing)
    TimeTravel(connection, [broken], decode, "march").build(150, "150", watch=lambda *_: None, stop=threading.Event())
    parked = connection.execute("SELECT projection, position, reason, error, state FROM march.parked_events ORDER BY 2")
    assert parked.fetchall() == [("event_counts", n, "rows", "ValueError: bad \ufffd event", "parked") for n in (7, 90)]
    assert connection.execute("SELECT sum(events) FROM march.event_counts").fetchone() == (
        len([event for event in events_until(connection, 150) if not event.repeat]) - 2,
    )
    assert connection.execute("SELECT count(*) FROM parked_events").fetchone() == (0,)


def test_a_schema_of_somebody_else_is_refused(database: str, connection: Connection) -> None:
    fill(connection, 30)
    connection.execute("CREATE SCHEMA theirs CREATE TABLE precious (id int)")
    for name in ("theirs", "pull_requests_g1"):
        with pytest.raises(ReplayError, match=r"holds something else|cannot be the schema"):
            invoke(database, "replay", "--until", "5", "--into", name)
    for name in ("public", "pg_then", "Then", "a b", 'a"b', "x" * 64, "information_schema", "then_g12", ""):
        with pytest.raises(ReplayError, match="cannot be the schema"):
            invoke(database, "replay", "--until", "5", "--into", name)
    with pytest.raises(ReplayError, match="holds something else"):
        invoke(database, "replay", "drop", "--schema", "theirs")
    assert connection.execute("SELECT count(*) FROM theirs.precious").fetchone() == (0,)
    connection.execute("CREATE SCHEMA empty")
    invoke(database, "replay", "event_counts", "--until", "5", "--into", "empty")
    assert connection.execute("SELECT position FROM empty.checkpoint").fetchall() == [(5,)]


def test_one_schema_is_of_one_position_until_it_is_dropped(database: str, connection: Connection) -> None:
    fill(connection, 30)
    invoke(database, "replay", "event_counts", "--until", "5", "--into", "march")
    with pytest.raises(ReplayError, match="schema march is of position 5, not 6"):
        invoke(database, "replay", "--until", "6", "--into", "march")
    connection.execute("UPDATE march.checkpoint SET definition_hash = 'another'")
    with pytest.raises(ReplayError, match="schema march has another definition of event_counts"):
        invoke(database, "replay", "event_counts", "--until", "5", "--into", "march")
    with pytest.raises(StartError, match="another definition of event_counts"):
        invoke(database, "serve", "--schema", "march", METRICS_SERVER_PORT=str(free_port()))
    assert "schema march is dropped" in invoke(database, "replay", "drop", "--schema", "march").stdout
    with pytest.raises(ReplayError, match="there is no schema march"):
        invoke(database, "replay", "drop", "--schema", "march")
    with pytest.raises(StartError, match=re.escape("build it with `replay --until … --into march`")):
        invoke(database, "serve", "--schema", "march", METRICS_SERVER_PORT=str(free_port()))
    invoke(database, "replay", "event_counts", "--until", "6", "--into", "march")


@pytest.fixture
def past(database: str, connection: Connection) -> Iterator[httpx2.Client]:
    """`serve --schema`, as a process, of position 500 of a log that is longer."""
    fill(connection)
    project(database, connection)
    invoke(database, "replay", "--until", str(POSITION), "--into", "march")
    port = free_port()
    given = {"METRICS_SERVER_PORT": str(port), "METRICS_SERVER_HOST": "127.0.0.1", "METRICS_SERVER_WORKERS": "1"}
    command = [
        sys.executable,
        "-c",
        "from github_metrics.commands.cli import main; main()",
        "serve",
        "--schema",
        "march",
    ]
    with (
        subprocess.Popen(command, env=environment(**settings_of(database, **given)), stdout=subprocess.PIPE) as process,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        deadline = time.monotonic() + 120
        while True:
            try:
                client.get("/healthz")
                break
            except httpx2.TransportError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield client
        process.terminate()
        output, _ = process.communicate(timeout=10)
    assert b"Read only  schema march, position 500" in output
    assert b"Webhook" not in output
    assert b"WEBHOOK" not in output
    assert process.returncode == 0


def test_a_service_over_the_past_only_reads(past: httpx2.Client, connection: Connection) -> None:
    then = [event for event in events_until(connection, POSITION) if not event.repeat]
    listed = past.get("/api/metrics/webhooks", params={"page_size": 1}).json()
    assert listed["pagination"]["total"] == len(then)
    assert listed["data"][0]["position"] == then[-1].position
    assert past.get("/api/metrics/webhooks").headers["x-log-position"] == str(POSITION)
    assert past.get("/api/metrics/summary").json()["summary"]["total_events"] == len(then)
    told = past.get(f"/api/metrics/webhooks/{then[9].delivery_id}").json()
    assert told["payload"]["sender"] is not None
    assert past.get(f"/api/metrics/webhooks/{deliveries()[-3].delivery_id}").status_code == 404

    health = past.get("/readyz")
    assert health.status_code == 200
    assert {(one["position"], one["lag_events"], one["state"]) for one in health.json()["projections"]} == {
        (POSITION, 0, "live")
    }
    projections = past.get("/api/metrics/projections").json()
    assert {one["state"] for one in projections["projections"]} == {"live"}
    assert projections["replays"] == []

    before = connection.execute("SELECT count(*) FROM webhooks").fetchone()
    refused = [
        past.post("/metrics", content=b"{}", headers=delivery_headers("ping", b"{}")),
        past.post("/metrics", content=b"not even JSON"),
        past.post("/api/metrics/usage", json={"reporter": "bot", "calls": 1}),
    ]
    assert [(answer.status_code, answer.json()["reason"]) for answer in refused] == [(503, "read_only")] * 3
    assert past.get("/metrics").status_code == 405
    nothing_live = past.get("/api/metrics/stream")
    assert (nothing_live.status_code, nothing_live.json()["reason"]) == (404, "not_live")
    with connect(f"ws://127.0.0.1:{past.base_url.port}/metrics/ws", proxy=None) as socket:
        assert closed(socket) == (1008, nothing_live.json()["detail"])
    assert connection.execute("SELECT count(*) FROM webhooks").fetchone() == before
