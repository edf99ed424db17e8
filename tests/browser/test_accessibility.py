"""axe finds nothing on any page, in light and in dark, on a desk and on a phone."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Told

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
PAGES = ["overview", "pull-requests", "reviews", "contributors", "ci", "api-usage", "operations"]
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3).join("; ")}`)"""

WIDTHS = [2560, 1280, 768, 360]
"""Of one window that is made narrower: each chart and table must give way, which is more than to open narrow."""
TWO_FRAMES = "new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))"
"""In the first of them charts hear of their new width."""
OUT_OF_SIGHT = """[...document.querySelectorAll(".table-scroll")].filter((one) => one.scrollWidth > one.clientWidth)
  .map((one) => `${one.ariaLabel}: ${one.scrollWidth} in ${one.clientWidth}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(told: Told, look: Any, page: str, scheme: str) -> None:
    window = look(told.service, color_scheme=scheme, bypass_csp=True)
    window.open(f"?page={page}&range=all")
    window.page.add_script_tag(path=AXE)
    assert window.page.evaluate(RUN) == []


def at_last(page: Any, width: int) -> tuple[bool, list[Any]]:
    """Whether the page is no wider, and what is out of sight: charts follow a new width when their observers are told,
    on a busy machine some frames later.
    """
    until = time.monotonic() + 10
    while True:
        seen = (page.evaluate("document.documentElement.scrollWidth") <= width, page.evaluate(OUT_OF_SIGHT))
        if seen == (True, []) or time.monotonic() > until:
            return seen
        page.wait_for_timeout(100)


@pytest.mark.parametrize("page", [*PAGES, "contributors&person={author}&role=pr_reviewers", "pull-requests&pr={name}"])
def test_no_page_and_no_table_is_wider_than_its_place(told: Told, look: Any, page: str) -> None:
    row = told.service.get("/api/metrics/pull-requests", sort="-first_review_at", page_size=1)["data"][0]
    window = look(told.service, width=WIDTHS[0])
    window.open(f"?page={page.format(author=row['author'], name='{repository}/{number}'.format(**row))}&range=all")
    found = {}
    for width in WIDTHS:
        window.page.set_viewport_size({"width": width, "height": 900})
        window.page.evaluate(TWO_FRAMES)
        found[width] = at_last(window.page, width)
    assert found == dict.fromkeys(WIDTHS, (True, []))
