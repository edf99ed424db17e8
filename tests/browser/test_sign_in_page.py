"""Where keys are set, the dashboard asks for one, and goes on where it was."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Window
from tests.browser.test_accessibility import AXE, RUN
from tests.service import Service, clone, running

KEY = "a key of the tests"


@pytest.fixture(scope="module")
def guarded(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, METRICS_API_KEYS=KEY) as service:
        yield service


def sign_in(window: Window, search: str = "") -> Any:
    """As a reader does."""
    page = window.page
    page.goto(f"{window.url}/dashboard{search}")
    page.wait_for_url("**/login?*")
    page.locator("input[name=key]").fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard*")
    window.settled()
    return page


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


def test_a_reader_signs_out(guarded: Service, look: Any) -> None:
    window: Window = look(guarded)
    window.expected = ("Failed to load resource: the server responded with a status of 401",)
    page = sign_in(window, "?page=operations")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login?*")
    page.goto(f"{guarded.url}/dashboard")
    page.wait_for_url("**/login?*")
    assert page.context.cookies() == []


def test_without_keys_there_is_nothing_to_sign_out_of(database: str, look: Any) -> None:
    with running(database) as service:
        page = look(service).open()
        page.get_by_role("button", name="Settings").wait_for()
        assert page.get_by_role("button", name="Sign out").count() == 0
        page.close()


def test_a_page_whose_session_has_ended_leads_to_where_to_sign_in(guarded: Service, look: Any) -> None:
    """The stream is cut and answers 401 when the page comes back to it: a browser's own EventSource would give up."""
    window: Window = look(guarded)
    window.expected = ("Failed to load resource",)
    page = sign_in(window, "?page=operations")
    page.locator(".status[data-state=live]").wait_for()
    page.context.clear_cookies()
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.wait_for_url("**/login?*page*operations*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("failed", [False, True])
def test_axe_finds_nothing_serious_where_one_signs_in(guarded: Service, look: Any, scheme: str, failed: bool) -> None:
    window: Window = look(guarded, width=360, color_scheme=scheme, bypass_csp=True)
    window.expected = ("Failed to load resource: the server responded with a status of 401",)
    page = window.page
    page.goto(f"{guarded.url}/login")
    if failed:
        page.locator("input[name=key]").fill("another key")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.add_script_tag(path=AXE)
    assert page.evaluate(RUN) == []
