"""Pictures of every page of the dashboard, light, dark and on a phone, over a simulated history.

    uv run --with pillow python -m docs.screenshots.make [PAGE …]

Needs Chromium. Each picture is reduced to 256 colours, which a screen of text and bars bears well.
"""

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from PIL import Image
from playwright.sync_api import sync_playwright

from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import migrate
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.simulator.people import MEMBERS, TEAMS
from replay.compression import register_dictionary
from tests.browser.conftest import LOADED, chromium
from tests.browser.told import now, tell
from tests.histories import project
from tests.service import Service, running

HERE = Path(__file__).parent
PAGES = {
    "overview": "?range=30d",
    "pull-requests": "?page=pull-requests&range=30d",
    "story": "?page=pull-requests&range=30d&pr={story}",
    "reviews": "?page=reviews&range=30d",
    "contributors": "?page=contributors&range=30d",
    "ci": "?page=ci&range=30d",
    "api-usage": "?page=api-usage&range=30d",
    "operations": "?page=operations",
}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "is_mobile": True,
        "has_touch": True,
    },
}
TALLEST = {"light": 1700, "dark": 1700, "phone": 2000}
COLOURS = 256


@contextmanager
def served() -> Iterator[Service]:
    """A service with two months of an organisation."""
    with tempfile.TemporaryDirectory() as directory, embedded_conninfo(Path(directory)) as database:
        migrate(database)
        with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as connection:
            register_dictionary(connection, current_dictionary())
            tell(connection, until=now(), days=62, pull_requests=450)
            project(database, connection)
            connection.execute("ANALYZE")
        teams = Path(directory, "teams.yaml")
        members = ((team, ", ".join(MEMBERS[at :: len(TEAMS)])) for at, team in enumerate(TEAMS))
        teams.write_text("teams:\n" + "".join(f"  {team}: [{logins}]\n" for team, logins in members))
        with running(database, METRICS_TEAMS_FILE=str(teams)) as service:
            yield service


def story(service: Service) -> str:
    """A pull request in whose story much happened: the one that took the longest of those whose phases are all known."""
    merged = service.get(
        "/api/metrics/pull-requests", state="merged", start_time="30d", sort="-cycle_time", page_size=50
    )
    one = next(one for one in merged["data"] if one["draft_time"] and not one["imputed"])
    return f"{one['repository']}/{one['number']}"


def picture(page: Any, tallest: int) -> bytes:
    """The whole page, as a window that is tall enough shows it; an open dialog with as much as a window has room for."""
    page.wait_for_selector(LOADED)
    if "&pr=" in page.url:
        page.wait_for_selector("dialog .phase-bar")
        page.evaluate("document.activeElement.blur()")
        page.wait_for_timeout(700)
        return bytes(page.screenshot())
    page.wait_for_selector("main :is([aria-busy=true], .bone, .is-stale)", state="detached")
    width = page.viewport_size["width"]
    height = min(tallest, page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(700)
    return bytes(page.screenshot())


def keep(name: str, picture: bytes) -> None:
    with Image.open(io.BytesIO(picture)) as image:
        reduced = image.convert("RGB").quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    reduced.save(HERE / f"{name}.png", optimize=True)
    print(f"{name}.png: {(HERE / f'{name}.png').stat().st_size // 1024} kB")


def main(wanted: list[str]) -> None:
    with served() as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for look, options in LOOKS.items():
            context = browser.new_context(
                timezone_id="Europe/Prague", locale="en-GB", reduced_motion="reduce", **options
            )
            for name in wanted or PAGES:
                page = context.new_page()
                page.goto(f"{service.url}/dashboard{PAGES[name].format(story=story(service))}")
                keep(f"{name}-{look}", picture(page, TALLEST[look]))
                page.close()
            context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
