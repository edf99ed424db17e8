"""CI, API usage, contributors and reviews in a browser: their numbers are the API's; lists sort, people open, teams are explained."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from github_metrics.simulator.people import MEMBERS, TEAMS
from tests.browser.conftest import Told, Window
from tests.browser.told import now, tell
from tests.events import payload, pull_request, simple, user
from tests.histories import project
from tests.service import Service, clone, running

HOSTILE = '<img src=x onerror="document.title=1">' + "\u202e" + "w" * 300
LOGIN = "<svg/onload=alert(1)>\u202e" + "x" * 60
REVIEWER = "zz<b>reviewer"


@pytest.fixture(scope="module")
def told(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """A history whose teams are known, and a pull request of somebody with a hostile name."""
    teams: Path = tmp_path_factory.mktemp("teams") / "teams.yaml"
    teams.write_text(
        "teams:\n" + "".join(f"  {team}: [{', '.join(MEMBERS[at :: len(TEAMS)])}]\n" for at, team in enumerate(TEAMS))
    )
    with clone(server, template) as database:
        until = now()
        with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as connection:
            tell(connection, until=until, days=10, pull_requests=80)
            project(database, connection)
        with running(database, METRICS_TEAMS_FILE=str(teams)) as service:
            answer = hostile(service, f"{until:%Y-%m-%dT%H:%M:%SZ}")
            service.get("/api/metrics/contributors", min_position=answer)
            yield Told(service, database, until)


@pytest.fixture(scope="module")
def empty(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database) as service:
        yield service


def hostile(service: Service, at: str) -> str:
    """Deliver a pull request and a review of people with hostile names; returns the position of the last."""
    opened = pull_request(4_000_123, title=HOSTILE, user=user(LOGIN, 987_653), created_at=at)
    service.post("pull_request", payload("opened", pull_request=opened, sender=user(LOGIN, 987_653)))
    by = user(REVIEWER, 987_654)
    review = {"id": 1, "user": by, "state": "commented", "submitted_at": at, "body": ""}
    told_of = payload("submitted", pull_request=simple(opened), review=review, sender=by)
    return service.post("pull_request_review", told_of).headers["X-Log-Position"]


def cells(page: Any, table: str) -> list[list[str]]:
    """What a table shows, row by row, all of it read at one moment, after layout."""
    rows = page.locator(f'.table-scroll[aria-label="{table}"] tbody tr')
    found: list[list[str]] = rows.evaluate_all(
        "rows => rows.map(row => (row.getBoundingClientRect(), [...row.cells].map(cell => cell.innerText)))"
    )
    return found


def tile(page: Any, name: str) -> str:
    found = page.locator(".tile", has=page.get_by_text(name, exact=True)).locator(".tile-value")
    return str(found.inner_text())


def asked(page: Any) -> Any:
    return page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")


def rounded(value: float, places: str) -> Decimal:
    """Halves up, as browsers do."""
    return Decimal(str(value)).quantize(Decimal(places), ROUND_HALF_UP)


def percent(value: float) -> str:
    return f"{rounded(value, '1' if value in (0, 100) else '0.1')}%"


def test_checks_are_the_apis_the_flakiest_first_and_sort_over_all_of_them(told: Told, look: Any) -> None:
    window: Window = look(told.service)
    page = window.open("?page=ci&range=all")

    def shown() -> list[list[str]]:
        return [[row[0].splitlines()[0], row[1], row[5]] for row in cells(page, "Checks")]

    def listed(sort: str) -> list[list[str]]:
        data = told.service.get("/api/metrics/checks", sort=sort)["data"]
        return [[one["check"], percent(one["flake_rate"]), str(one["completed"])] for one in data]

    assert len(shown()) == 10
    assert shown() == listed("-flake_rate")
    page.locator('.table-scroll[aria-label="Checks"]').get_by_role("button", name="Runs").click()
    window.settled()
    assert asked(page)["checks.sort"] == "completed down"
    assert shown() == listed("-completed")
    page.go_back()
    window.settled()
    assert shown() == listed("-flake_rate")


def test_jobs_and_deployments_are_the_apis(told: Told, look: Any) -> None:
    page = look(told.service).open("?page=ci&range=all&jobs.by=repository")
    jobs = told.service.get("/api/metrics/jobs", group="repository", sort="-jobs")["data"]
    assert [row[:3] for row in cells(page, "Jobs")] == [
        [one["repository"], f"{one['jobs']:,}", percent(one["success_rate"])] for one in jobs
    ]
    slowest = told.service.get("/api/metrics/jobs")["slowest"]
    assert [row[0].splitlines()[0] for row in cells(page, "Slowest jobs")] == [one["job"] for one in slowest]
    found = told.service.get("/api/metrics/deployments", group="all")
    keys = page.get_by_role("region", name="Deployments to production").locator(".keys > div").all()
    assert [key.locator(".key-proxy").text_content() for key in keys] == [
        f"Measured {proxy}" for proxy in found["proxies"].values()
    ]
    assert keys[2].locator(".key-value").inner_text() == percent(found["data"][0]["change_fail_rate"])


def test_rate_limit_windows_are_the_apis_and_follow_the_repositories(told: Told, look: Any) -> None:
    window: Window = look(told.service)

    def shown(chosen: str = "") -> list[tuple[str, str, str]]:
        page = window.open(f"?page=api-usage&range=all{chosen}")
        return [(row[1], row[3], row[7]) for row in cells(page, "Rate limit windows")]

    def told_by_api(**chosen: str) -> list[tuple[str, str, str]]:
        data = told.service.get("/api/metrics/api-usage", sort="-reset_at", page_size=10, **chosen)["data"]
        return [(one["resource"], f"{one['used']:,}", f"{one['charged_calls']:,}") for one in data]

    busiest = told.service.get("/api/metrics/api-usage", group="repository")["data"][0]["repository"]
    assert shown() == told_by_api()
    assert shown(f"&repo={busiest}") == told_by_api(repositories=busiest) != told_by_api()


def test_each_list_of_people_is_the_apis_and_sorts_by_itself(told: Told, look: Any) -> None:
    window: Window = look(told.service)
    page = window.open("?page=contributors&range=all")
    found = told.service.get("/api/metrics/contributors")
    for role, name in {"pr_creators": "Creators", "pr_reviewers": "Reviewers", "pr_approvers": "Approvers"}.items():
        assert [row[0] for row in cells(page, name)] == [one["user"] for one in found[role]["data"]]
        assert tile(page, name) == str(found[role]["pagination"]["total"])
    page.locator('.table-scroll[aria-label="Reviewers"]').get_by_role("button", name="Person").click()
    window.settled()
    by_name = told.service.get("/api/metrics/contributors", list="pr_reviewers", sort="user")["pr_reviewers"]["data"]
    assert [row[0] for row in cells(page, "Reviewers")] == [one["user"] for one in by_name]
    assert [row[0] for row in cells(page, "Creators")] == [one["user"] for one in found["pr_creators"]["data"]]


def test_a_person_opens_their_pull_requests_and_the_back_button_closes_them(told: Told, look: Any) -> None:
    window: Window = look(told.service)
    page = window.open("?page=contributors&range=all")
    first = told.service.get("/api/metrics/contributors")["pr_reviewers"]["data"][0]
    page.locator('.table-scroll[aria-label="Reviewers"]').get_by_role("link", name=first["user"], exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("tbody tr").first.wait_for()
    assert asked(page) | {"person": first["user"], "role": "pr_reviewers"} == asked(page)
    reviewed = told.service.get("/api/metrics/user-prs", users=first["user"], role="pr_reviewers")
    assert f"of {first['prs_reviewed']}" in dialog.get_by_role("status").inner_text()
    assert [row.locator("td").first.inner_text().splitlines()[0] for row in dialog.locator("tbody tr").all()] == [
        one["title"] for one in reviewed["data"]
    ]
    dialog.locator("tbody a").first.click()
    first_of = reviewed["data"][0]
    page.get_by_role("dialog").get_by_role("heading", name=first_of["title"]).wait_for()
    assert asked(page)["pr"] == f"{first_of['repository']}/{first_of['number']}"
    page.go_back()
    dialog.get_by_role("radio", name="Approved").check()
    assert asked(page)["role"] == "pr_approvers"
    page.go_back()
    dialog.wait_for(state="detached")
    assert "person" not in asked(page)


@pytest.fixture(scope="module")
def reviews(told: Told, look_once: Any) -> Any:
    """The page of reviews: who sorts its people changes nothing else of it."""
    return look_once(told.service).open("?page=reviews&range=all")


def test_reviews_are_the_apis_and_people_stand_by_name(told: Told, reviews: Any) -> None:
    page = reviews
    reviewers = told.service.get("/api/metrics/reviewers", page_size=100)
    assert tile(page, "Waiting for review") == str(reviewers["summary"]["open_requests"])
    threads = told.service.get("/api/metrics/comment-resolution-time")["summary"]
    assert tile(page, "Threads resolved") == percent(threads["resolution_rate"])
    balance = page.get_by_role("region", name="Balance").inner_text()
    assert str(rounded(reviewers["summary"]["review_gini"], "0.01")) in balance
    names = sorted((one["reviewer"] for one in reviewers["data"]), key=str.casefold)
    assert [row[0] for row in cells(page, "Reviewers")] == names[:10]
    page.locator('.table-scroll[aria-label="Reviewers"]').get_by_role("button", name="Waiting").click()
    most = sorted((one["open_requests"] for one in reviewers["data"]), reverse=True)
    assert [row[1] for row in cells(page, "Reviewers")] == [str(one) for one in most[:10]]


def test_reviews_across_teams_are_a_table_of_numbers(told: Told, reviews: Any) -> None:
    page = reviews
    pairs = told.service.get("/api/metrics/cross-team-reviews")["summary"]["by_teams"]
    reviews = {(one["reviewer_team"], one["pr_team"]): one["reviews"] for one in pairs}
    reviewed = page.locator('.table-scroll[aria-label="Reviews by team"] thead th').all()[1:]
    columns = [one.inner_text() for one in reviewed]
    assert {(row, column) for row, column in reviews} <= {(row, column) for row in TEAMS for column in columns}
    assert cells(page, "Reviews by team") == [
        [row, *(str(reviews.get((row, column), 0)) for column in columns)] for row in sorted(TEAMS)
    ]


def test_hostile_names_are_only_text(told: Told, look: Any) -> None:
    window: Window = look(told.service, width=360)
    page = window.open("?page=contributors&range=24h&pr_creators.size=100")
    page.locator('.table-scroll[aria-label="Creators"]').get_by_role("link", name=LOGIN, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("tbody tr").first.wait_for()
    assert HOSTILE in dialog.inner_text()
    page.goto(f"{told.service.url}/dashboard?page=reviews&range=24h&user={REVIEWER}")
    window.settled()
    assert [row[0] for row in cells(page, "Reviewers")] == [REVIEWER]
    assert page.locator("img, svg[onload], main b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_where_nothing_is_known_the_pages_say_what_would_tell_it(empty: Service, look: Any) -> None:
    page = look(empty).open("?page=reviews")
    assert "METRICS_TEAMS_FILE" in page.get_by_role("region", name="Reviews across teams").inner_text()
    page = look(empty).open("?page=ci")
    told_of = page.get_by_role("region", name="Deployments to production").inner_text()
    assert "METRICS_PRODUCTION_ENVIRONMENTS" in told_of
    assert page.get_by_role("alert").count() == 0
