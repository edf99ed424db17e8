"""Long lists as CSV are sent while they are read: from the first rows on, to slow readers too, and whole or broken off.

The events come from a view, so that a test may let the last of a list wait, or fail.
"""

import csv
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, LiteralString

import httpx2
import psycopg
import pytest
from structlog.testing import capture_logs

from projections.duration_buckets import BOUNDS
from tests.service import Service, clone, running
from tests.streams import NARROW, narrow
from tests.test_api import problem
from tests.test_read_plans import APART, BEGIN, HISTORY, search_path

WEBHOOKS = "/api/metrics/webhooks"
EVENTS = 20_000
FUNCTIONS = """
CREATE FUNCTION fails(at bigint, code text) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'as the test wants' USING ERRCODE = code; END $$;
CREATE FUNCTION waits(at bigint) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN true; END $$
"""
"""Stable, or PostgreSQL would find all rows first before its version 18; of a row, or it would ask them in advance."""
READING: LiteralString = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'reader' AND state <> 'idle'
"""
WAITING: LiteralString = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def history(server: str, template: str) -> Iterator[str]:
    with clone(server, template) as database, psycopg.connect(database, autocommit=True) as connection:
        search_path(connection)
        connection.execute(HISTORY.encode(), {"events": EVENTS, "begin": BEGIN, "apart": APART, "bounds": list(BOUNDS)})
        connection.execute("ANALYZE webhook_events")
        connection.execute("ALTER TABLE webhook_events RENAME TO kept")
        connection.execute(FUNCTIONS.encode())
        yield database


@pytest.fixture
def operator(history: str) -> Iterator[Connection]:
    """A connection of somebody else, who may let rows wait."""
    with psycopg.connect(history, autocommit=True) as connection:
        search_path(connection)
        let_through(connection, "true")
        yield connection


@pytest.fixture
def gate(operator: Connection) -> Connection:
    """The last 5,000 rows wait for its lock."""
    operator.execute("SELECT pg_advisory_lock(4711)")
    let_through(operator, "position > 5000 OR waits(position)")
    return operator


def let_through(connection: Connection, condition: LiteralString) -> None:
    connection.execute(f"CREATE OR REPLACE VIEW webhook_events AS SELECT * FROM kept WHERE {condition}".encode())


def eventually(connection: Connection, query: LiteralString, count: int) -> None:
    """Until the database counts so many."""
    deadline = time.monotonic() + 20
    while (found := connection.execute(query).fetchall()) != [(count,)]:
        assert time.monotonic() < deadline, found
        threading.Event().wait(0.02)


@pytest.fixture(scope="module")
def api(history: str) -> Iterator[Service]:
    with running(history, projector=False) as service:
        narrow(service)
        yield service


@contextmanager
def downloading(service: Service) -> Iterator[httpx2.Response]:
    """An answer that has begun, to a reader whose kernel takes little of what is not read yet."""
    narrowed = httpx2.HTTPTransport(socket_options=[(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)])
    asked = {"params": {"format": "csv"}, "headers": {"Accept-Encoding": "identity"}}
    with (
        httpx2.Client(base_url=service.url, transport=narrowed, timeout=20) as client,
        client.stream("GET", WEBHOOKS, **asked) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        yield answer


def positions(lines: Iterator[str]) -> Iterator[int]:
    return (int(row["position"]) for row in csv.DictReader(lines))


def take(rows: Iterator[int], count: int) -> list[int]:
    return [next(rows) for _ in range(count)]


def test_the_first_rows_are_sent_before_the_last_is_found(api: Service, gate: Connection) -> None:
    with downloading(api) as answer:
        rows = positions(answer.iter_lines())
        first = take(rows, 1000)
        eventually(gate, WAITING, 1)
        gate.execute("SELECT pg_advisory_unlock(4711)")
        assert [*first, *rows] == [*range(EVENTS, 0, -1)]


def test_the_whole_is_what_all_pages_are(api: Service, operator: Connection) -> None:
    answer = api.client.get(WEBHOOKS, params={"format": "csv"})
    assert answer.headers["Content-Encoding"] == "gzip"
    asked: dict[str, Any] = {"page_size": 1000, "after": 2**63 - 1}
    events: list[dict[str, Any]] = []
    while found := api.get(WEBHOOKS, **asked)["data"]:
        events += found
        asked["after"] = found[-1]["position"]
    told = [{name: "" if value is None else str(value) for name, value in event.items()} for event in events]
    whole = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(whole) == EVENTS
    booleans = {"metrics_available", "suspect_replay"}
    assert whole == [{name: v.lower() if name in booleans else v for name, v in event.items()} for event in told]


def test_a_slow_reader_holds_no_connection(api: Service, operator: Connection) -> None:
    assert api.server is not None
    with downloading(api) as answer:
        rows = positions(answer.iter_lines())
        first = take(rows, 1)
        eventually(operator, READING, 0)
        assert len(api.server.server_state.tasks) == 1, "the answer is on its way still"
        assert [*first, *rows] == [*range(EVENTS, 0, -1)]


def test_a_fault_in_the_middle_is_told_by_an_answer_that_is_not_whole(api: Service, operator: Connection) -> None:
    for code, reason in (("57014", "database_away"), ("22012", "internal")):
        let_through(operator, f"position > 5000 OR fails(position, '{code}')")
        with capture_logs() as logs, downloading(api) as answer, pytest.raises(httpx2.RemoteProtocolError):
            list(positions(answer.iter_lines()))
        (told,) = [entry for entry in logs if entry["event"] == "a download is broken off"]
        assert (told["log_level"], told["reason"]) == ("error", reason)
        eventually(operator, READING, 0)


def test_a_fault_in_the_first_rows_is_a_problem(api: Service, operator: Connection) -> None:
    let_through(operator, "fails(position, '57014')")
    problem(api.client.get(WEBHOOKS, params={"format": "csv"}), 503, "database_away")
    eventually(operator, READING, 0)


def test_what_a_reader_does_not_wait_for_is_not_worked_out(api: Service, gate: Connection) -> None:
    with downloading(api) as answer:
        rows = positions(answer.iter_lines())
        take(rows, 1)
        eventually(gate, WAITING, 1)
    eventually(gate, WAITING, 0)
    eventually(gate, READING, 0)


def test_of_a_head_only_the_first_rows_are_worked_out(api: Service, gate: Connection) -> None:
    answer = api.client.head(WEBHOOKS, params={"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    eventually(gate, WAITING, 0)
    eventually(gate, READING, 0)


def test_a_service_that_stops_waits_for_no_download(history: str, gate: Connection) -> None:
    with running(history, projector=False) as service:
        assert service.server is not None
        service.server.config.timeout_graceful_shutdown = 1
        with downloading(service) as answer:
            rows = positions(answer.iter_lines())
            take(rows, 1)
            eventually(gate, WAITING, 1)
            service.stop()
            with pytest.raises(httpx2.RemoteProtocolError):
                list(rows)
        eventually(gate, READING, 0)


def test_downloads_leave_connections_to_others(api: Service, gate: Connection) -> None:
    with ExitStack() as under_way:
        for count in (1, 2):
            under_way.enter_context(downloading(api))
            eventually(gate, WAITING, count)
        refused = api.client.get(WEBHOOKS, params={"format": "csv"})
        problem(refused, 503, "busy")
        assert refused.headers["Retry-After"] == "10"
        short = api.client.get(WEBHOOKS, params={"format": "csv", "event_type": "release", "start_time": "2026-02-01"})
        assert len(short.text.splitlines()) > 1
    eventually(gate, READING, 0)
    with downloading(api) as answer:
        gate.execute("SELECT pg_advisory_unlock(4711)")
        assert len(list(positions(answer.iter_lines()))) == EVENTS
