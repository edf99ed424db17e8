"""What nobody foresaw: what the log tells of it, and what the one who asked is told."""

import io
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
import pytest
import structlog

from github_metrics.access.keys import COOKIE
from github_metrics.logs import configure_logs
from github_metrics.settings import load_settings
from tests.service import SECRET, Service, clone, running
from tests.test_api import problem
from tests.test_mcp import with_fastmcp, with_reference

KEY = "the-key-of-a-reader"
HEADERS = {"X-API-Key": KEY, "Cookie": "other=what-a-cookie-holds"}
PAGE = "https://dash.example.org"
FAILING = "/api/metrics/labels"
BREAK = """
ALTER TABLE pr_labels_g1.pr_labels RENAME TO whole;
CREATE VIEW pr_labels_g1.pr_labels AS SELECT * FROM pr_labels_g1.whole WHERE 1 / 0 = 1;
"""
"""A query that was sound fails, as none foresaw."""


@pytest.fixture(scope="module")
def broken(server: str, template: str) -> Iterator[str]:
    with clone(server, template) as database:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(BREAK)
        yield database


@pytest.fixture(scope="module")
def guarded(broken: str) -> Iterator[Service]:
    with running(broken, projector=False, METRICS_API_KEYS=KEY, METRICS_CORS_ORIGINS=PAGE) as service:
        yield service


@contextmanager
def logged(log_format: str) -> Iterator[io.StringIO]:
    """What the service logs to standard error."""
    root = logging.getLogger()
    handlers, level, stderr = root.handlers[:], root.level, sys.stderr
    written = sys.stderr = io.StringIO()
    try:
        configure_logs(load_settings({"METRICS_LOG_FORMAT": log_format}))
        yield written
    finally:
        sys.stderr = stderr
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
        structlog.reset_defaults()


def until(holds: Callable[[], bool]) -> None:
    """What a server does after its answer has come takes a moment."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_is_logged_of_a_fault_holds_no_secret_and_is_short(guarded: Service, log_format: str) -> None:
    cookie = guarded.client.post("/login", json={"key": KEY}).cookies[COOKIE]
    guarded.client.cookies.clear()
    with logged(log_format) as written:
        bearer = {"Authorization": f"Bearer {KEY}"}
        for headers in (HEADERS, bearer, {"Cookie": f"{COOKIE}={cookie}"}):
            assert guarded.client.get(FAILING, headers=headers).status_code == 500
        until(lambda: written.getvalue().count("division by zero") >= 3)
    told = written.getvalue()
    assert "github_metrics/api/labels.py" in told, "where it happened is told"
    assert not [secret for secret in (KEY, "what-a-cookie-holds", cookie, SECRET) if secret in told]
    assert len(told) < 3 * 20_000
    if log_format == "json":
        assert len([orjson.loads(line) for line in told.splitlines()]) == 3


def test_a_fault_is_a_problem_that_tells_nothing_of_the_inside(guarded: Service) -> None:
    connections = set()
    for method in ("GET", "HEAD", "GET"):
        with guarded.client.stream(method, FAILING, headers={**HEADERS, "Origin": PAGE}) as answer:
            connections.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
            answer.read()
        assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert problem(answer, 500, "internal") == "the service failed; its log says at what"
    assert len(connections) == 1, "the connection goes on"


@pytest.mark.parametrize(("connected", "options"), [(with_fastmcp, {"raise_on_error": False}), (with_reference, {})])
def test_a_tool_that_fails_says_that_the_service_failed(
    guarded: Service, connected: Callable[..., Any], options: dict[str, Any]
) -> None:
    async def ask(client: Any) -> Any:
        return await client.call_tool("get_labels", {}, **options)

    found = connected(guarded, ask, **{"X-API-Key": KEY})
    assert found.is_error
    assert "the service failed" in found.content[0].text
    assert "division" not in found.content[0].text
