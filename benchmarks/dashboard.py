"""How soon the overview of the dashboard is there, in Chromium, over a long history.

    uv run python -m benchmarks.dashboard [--events N] [--times N] [--keep DIR]

Each time in a browser that has nothing in its cache, over all time and over the last seven days of the history.
"Numbers": the first headline number; "whole": every panel is filled and every chart drawn.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
from playwright.sync_api import sync_playwright

from benchmarks.endpoints import WEEK, known
from benchmarks.machine import describe, percentile, table
from benchmarks.projected import add_keep, projected
from benchmarks.stage import connected, database, serving, wait_until
from benchmarks.targets import Target, targets_table
from tests.browser.conftest import chromium

WHOLE = "main :is([aria-busy=true], .bone, .is-stale, .chart-area:not(:has(svg path)))"
"""Matches as long as something of it is missing."""
CHARTS = "main .chart-area"
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
FETCHED = "performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0)"
SETTLED_MS = 2_000
"""A new window of Chromium first makes its own controls ready, on both cores; a reader's is open before the click."""
TARGET_MS = 1_000
TARGET_KB = 450


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=10)
    add_keep(parser)
    given = parser.parse_args()
    print(describe(), flush=True)
    with served(given.events, given.keep) as (url, last), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        taken = {
            name: [opened(browser, url, search) for _ in range(given.times)] for name, search in windows(last).items()
        }
        browser.close()
    rows = [
        [f"{what}, {name}", *(f"{percentile([one[what] for one in times], share):,.0f}" for share in (0.5, 0.95))]
        for name, times in taken.items()
        for what in ("first paint ms", "numbers ms", "whole ms", "kB fetched")
    ]
    print(f"\n{given.events:,} events\n\n{table(['', 'p50', 'p95'], rows)}")
    print(f"\n== targets ==\n\n{targets_table(list(targets(taken)))}")


def windows(last: datetime) -> dict[str, str]:
    """All time, and the week that ends with the last event."""
    begin, end = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in (last - WEEK, last))
    return {"all time": "?range=all", "7 days": f"?range=custom&from={begin}&to={end}"}


@contextmanager
def served(events: int, keep: Path | None) -> Iterator[tuple[str, datetime]]:
    """A service with one worker over so many events, all projected: where it is, and when the last of them came."""
    with projected(events, keep) as data_dir, database(data_dir) as conninfo:
        with connected(conninfo) as connection:
            last = known(connection).last
        with serving(data_dir) as url:
            wait_until(lambda: _answers(url))
            yield url, last


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/api/metrics/summary", timeout=30).status_code == 200
    except httpx2.TransportError:
        return False


def opened(browser: Any, url: str, search: str) -> dict[str, float]:
    """What it took to open the overview once, in milliseconds, and what was fetched, compressed, in kB."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.wait_for_timeout(SETTLED_MS)
    began = time.perf_counter()
    page.goto(f"{url}/dashboard{search}", wait_until="commit")
    page.wait_for_selector(".tile-value:not(:has(.bone))")
    numbers = time.perf_counter()
    page.wait_for_selector(CHARTS)
    page.wait_for_selector(WHOLE, state="detached")
    whole = time.perf_counter()
    told = {
        "first paint ms": page.evaluate(PAINTED),
        "numbers ms": 1000 * (numbers - began),
        "whole ms": 1000 * (whole - began),
        "kB fetched": page.evaluate(FETCHED) / 1000,
    }
    context.close()
    return told


def targets(taken: dict[str, list[dict[str, float]]]) -> Iterator[Target]:
    for name, times in taken.items():
        yield Target(
            f"whole overview, {name}, p50", TARGET_MS, percentile([one["whole ms"] for one in times], 0.5), "ms"
        )
        yield Target(f"fetched, {name}", TARGET_KB, max(one["kB fetched"] for one in times), "kB")


if __name__ == "__main__":
    main()
