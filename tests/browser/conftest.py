"""A browser, and a service with a history to look at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.browser.told import now, tell
from tests.histories import project
from tests.service import Service, clone, running

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WAIT = 15_000
"""Milliseconds: for a machine that has much else to do."""
LOADED = "main .panel:not([aria-busy=true])"


def chromium() -> str | None:
    """Where the browser is."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skip(reason="there is no Chromium: apt-get install chromium")
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            if chromium() is None:
                item.add_marker(missing)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """For one module: playwright keeps an event loop running in this thread, and `asyncio.run` in a later test of
    the same process would be refused."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield started
        started.close()


@dataclass
class Told:
    """A service with a history that ends at `until`."""

    service: Service
    database: str
    until: datetime


@pytest.fixture(scope="session")
def told_template(server: str, template: str) -> Iterator[tuple[str, datetime]]:
    """A database with that history, to be cloned, and when it ends."""
    with clone(server, template) as database:
        until = now()
        with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as connection:
            tell(connection, until=until, days=10, pull_requests=80)
            project(database, connection)
            connection.execute("ANALYZE")
        yield str(conninfo_to_dict(database)["dbname"]), until


@pytest.fixture(scope="module")
def told(server: str, told_template: tuple[str, datetime]) -> Iterator[Told]:
    name, until = told_template
    with clone(server, name) as database, running(database) as service:
        yield Told(service, database, until)


@dataclass
class Window:
    """A page of the dashboard, and what it complained of."""

    page: Any
    url: str
    complaints: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Beginnings of complaints that the test provokes."""

    def open(self, search: str = "") -> Any:
        """Go to a page of the dashboard and wait until its panels are filled."""
        self.page.goto(f"{self.url}/dashboard{search}")
        self.settled()
        return self.page

    def hear(self, message: Any) -> None:
        """Note what should not have been written to the console."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def settled(self) -> None:
        self.page.wait_for_selector(LOADED)
        self.page.wait_for_selector("main :is([aria-busy=true], .bone, .is-stale), [data-waiting]", state="detached")


@pytest.fixture
def look(browser: Any) -> Iterator[Any]:
    """`look(service, …)` opens a window; at the end nothing may have been written to any console."""
    with looking(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def look_once(browser: Any) -> Iterator[Any]:
    """For windows that several tests of a module look at: to open a page costs seconds of processor time."""
    with looking(browser) as opened:
        yield opened


@contextmanager
def looking(browser: Any) -> Iterator[Any]:
    windows: list[tuple[Any, Window]] = []

    def opened(service: Service, *, width: int = 1280, height: int = 900, **more: Any) -> Window:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            **{"timezone_id": "Europe/Prague", "locale": "en-GB", "reduced_motion": "reduce", **more},
        )
        context.set_default_timeout(WAIT)
        window = Window(context.new_page(), service.url)
        window.page.on("console", window.hear)
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        windows.append((context, window))
        return window

    yield opened
    for context, window in windows:
        context.close()
        assert [told for told in window.complaints if not told.startswith(window.expected or ("\0",))] == []
