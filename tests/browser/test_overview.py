"""The overview in a browser: its numbers are the API's, and filters, theme and payloads work as a reader expects."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Told
from tests.events import payload, pull_request, user
from tests.service import Service, clone, running

HOSTILE = "<img src=x onerror=\"document.title='broken'\"> \u202emaerd \U0001f600 " + "w" * 300


def tile(page: Any, name: str) -> str:
    return page.locator(".tile", has=page.get_by_text(name, exact=True)).locator(".tile-value").inner_text()


def asked(page: Any) -> dict[str, str]:
    """The parameters of the address."""
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


@dataclass
class Opened:
    """A page that tests only read, and what it has asked for since it was opened."""

    page: Any
    asked_for: list[str]


def opened(window: Any, search: str) -> Opened:
    asked_for: list[str] = []
    window.page.on("request", lambda request: asked_for.append(request.url))
    return Opened(window.open(search), asked_for)


@pytest.fixture(scope="module")
def whole(told: Told, look_once: Any) -> Opened:
    return opened(look_once(told.service), "?range=all")


@pytest.fixture(scope="module")
def month(told: Told, look_once: Any) -> Opened:
    return opened(look_once(told.service), "?range=30d&tz=UTC")


def test_its_numbers_are_the_apis(told: Told, whole: Opened) -> None:
    page = whole.page
    summary = told.service.get("/api/metrics/summary")
    numbers = summary["summary"]
    assert tile(page, "Events") == f"{numbers['total_events']:,}"
    assert tile(page, "Success rate") == f"{numbers['success_rate']:.2f}%"
    assert tile(page, "Failed events") == str(numbers["failed_events"])
    assert tile(page, "Median processing") == f"{numbers['median_processing_time_ms']} ms"
    assert tile(page, "Repositories") == str(numbers["unique_repositories"])
    rows = page.locator(".table-scroll[aria-label=Repositories] tbody tr").all()
    shown = [[cell.inner_text() for cell in row.locator("td").all()[:2]] for row in rows]
    listed = told.service.get("/api/metrics/repositories")["repositories"]
    assert shown == [[one["repository"], f"{one['total_events']:,}"] for one in listed]


def test_a_chart_has_its_numbers_as_a_table(told: Told, month: Opened) -> None:
    page = month.page
    panel = page.get_by_role("region", name="Events over time", exact=True)
    panel.locator(".chart-area svg path").nth(10).wait_for(state="attached")
    panel.get_by_role("button", name="as a table").click()
    last = [row.locator("td").last.inner_text() for row in panel.locator("tbody tr").all()]
    assert (
        sum(int(one.replace(",", "")) for one in last)
        == told.service.get("/api/metrics/summary")["summary"]["total_events"]
    )


def test_success_and_processing_time_are_shown_over_time(told: Told, month: Opened) -> None:
    page = month.page
    span = {"start_time": "30d", "end_time": "now", "bucket": "day", "durations": True}
    days = [one for one in told.service.get("/api/metrics/trends", **span)["trends"] if one["total_events"]]
    panel = page.get_by_role("region", name="Success and processing time", exact=True)
    panel.get_by_role("button", name="Processing time over time as a table").click()
    shown = [[cell.inner_text() for cell in row.locator("td").all()[1:]] for row in panel.locator("tbody tr").all()]
    # The month of the page began before that of the question, by as long as the page has been open.
    found, days = [row for row in shown if row[-1] != "0"][-20:], days[-20:]
    assert [row[-1] for row in found] == [f"{one['total_events']:,}" for one in days]
    for row, day in zip(found, days, strict=True):
        for cell, name in zip(row, ("median", "p90", "p75", "avg"), strict=False):
            number, unit = cell.split(" ")
            length = {"ms": 1, "s": 1000}[unit]
            assert abs(float(number) * length - day[f"{name}_processing_time_ms"]) <= max(0.5, 0.05 * length), name


def test_one_question_tells_what_comes_over_time_and_one_how_long_it_took(month: Opened) -> None:
    questions = [parse_qs(urlsplit(url).query) for url in month.asked_for if "/api/metrics/trends" in url]
    counting, timing = sorted(questions, key=lambda one: "durations" in one)
    assert (counting["bucket"], counting["group_by"], "event_type" in counting) == (["day"], ["event_type"], False)
    assert (timing["bucket"], timing["durations"], "group_by" in timing) == (["day"], ["true"], False)


def test_nothing_is_asked_twice_while_it_opens(whole: Opened) -> None:
    whole.page.locator(".status[data-state=live]").wait_for()
    whole.page.wait_for_timeout(1_000)
    numbers = [url for url in whole.asked_for if "/api/metrics/" in url and "/projections" not in url]
    assert len(numbers) == len(set(numbers)) >= 5


def test_what_came_between_an_answer_and_the_stream_is_asked_for_once_more(told: Told, look: Any) -> None:
    window = look(told.service)
    asked_for: list[str] = []

    def answer_of_before(route: Any) -> None:
        asked_for.append(route.request.url)
        given = route.fetch()
        late = {"X-Log-Position": "1"} if len(asked_for) == 1 else {}
        route.fulfill(response=given, headers={**given.headers, **late})

    window.page.route("**/api/metrics/summary*", answer_of_before)
    page = window.open("?range=30d")
    page.locator(".status[data-state=live]").wait_for()
    page.wait_for_timeout(1_500)
    assert len(asked_for) == 2


def test_filters_are_in_the_address_and_the_back_button_undoes_them(told: Told, look: Any) -> None:
    page = look(told.service).open()
    repository = told.service.get("/api/metrics/repositories")["repositories"][0]["repository"]
    page.get_by_role("button", name="Last 30 days").click()
    page.get_by_role("button", name="Last 7 days").click()
    assert asked(page) == {"range": "7d"}
    page.get_by_role("button", name="All repositories", exact=True).click()
    box = page.get_by_role("combobox", name="Repositories")
    box.fill(repository)
    page.get_by_role("option", name=repository).first.click()
    page.keyboard.press("Escape")
    assert asked(page) == {"range": "7d", "repo": repository}
    page.reload()
    page.get_by_role("button", name=repository).wait_for()
    page.go_back()
    page.get_by_role("button", name="All repositories", exact=True).wait_for()
    assert asked(page) == {"range": "7d"}
    page.go_back()
    page.get_by_role("button", name="Last 30 days").wait_for()


def test_a_range_that_has_ended_says_that_it_is_frozen(told: Told, look: Any) -> None:
    window = look(told.service)
    page = window.open("?range=custom&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&tz=UTC")
    notice = page.get_by_role("note")
    assert "This range ended" in notice.inner_text()
    page.get_by_role("button", name="Back to live").click()
    page.get_by_role("button", name="Last 30 days").wait_for()
    assert page.get_by_role("note").count() == 0


def test_the_theme_is_kept(told: Told, look: Any) -> None:
    window = look(told.service, color_scheme="light")
    page = window.open()
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="Dark").check()
    page.wait_for_function("light => getComputedStyle(document.documentElement).backgroundColor !== light", arg=light)
    dark = page.evaluate(background)
    page.get_by_role("button", name="Close").click()
    page.reload()
    assert page.evaluate(background) == dark
    assert look(told.service, color_scheme="dark").open().evaluate(background) == dark


def test_the_payload_of_a_delivery_opens_as_a_tree(told: Told, look: Any) -> None:
    page = look(told.service).open("?range=all")
    event = told.service.get("/api/metrics/webhooks", page_size=1)["data"][0]
    page.locator(".feed-row").first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator(".tree").wait_for()
    assert asked(page)["event"] == event["delivery_id"]
    assert event["delivery_id"] in dialog.inner_text()
    dialog.locator("summary", has_text="repository").first.click()
    body = told.service.get(f"/api/metrics/webhooks/{event['delivery_id']}")["payload"]
    assert f'"{body["repository"]["full_name"]}"' in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert "event" not in asked(page)


def test_hostile_text_is_only_text(told: Told, look: Any) -> None:
    login = "<svg/onload=alert(1)>" + "\u202e" + "x" * 60
    told_of = payload(
        "opened", pull_request=pull_request(4_000_123, title=HOSTILE, user=user(login)), sender=user(login)
    )
    delivery_id = uuid.uuid4()
    position = told.service.post("pull_request", told_of, delivery_id=delivery_id).headers["X-Log-Position"]
    told.service.get("/api/metrics/webhooks", min_position=position)
    page = look(told.service, width=360).open("?range=1h")
    assert page.locator(".feed-row", has_text="4000123").count() == 1
    page.goto(f"{told.service.url}/dashboard?event={delivery_id}")
    page.get_by_role("dialog").locator(".tree").wait_for()
    page.get_by_role("dialog").locator("summary", has_text="pull_request").first.click()
    assert "<img src=x" in page.get_by_role("dialog").inner_text()
    assert page.locator("img, svg[onload]").count() == 0
    assert page.title() == "Overview · GitHub Metrics"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def empty(database: str) -> Iterator[Service]:
    with running(database) as service:
        yield service


def test_a_service_without_deliveries_says_how_to_get_some(empty: Service, look: Any) -> None:
    page = look(empty).open()
    welcome = page.get_by_role("region", name="No deliveries yet")
    welcome.wait_for()
    assert f"{empty.url}/metrics" in welcome.inner_text()
    assert "entrypoint.py demo" in welcome.inner_text()


@pytest.mark.parametrize("name", ["Reviews", "Operations"])
def test_every_page_says_so_until_something_has_come(empty: Service, look: Any, name: str) -> None:
    page = look(empty).open()
    page.get_by_role("navigation").get_by_role("link", name=name).click()
    welcome = page.get_by_role("region", name="No deliveries yet")
    page.get_by_role("heading", name=name, level=1).wait_for()
    expect(welcome).to_have_count(1)
    empty.post("pull_request", payload("opened", pull_request=pull_request(1)))
    expect(welcome).to_have_count(0)


def test_the_form_of_dates_holds_in_charts_too(told: Told, look: Any) -> None:
    page = look(told.service).open("?range=7d")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("ISO 8601").check()
    page.keyboard.press("Escape")
    day = told.until.strftime("%m-%d")
    expect(page.locator(".chart-area").first.get_by_text(day)).to_have_count(1)


def test_a_list_is_sorted_over_the_whole_of_it(told: Told, look: Any) -> None:
    page = look(told.service).open("?range=all&repos.size=2")
    table = page.locator(".table-scroll[aria-label=Repositories]")
    table.get_by_role("button", name="Repository").click()
    listed = told.service.get("/api/metrics/repositories", sort="repository")["repositories"]
    expect(table.locator("tbody td:first-child")).to_have_text([one["repository"] for one in listed[:2]])
    assert asked(page)["repos.sort"] == "repository up"
    page.get_by_role("button", name="Next page").click()
    expect(table.locator("tbody td:first-child")).to_have_text([one["repository"] for one in listed[2:4]])
    page.go_back()
    expect(table.locator("tbody td:first-child")).to_have_text([one["repository"] for one in listed[:2]])


def test_maintainers_are_left_out_of_every_number(server: str, template: str, tmp_path: Path, look: Any) -> None:
    teams = tmp_path / "teams.yaml"
    teams.write_text("octo/hello:\n  maintainers: [octocat]\n")
    with clone(server, template) as database, running(database, METRICS_TEAMS_FILE=str(teams)) as service:
        assert service.get("/api/metrics/maintainers")["all_maintainers"] == ["octocat"]
        for number, login in [(1, "octocat"), (2, "somebody"), (3, "octocat")]:
            service.post("pull_request", payload("opened", pull_request=pull_request(number), sender=user(login)))
        window = look(service)
        window.open("?maintainers=no")
        expect(window.page.locator(".feed-row")).to_have_count(1)
        assert tile(window.page, "Events") == "1"
        window.page.close()


@pytest.mark.parametrize("of", ["overview", "pull-requests"])
def test_what_is_asked_is_what_the_api_knows(told: Told, look: Any, of: str) -> None:
    """A filter that an endpoint does not know would be shown and not be true."""
    window = look(told.service)
    urls: list[str] = []
    window.page.on("request", lambda request: urls.append(request.url))
    window.open(f"?page={of}&range=30d&repo=a/b&user=x&not=y&actors=all")
    paths = told.service.get("/openapi.json")["paths"]
    asked_for = [url.removeprefix(told.service.url).partition("?") for url in urls if "/api/" in url]
    assert asked_for
    for path, _, query in asked_for:
        known = {one["name"] for one in paths[path]["get"].get("parameters", [])}
        given = {part.partition("=")[0] for part in query.split("&")} - {""}
        assert given <= known, f"{path}: {json.dumps(sorted(given - known))}"


def test_everything_is_reached_by_keyboard(told: Told, look: Any) -> None:
    page = look(told.service).open("?range=all")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("button", name="All time").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert re.match("Last hour", page.evaluate("document.activeElement.textContent"))
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
