"""Where keys are set, the dashboard asks for one, and goes on where it was."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Window
from tests.service import Service, clone, running

KEY = "a key of the tests"


@pytest.fixture
def guarded(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, METRICS_API_KEYS=KEY) as service:
        yield service


def test_a_reader_signs_in_and_comes_back_to_the_same_view(guarded: Service, look: Any) -> None:
    window: Window = look(guarded)
    window.expected = ("Failed to load resource: the server responded with a status of 401",)
    page = window.page
    page.goto(f"{guarded.url}/dashboard?page=operations&tz=Asia%2FTokyo")
    page.wait_for_url("**/login?*")
    page.locator("input[name=key]").fill("another key")
    page.locator("button[type=submit], form button").first.click()
    page.get_by_role("alert").wait_for()
    page.locator("input[name=key]").fill(KEY)
    page.locator("button[type=submit], form button").first.click()
    page.wait_for_url("**/dashboard?page=operations&tz=Asia*")
    window.settled()
    page.get_by_text("No replay is under way").wait_for()
    page.locator(".status[data-state=live]").wait_for()
