"""What a page is on paper, and to who has only a keyboard."""

from typing import Any

import pytest

from tests.browser.conftest import Told

LABELS = "[...document.querySelectorAll('.chart-area svg text')].map((one) => one.getAttribute('fill'))"
OVER = """[...document.querySelectorAll(".chart-area svg")].filter((drawn) => {
  const panel = drawn.closest(".panel").getBoundingClientRect(), own = drawn.getBoundingClientRect();
  return own.width === 0 || own.left < panel.left || own.right > panel.right + 1 || own.bottom > panel.bottom + 1;
}).length"""
PRESSED = "[...document.querySelectorAll('.button, nav, select, input')].filter((one) => one.checkVisibility()).length"
FOCUS = """() => {
  const one = document.activeElement, style = getComputedStyle(one);
  return { name: one.getAttribute("aria-label") ?? one.textContent.trim(), ring: style.outlineStyle !== "none" };
}"""


@pytest.mark.parametrize("page", ["overview", "pull-requests", "ci", "operations"])
def test_paper_is_light_and_has_all_of_every_chart_and_nothing_to_press(told: Told, look: Any, page: str) -> None:
    window = look(told.service, width=1600, color_scheme="dark")
    opened = window.open(f"?page={page}&range=all")
    opened.wait_for_selector(".chart-area svg text", state="attached")
    dark = opened.evaluate(LABELS)
    assert opened.evaluate(PRESSED) > 5
    opened.emulate_media(media="print", color_scheme="dark")
    opened.set_viewport_size({"width": 1030, "height": 700})
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert set(opened.evaluate(LABELS)).isdisjoint(dark)
    assert opened.evaluate(OVER) == 0
    assert opened.evaluate(PRESSED) == 0
    assert opened.evaluate("getComputedStyle(document.body).color") == "rgb(22, 26, 35)"
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    opened.emulate_media(media="screen", color_scheme="dark")
    assert opened.evaluate("document.documentElement.dataset.theme") is None


@pytest.fixture(scope="module")
def page(told: Told, look_once: Any) -> Any:
    """Each test closes what it has opened."""
    return look_once(told.service).open()


def test_the_focus_is_seen_wherever_the_tab_key_leads(page: Any) -> None:
    """The first at this page: nothing has been in focus yet."""
    names = []
    for _ in range(24):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["ring"], focus
        names.append(focus["name"])
    assert names[0] == "Skip to the content"
    assert {"Overview", "Settings", "Last 30 days", "Pause"} <= set(names)


def test_escape_closes_what_is_open_and_the_focus_goes_back(page: Any) -> None:
    for name, opened in (("Settings", "dialog[open]"), ("Last 30 days", ".popover-body")):
        button = page.get_by_role("button", name=name)
        button.focus()
        page.keyboard.press("Enter")
        page.locator(opened).wait_for()
        page.keyboard.press("Escape")
        page.locator(opened).wait_for(state="detached")
        assert button.evaluate("(one) => one === document.activeElement")


def test_an_escape_that_follows_at_once_is_heard(page: Any) -> None:
    """Of a quick hand, or on a machine that is slow to paint."""
    page.evaluate("""() => {
      new MutationObserver((_, observer) => {
        const opened = document.querySelector(".popover-body");
        if (!opened) return;
        observer.disconnect();
        opened.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
        globalThis.pressed = true;
      }).observe(document.body, { childList: true, subtree: true });
    }""")
    page.get_by_role("button", name="Last 30 days").press("Enter")
    page.wait_for_function("globalThis.pressed")
    page.locator(".popover-body").wait_for(state="detached")


def test_a_dialog_does_not_move_when_its_content_comes(page: Any) -> None:
    page.evaluate("""globalThis.tops = []; new MutationObserver(() => {
      const dialog = document.querySelector("dialog[open]");
      if (dialog) tops.push(dialog.getBoundingClientRect().top);
    }).observe(document.body, { childList: true, subtree: true });""")
    page.locator(".feed-row").first.click()
    page.locator("dialog .tree").wait_for()
    assert len(set(page.evaluate("tops"))) == 1
    page.keyboard.press("Escape")
