"""Where keys are set, the dashboard asks for one, and goes on where it was."""

from typing import Any

from tests.browser.conftest import Window
from tests.service import clone, running

KEY = "a key of the tests"


def test_a_reader_signs_in_and_comes_back_to_the_same_view(server: str, template: str, look: Any) -> None:
    with clone(server, template) as database, running(database, METRICS_API_KEYS=KEY) as service:
        window: Window = look(service)
        window.expected = ("Failed to load resource: the server responded with a status of 401",)
        page = window.page
        page.goto(f"{service.url}/dashboard?page=operations&tz=Asia%2FTokyo")
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
