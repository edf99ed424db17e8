"""Pull requests in a browser: numbers are the API's, the list is searched and sorted by the service, a story explains itself."""

from typing import Any

import pytest

from tests.browser.conftest import Told
from tests.browser.test_accessibility import AXE, RUN
from tests.browser.test_overview import HOSTILE, asked, tile
from tests.events import payload, pull_request, user

PAGE = "?page=pull-requests&range=all"
LIST = ".table-scroll[aria-label='All pull requests'] tbody tr"
HOUR = 3600


def listed(page: Any) -> list[str]:
    """Which pull requests the table shows."""
    return [cell.inner_text().split(" · ")[0] for cell in page.locator(f"{LIST} .pr-where").all()]


def names(told: Told, **parameters: Any) -> list[str]:
    """What it should show."""
    found = told.service.get("/api/metrics/pull-requests", **parameters)["data"]
    return [f"{one['repository']} #{one['number']}" for one in found]


def longest(told: Told) -> dict[str, Any]:
    """The merged one that took longest."""
    found = told.service.get("/api/metrics/pull-requests", state="merged", sort="-cycle_time", page_size=1)["data"]
    return dict(found[0])


def story_of(one: dict[str, Any]) -> str:
    return f"{one['repository']}/{one['number']}"


def seconds(shown: str) -> int:
    """What a duration of whole units says; one that is less than a unit counts for none."""
    sizes = {"d": 24 * HOUR, "h": HOUR, "min": 60, "s": 1}
    words = [] if shown == "none" or shown.startswith("<") else shown.split()
    return sum(int(number) * sizes[unit] for number, unit in zip(words[::2], words[1::2], strict=True))


@pytest.fixture(scope="module")
def page(told: Told, look_once: Any) -> Any:
    """Each test turns another panel of it into tables."""
    return look_once(told.service).open(PAGE)


def test_its_numbers_are_the_apis(told: Told, page: Any) -> None:
    total = told.service.get("/api/metrics/lifecycle", group="all")["total"]
    open_now = told.service.get("/api/metrics/pull-requests", state="open")["pagination"]["total"]
    unreviewed = 100 * total["merged_without_review_count"] / total["merged_count"]
    # A browser rounds halves up, Python to even.
    assert abs(float(tile(page, "Merged unreviewed").rstrip("%")) - unreviewed) <= 0.05 + 1e-9
    assert tile(page, "Open now") == str(open_now)
    assert listed(page) == names(told)
    parts = [seconds(one) for one in page.locator(".sum dd").all_inner_texts()]
    assert sum(parts[:-1]) == parts[-1]
    assert abs(parts[-1] - total["cycle_time"]["mean"]) <= HOUR / 2
    phases = page.get_by_role("region", name="Cycle time by phase", exact=True)
    phases.get_by_role("button", name="as a table").click()
    merged = [int(row.locator("td").nth(1).inner_text()) for row in phases.locator("tbody tr").all()]
    assert sum(merged) == total["merged_count"]


def test_the_distribution_is_the_apis(told: Told, page: Any) -> None:
    bars = told.service.get("/api/metrics/lifecycle", group="all")["distribution"]
    panel = page.get_by_role("region", name="Distribution", exact=True)
    panel.locator(".chart-area svg path").nth(5).wait_for(state="attached")
    for name, field in (("Cycle time", "cycle_time"), ("Pickup", "pickup_time")):
        choice = panel.get_by_role("button", name=f"{name} as a histogram")
        choice.click()
        assert choice.get_attribute("aria-pressed") == "true"
        panel.get_by_role("button", name=f"{name}, distribution as a table").click()
        shown = [int(row.locator("td").nth(1).inner_text()) for row in panel.locator(".chart tbody tr").all()]
        assert [one for one in shown if one] == [bar[field] for bar in bars if bar[field]]
        panel.get_by_role("button", name=f"{name}, distribution as a chart").click()


def test_the_list_is_searched_filtered_and_sorted_by_the_service(told: Told, look: Any) -> None:
    window = look(told.service)
    page = window.open(PAGE)
    word = told.service.get("/api/metrics/pull-requests")["data"][0]["title"].split()[-1]
    page.get_by_role("searchbox").fill(word)
    page.wait_for_url("**prs.search=*")
    window.settled()
    assert listed(page) == names(told, search=word)
    page.get_by_label("State", exact=True).select_option("merged")
    window.settled()
    page.get_by_role("button", name="Cycle time", exact=True).click()
    window.settled()
    assert asked(page)["prs.sort"] == "cycle_time down"
    assert listed(page) == names(told, search=word, state="merged", sort="-cycle_time")
    page.go_back()
    page.go_back()
    window.settled()
    assert listed(page) == names(told, search=word)
    page.get_by_role("searchbox").fill("no title has this")
    page.get_by_role("button", name="Clear search and filters").click()
    window.settled()
    assert (page.get_by_role("searchbox").input_value(), listed(page)) == ("", names(told))


def test_a_pull_request_opens_its_story_and_back_closes_it(told: Told, look: Any) -> None:
    one = longest(told)
    window = look(told.service)
    page = window.open(f"{PAGE}&prs.state=merged&prs.sort=cycle_time+down")
    page.locator(f"{LIST} .pr-title").first.click()
    story = page.get_by_role("dialog")
    story.locator(".story-event").first.wait_for()
    assert asked(page)["pr"] == story_of(one)
    answer = told.service.get(f"/api/metrics/pr-story/{story_of(one)}")
    shown = story.locator(".story-what > p:first-child .outside").all_inner_texts()
    assert shown == [event["description"] for event in answer["events"]]
    parts = [seconds(text) for text in story.locator(".phase-list dd:nth-of-type(1)").all_inner_texts()]
    assert sum(parts[:-1]) == parts[-1]
    assert abs(parts[-1] - one["cycle_time"]) <= HOUR / 2
    page.go_back()
    story.wait_for(state="detached")
    assert listed(page)[0] == f"{one['repository']} #{one['number']}"


def test_a_number_leads_to_the_delivery_that_set_it(told: Told, look: Any) -> None:
    one = longest(told)
    window = look(told.service)
    page = window.open(f"{PAGE}&pr={story_of(one)}&story=why")
    explained = told.service.get(f"/api/metrics/explain/{story_of(one)}")
    moments = page.locator(".moment")
    moments.first.wait_for()
    assert [moment.locator("p").first.inner_text() for moment in moments.all()] == [
        told["rule"] for told in explained["boundaries"]
    ]
    merged = next(told for told in explained["boundaries"] if told["name"] == "merged_at")
    moments.filter(has_text=merged["rule"]).locator(".source").first.click()
    page.get_by_text(merged["source"]["delivery_id"]).wait_for()
    page.keyboard.press("Escape")
    page.get_by_text(merged["source"]["delivery_id"]).wait_for(state="detached")
    assert asked(page)["story"] == "why"
    page.keyboard.press("Escape")
    moments.first.wait_for(state="detached")
    assert "pr" not in asked(page)


def test_axe_finds_nothing_serious_in_a_story(told: Told, look: Any) -> None:
    window = look(told.service, bypass_csp=True)
    for view, part in (("", ".story-event"), ("&story=why", ".moment")):
        page = window.open(f"{PAGE}&pr={story_of(longest(told))}{view}")
        page.locator(part).first.wait_for()
        page.add_script_tag(path=AXE)
        assert page.evaluate(RUN) == []


def test_hostile_text_is_only_text(told: Told, look: Any) -> None:
    """Last of this module: it changes the history."""
    login = "<svg/onload=alert(1)>\u202e" + "x" * 60
    opened = pull_request(4_000_321, title=HOSTILE, user=user(login), html_url="javascript:alert(1)")
    answered = told.service.post("pull_request", payload("opened", pull_request=opened, sender=user(login)))
    position = answered.headers["X-Log-Position"]
    told.service.get("/api/metrics/webhooks", min_position=position)
    window = look(told.service, width=360)
    page = window.open(f"{PAGE}&prs.search=%234000321")
    assert page.locator(LIST).count() == 1
    page.locator(f"{LIST} .pr-title").click()
    story = page.get_by_role("dialog")
    story.locator(".story-event").first.wait_for()
    assert "<img src=x" in story.inner_text()
    assert page.locator("img, svg[onload], a[href^=javascript]").count() == 0
    assert page.title() == "Pull requests · GitHub Metrics"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('.dialog-body').scrollWidth <= innerWidth")


def test_a_pull_request_that_is_not_known_says_so(told: Told, look: Any) -> None:
    window = look(told.service)
    window.expected = ("Failed to load resource",)
    page = window.open(f"{PAGE}&pr=nobody/nothing/1")
    page.get_by_role("dialog").get_by_text("PR #1 not found in nobody/nothing").wait_for()
