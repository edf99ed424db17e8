"""Addresses that nobody should have written, and answers that nobody expected: the page lives on."""

from typing import Any

import pytest

from tests.browser.conftest import Told

MEANINGLESS = [
    "?page=contributors&person=somebody&role=constructor",
    "?page=ci&jobs.by=constructor&jobs.sort=toString%20down",
    "?page=pull-requests&prs.page=1.5&prs.size=5000&prs.sort=nothing%20down",
    "?page=pull-requests&prs.search=" + 300 * "x",
    "?page=operations&parked=everything",
    "?feed.status=splendid",
    "?tz=%2B05:45",
    "?tz=utc",
    "?range=custom&from=%2B275000-01-01T00:00:00Z&to=-000001-01-01T00:00:00Z",
]


@pytest.mark.parametrize("search", MEANINGLESS)
def test_what_an_address_cannot_mean_is_not_said(told: Told, look: Any, search: str) -> None:
    page = look(told.service).open(search)
    assert page.locator(".state-bad").count() == 0
    if "person=" in search:
        assert page.locator("dialog[open] h2").first.inner_text() == "somebody"


def test_a_panel_that_fails_takes_no_other_with_it(told: Told, look: Any) -> None:
    window = look(told.service)
    window.expected = ("TypeError",)
    window.page.route("**/api/metrics/repositories?*", lambda route: route.fulfill(json={"repositories": None}))
    page = window.open("?range=7d")
    broken = page.locator(".panel", has=page.get_by_role("heading", name="Repositories", exact=True))
    assert broken.locator(".state-title").inner_text() == "This could not be shown"
    assert page.locator(".panel .state-bad").count() == 1
    page.unroute("**/api/metrics/repositories?*")
    page.click("nav >> text=CI")
    page.click("nav >> text=Overview")
    window.settled()
    assert page.locator(".state-bad").count() == 0
