"""What happens is shown without a reload: events, numbers, replays, a connection that breaks off."""

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from playwright.sync_api import expect

from projections.catalog import active_projections
from projections.decode import decode
from replay import rebuild, replays
from replay.rebuild import Worker
from tests.browser.conftest import WAIT, Window
from tests.events import payload, pull_request
from tests.service import Service, clone, running


@pytest.fixture(scope="module")
def database(server: str, template: str) -> Iterator[str]:
    with clone(server, template) as cloned:
        yield cloned


@pytest.fixture(scope="module")
def service(database: str) -> Iterator[Service]:
    with running(database) as started:
        deliver(started, 1)
        yield started


def deliver(service: Service, number: int) -> str:
    delivery_id = uuid.uuid4()
    answer = service.post("pull_request", payload("opened", pull_request=pull_request(number)), delivery_id=delivery_id)
    assert answer.status_code == 200
    return str(delivery_id)


def watched(look: Any, service: Service, search: str = "") -> Any:
    """A page that follows the stream, and would show it if it were loaded again."""
    window: Window = look(service)
    page = window.open(search)
    page.locator(".status[data-state=live]").wait_for()
    page.evaluate("globalThis.still = true")
    return page


def rows(page: Any, number: int) -> Any:
    return page.locator(".feed-row", has_text=f"#{number}")


def total(service: Service) -> str:
    return str(service.get("/api/metrics/summary")["summary"]["total_events"])


def test_an_event_is_shown_and_counted_without_a_reload(service: Service, look: Any) -> None:
    page = watched(look, service)
    deliver(service, 1001)
    expect(rows(page, 1001)).to_have_count(1, timeout=WAIT)
    expect(page.locator(".tile-value").first).to_have_text(total(service), timeout=WAIT)
    assert page.evaluate("still")


def test_what_came_while_the_connection_was_broken_is_shown_once(service: Service, look: Any) -> None:
    window: Window = look(service)
    window.expected = ("Failed to load resource",)
    page = window.open()
    page.locator(".status[data-state=live]").wait_for()
    deliver(service, 2001)
    expect(rows(page, 2001)).to_have_count(1, timeout=WAIT)
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.locator(".status[data-state=reconnecting]").wait_for()
    for number in (2002, 2003, 2004):
        deliver(service, number)
    assert rows(page, 2002).count() == 0
    page.context.set_offline(False)
    page.locator(".status[data-state=live]").wait_for()
    for number in (2001, 2002, 2003, 2004):
        expect(rows(page, number)).to_have_count(1, timeout=WAIT)
    expect(page.locator(".tile-value").first).to_have_text(total(service), timeout=WAIT)


def test_a_page_that_nobody_looks_at_gives_its_connection_back(service: Service, look: Any) -> None:
    """A browser allows a service six connections over HTTP/1.1: with six such tabs a seventh would wait for ever."""
    window: Window = look(service)
    page = window.page
    page.clock.install()
    page.goto(f"{service.url}/dashboard")
    window.settled()
    page.locator(".status[data-state=live]").wait_for()
    show = "(state) => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
    show += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(show, "hidden")
    page.clock.run_for(31_000)
    page.locator(".status[data-state=reconnecting]").wait_for()
    page.clock.run_for(60_000)
    deliver(service, 2701)
    assert page.locator(".status[data-state=reconnecting]").count() == 1
    page.evaluate(show, "visible")
    page.clock.run_for(1_000)
    page.locator(".status[data-state=live]").wait_for()
    page.clock.run_for(1_000)
    expect(rows(page, 2701)).to_have_count(1, timeout=WAIT)


def test_a_stream_and_panels_that_are_refused_with_503_are_asked_for_again(service: Service, look: Any) -> None:
    """The database is away, say. A browser's own EventSource would give up after a status that is not 200."""
    window: Window = look(service)
    window.expected = ("Failed to load resource",)
    page = window.page
    refused: list[float] = []

    def refuse(route: Any) -> None:
        if "/stream" in route.request.url:
            refused.append(time.monotonic())
        route.fulfill(status=503, json={"detail": "the database is away", "reason": "database"})

    page.route("**/api/metrics/**", refuse)
    page.add_init_script("Math.random = () => 0")  # The shortest pauses that chance gives: 0.375 s, and twice that, …
    page.goto(f"{service.url}/dashboard")
    page.get_by_text("This is tried again by itself").first.wait_for()
    page.locator(".status[data-state=reconnecting]").wait_for()
    for _ in range(300):
        if len(refused) >= 5:
            break
        page.wait_for_timeout(100)
    pauses = [after - before for before, after in pairwise(refused)]
    # Eight times as long, but for what a busy machine adds to the first of them while the page is still opening.
    assert pauses[3] > pauses[0]
    page.unroute("**/api/metrics/**")
    page.locator(".status[data-state=live]").wait_for()
    window.settled()
    expect(page.locator(".tile-value").first).to_have_text(total(service), timeout=WAIT)
    deliver(service, 2501)
    expect(rows(page, 2501)).to_have_count(1, timeout=WAIT)


def test_panels_are_asked_for_again_though_the_stream_was_never_lost(service: Service, look: Any) -> None:
    window: Window = look(service)
    window.expected = ("Failed to load resource",)
    page = window.page
    page.route("**/api/metrics/log*", lambda route: route.fulfill(status=503, json={"detail": "not yet built"}))
    page.goto(f"{service.url}/dashboard?page=operations")
    page.locator(".status[data-state=live]").wait_for()
    page.get_by_text("not yet built").first.wait_for()
    page.unroute("**/api/metrics/log*")
    page.get_by_text("Not known").wait_for()
    expect(page.get_by_text("not yet built")).to_have_count(0, timeout=WAIT)


def test_a_paused_feed_says_how_much_has_come(service: Service, look: Any) -> None:
    page = watched(look, service)
    page.get_by_role("button", name="Pause").click()
    deliver(service, 3001)
    deliver(service, 3002)
    page.get_by_role("button", name="Paused: 2 new events").wait_for()
    assert rows(page, 3001).count() == 0
    page.get_by_role("button", name="Resume").click()
    expect(rows(page, 3001)).to_have_count(1, timeout=WAIT)


def test_a_range_that_has_ended_stays_as_it_is(service: Service, look: Any) -> None:
    page = watched(look, service, "?range=yesterday")
    asked: list[str] = []
    assert page.locator(".status").inner_text().startswith("Frozen")
    page.on("request", lambda request: asked.append(request.url))
    deliver(service, 4001)
    service.get("/api/metrics/webhooks", min_position=service.get("/api/metrics/log")["position"])
    page.wait_for_timeout(1_000)
    assert page.locator(".feed-row").count() == 0
    assert [url for url in asked if "start_time" in url] == []


def test_filters_hold_for_what_comes(service: Service, look: Any) -> None:
    page = watched(look, service, "?repo=octo/hello&feed.type=push")
    deliver(service, 5001)
    expect(page.locator(".tile-value").first).to_have_text(total(service), timeout=WAIT)
    assert rows(page, 5001).count() == 0


def test_a_replay_is_shown_as_it_runs(database: str, service: Service, look: Any) -> None:
    page = watched(look, service, "?page=operations")
    panel = page.get_by_role("region", name="Replays")
    panel.get_by_text("No replay is under way").wait_for()
    chosen = [one for one in active_projections() if one.name in {"pull_requests", "pr_reviews"}]
    with psycopg.connect(database, autocommit=True) as owner:
        replay_id = rebuild.lay_out(owner, chosen, workers=1)
        bar = panel.get_by_role("progressbar")
        bar.wait_for()
        assert bar.evaluate("(one) => one.value") == 0
        Worker(database, replay_id, active_projections(), decode).run(0, 1, threading.Event())
        expect(bar).to_have_js_property("value", 1, timeout=WAIT)
        replays.end(owner, replay_id, "finished")
        panel.get_by_text("No replay is under way").wait_for()


def test_a_parked_event_is_opened_and_tried_again(database: str, service: Service, look: Any) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        schema = connection.execute(
            "SELECT schema_name FROM projections JOIN projection_generations USING (projection, generation)"
            " WHERE projection = 'pull_requests'"
        ).fetchone()[0]  # type: ignore[index]
        table = f"{schema}.pull_requests"
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT refused CHECK (number <> 6001)".encode())
        page = watched(look, service, "?page=operations")
        delivery_id = deliver(service, 6001)
        panel = page.get_by_role("region", name="Parked events").first
        retry = panel.get_by_role("button", name="Retry")
        retry.wait_for()
        panel.get_by_role("link", name="pull request").click()
        page.get_by_role("dialog").get_by_text(delivery_id).wait_for()
        page.keyboard.press("Escape")
        retry.click()
        page.locator(".toast", has_text="parked still").wait_for()
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT refused".encode())
        retry.click()
        panel.get_by_text("Nothing is parked").wait_for()
    assert service.get("/api/metrics/parked")["pagination"]["total"] == 0


def test_a_range_that_moves_is_read_again_though_nothing_comes(service: Service, look: Any) -> None:
    window = look(service)
    page = window.page
    window.expected = ("Failed to load resource",)
    page.clock.install()
    page.route("**/api/metrics/stream*", lambda route: route.fulfill(status=404, json={"reason": "not_live"}))
    window.open("?range=1h")
    with page.expect_response("**/api/metrics/summary*"):
        page.clock.fast_forward("05:00")


def test_a_range_that_ends_while_it_is_watched_says_so(service: Service, look: Any) -> None:
    end = datetime.now(UTC) + timedelta(seconds=4)
    page = watched(look, service, f"?range=custom&from=2026-01-01T00:00:00Z&to={end:%Y-%m-%dT%H:%M:%SZ}")
    page.get_by_role("note").filter(has_text="This range ended").wait_for()
    assert page.locator(".status").inner_text().startswith("Frozen")


def test_a_paused_feed_follows_another_filter(service: Service, look: Any) -> None:
    deliver(service, 6001)
    page = watched(look, service)
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Status").select_option("error")
    expect(rows(page, 6001)).to_have_count(0, timeout=WAIT)


def test_the_feed_is_one_stop_of_the_tab_key(service: Service, look: Any) -> None:
    for number in (7001, 7002, 7003):
        deliver(service, number)
    page = watched(look, service)
    page.locator(".feed-row").nth(2).wait_for()
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Tab")
    focused = "document.activeElement.textContent"
    first = page.evaluate(focused)
    page.keyboard.press("ArrowDown")
    second = page.evaluate(focused)
    assert "feed-row" in page.evaluate("document.activeElement.className")
    assert first != second
    page.keyboard.press("Home")
    assert page.evaluate(focused) == first
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    assert "feed-row" not in page.evaluate("document.activeElement.className")
    page.keyboard.press("Shift+Tab")
    assert "feed-row" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    page.locator("dialog[open] .tree").wait_for()
