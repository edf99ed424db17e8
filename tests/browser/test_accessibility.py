"""axe finds nothing on any page, in light and in dark, on a desk and on a phone."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Told

AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
PAGES = ["overview", "pull-requests", "reviews", "contributors", "ci", "api-usage", "operations"]
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).slice(0, 3).join("; ")}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing(told: Told, look: Any, page: str, scheme: str) -> None:
    window = look(told.service, color_scheme=scheme, bypass_csp=True)
    window.open(f"?page={page}&range=all")
    window.page.add_script_tag(path=AXE)
    assert window.page.evaluate(RUN) == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [360, 768, 2560])
def test_nothing_is_wider_than_the_window(told: Told, look: Any, page: str, width: int) -> None:
    window = look(told.service, width=width)
    window.open(f"?page={page}&range=all")
    assert window.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("page", [*PAGES, "contributors&person={author}&role=pr_reviewers", "pull-requests&pr={name}"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_column_is_out_of_sight(told: Told, look: Any, page: str, width: int) -> None:
    row = told.service.get("/api/metrics/pull-requests", sort="-first_review_at", page_size=1)["data"][0]
    window = look(told.service, width=width)
    window.open(f"?page={page.format(author=row['author'], name='{repository}/{number}'.format(**row))}&range=all")
    hidden = """[...document.querySelectorAll(".table-scroll")].filter((one) => one.scrollWidth > one.clientWidth)
      .map((one) => `${one.ariaLabel}: ${one.scrollWidth} in ${one.clientWidth}`)"""
    assert window.page.evaluate(hidden) == []
