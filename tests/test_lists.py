"""What lists have in common: CSV of the whole, links, and answers that have not changed."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from github_metrics.api.csv_answers import FORMULA
from tests.events import payload, pull_request
from tests.service import Service, clone, running
from tests.test_api import problem

WEBHOOKS = "/api/metrics/webhooks"
REPOSITORIES = "/api/metrics/repositories"
LISTS = (WEBHOOKS, REPOSITORIES, "/api/metrics/contributors", "/api/metrics/user-prs", "/api/metrics/trends")
EVENTS = 1_203
"""More than are fetched, and written, at a time."""
TITLES = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'say "hi", then\r\nleave', "naïve ☃", "plain"]


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, METRICS_BOT_LOGINS="robot") as service:
        for number, title in enumerate(TITLES, start=1):
            service.post("pull_request", payload("opened", pull_request=pull_request(number, title=title)))
        for count in range(EVENTS - len(TITLES)):
            repository = {"id": 100 + count % 3, "full_name": f"octo/r{count % 3}"}
            sender = {"login": ("ann", "Robot", "ci[bot]", "eve")[count % 4], "id": 50 + count % 4, "type": "User"}
            last = service.post("star", {"action": "created", "repository": repository, "sender": sender})
        service.get(WEBHOOKS, min_position=last.headers["X-Log-Position"])
        yield service


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_the_whole_list_whatever_the_page(api: Service) -> None:
    answer = api.client.get(WEBHOOKS, params={"format": "csv", "page": 2, "page_size": 5})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="webhooks.csv"'
    assert answer.headers["X-Log-Position"]
    whole = rows(answer.text)
    first = api.get(WEBHOOKS, page_size=1000)["data"] + api.get(WEBHOOKS, page_size=1000, page=2)["data"]
    assert [row["delivery_id"] for row in whole] == [event["delivery_id"] for event in first]
    assert len(whole) == EVENTS
    shown = {name: "" if value is None else value for name, value in first[0].items()}
    assert whole[0] == {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in shown.items()
    }


@pytest.mark.parametrize(
    ("accepted", "csv"),
    [
        ("text/csv, application/json", False),
        ("text/csv;q=0.5, application/json", False),
        ("application/json;q=0.1, Text/CSV", True),
        ("text/csv;q=0", False),
        ("text/csv;q=much", True),
        ("*/*, text/csv", True),
        ("*/*", False),
    ],
)
def test_what_is_accepted_is_weighed(api: Service, accepted: str, csv: bool) -> None:
    answer = api.client.get(WEBHOOKS, headers={"Accept": accepted})
    assert answer.headers["Content-Type"].startswith("text/csv" if csv else "application/json")


@pytest.mark.parametrize("path", LISTS)
def test_csv_is_asked_for_by_parameter_or_by_accept(api: Service, path: str) -> None:
    asked = api.client.get(path, params={"format": "csv"})
    accepted = api.client.get(path, headers={"Accept": "text/csv"})
    assert asked.text == accepted.text
    assert len(rows(asked.text)) >= 1
    assert api.client.get(path, params={"format": "xml"}).status_code == 422


def test_a_cell_that_a_spreadsheet_would_run_is_text(api: Service) -> None:
    titles = [row["title"] for row in rows(api.client.get("/api/metrics/user-prs", params={"format": "csv"}).text)]
    expected = [f"'{title}" if title.startswith(FORMULA) else title for title in TITLES]
    assert titles[::-1] == expected
    assert not any(title.startswith(FORMULA) for title in titles)


def test_every_list_of_contributors_is_to_be_had_as_csv(api: Service) -> None:
    for name in ("pr_creators", "pr_reviewers", "pr_approvers", "pr_lgtm"):
        found = rows(api.client.get("/api/metrics/contributors", params={"format": "csv", "list": name}).text)
        assert [row["user"] for row in found] == [
            one["user"] for one in api.get("/api/metrics/contributors")[name]["data"]
        ]


# ── Order ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "rows", "columns"),
    [
        (REPOSITORIES, lambda found: found["repositories"], ["repository", "total_events", "total_api_calls"]),
        ("/api/metrics/user-prs", lambda found: found["data"], ["number", "created_at"]),
        (
            "/api/metrics/contributors",
            lambda found: found["pr_creators"]["data"],
            ["user", "total_prs", "median_commits_per_pr"],
        ),
    ],
)
def test_a_list_is_sorted_as_a_whole_before_it_is_cut_into_pages(
    api: Service, path: str, rows: Callable[[Any], list[dict[str, Any]]], columns: list[str]
) -> None:
    for column in columns:
        up, down = (rows(api.get(path, sort=sort, page_size=100)) for sort in (column, f"-{column}"))
        pages = [rows(api.get(path, sort=column, page_size=3, page=page)) for page in (1, 2, 3)]
        assert [row for page in pages for row in page] == up[:9]
        values = [row[column] for row in up]
        assert values == [row[column] for row in down][::-1]
        assert values == sorted(values)


@pytest.mark.parametrize("sort", ["nothing", "--total_events", "total_events DESC", "total_events; DROP", "-"])
def test_a_column_that_there_is_not_is_refused(api: Service, sort: str) -> None:
    detail = problem(api.client.get(REPOSITORIES, params={"sort": sort}), 400, "bad_parameter")
    assert detail.startswith("sort is none of the columns")
    assert "total_events" in detail


# ── Whose events ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("parameters", "senders"),
    [
        ({}, {"ann", "Robot", "ci[bot]", "eve"}),
        ({"users": ["ANN", "Eve"]}, {"ann", "eve"}),
        ({"exclude_users": ["robot"]}, {"ann", "ci[bot]", "eve"}),
        ({"actors": "human"}, {"ann", "eve"}),
        ({"actors": "bot"}, {"Robot", "ci[bot]"}),
        ({"actors": "bot", "users": ["ann", "robot"]}, {"Robot"}),
    ],
)
def test_events_of_some_people_are_counted_alike_everywhere(
    api: Service, parameters: dict[str, Any], senders: set[str]
) -> None:
    asked = {"repositories": ["octo/r0", "OCTO/R2"], **parameters}
    listed = api.get(WEBHOOKS, page_size=1000, **asked)
    assert {event["sender"] for event in listed["data"]} == senders
    assert {event["repository"] for event in listed["data"]} == {"octo/r0", "octo/r2"}
    total = listed["pagination"]["total"]
    assert total == len(listed["data"])
    assert api.get("/api/metrics/summary", **asked)["summary"]["total_events"] == total
    assert sum(one["total_events"] for one in api.get(REPOSITORIES, **asked)["repositories"]) == total
    assert sum(one["total_events"] for one in api.get("/api/metrics/trends", **asked)["trends"]) == total


def test_the_older_form_of_one_repository_joins_the_newer(api: Service) -> None:
    found = api.get(REPOSITORIES, repository="octo/r0", repositories=["octo/r1"])["repositories"]
    assert {one["repository"] for one in found} == {"octo/r0", "octo/r1"}
    assert api.get(REPOSITORIES, repository="octo/never")["repositories"] == []


# ── Unchanged answers ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", LISTS)
def test_an_answer_that_has_not_changed_is_304(api: Service, path: str) -> None:
    answer = api.client.get(path)
    again = api.client.get(path, headers={"If-None-Match": f'"other", {answer.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"]
    assert again.headers["X-Log-Position"] == answer.headers["X-Log-Position"]
    for other in ({"page": 2}, {"tz": "Europe/Prague"}, {"format": "csv"}):
        asked = api.client.get(path, params=other, headers={"If-None-Match": answer.headers["ETag"]})
        assert asked.status_code == 200


@pytest.mark.parametrize("told", ["*", "{tag}", "W/{tag}"])
def test_a_tag_is_compared_weakly(api: Service, told: str) -> None:
    tag = api.client.get(REPOSITORIES).headers["ETag"].removeprefix("W/")
    assert api.client.get(REPOSITORIES, headers={"If-None-Match": told.format(tag=tag)}).status_code == 304


@pytest.mark.parametrize("path", ["/health", "/docs", "/dashboard", *LISTS, "/api/metrics/webhooks/none", "/none"])
def test_head_is_answered_as_get_without_the_body(api: Service, path: str) -> None:
    asked, told = api.client.get(path), api.client.head(path)
    assert (told.status_code, told.content) == (asked.status_code, b"")
    passing = {"date", "content-length", "transfer-encoding", "content-encoding"}
    assert {*told.headers} - passing == {*asked.headers} - passing


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ({"start_time": "24h"}, 200),
        ({"end_time": "now"}, 200),
        ({"start_time": "this month", "end_time": "today"}, 200),
        ({"start_time": "this month"}, 304),
        ({"start_time": "last week", "end_time": "last week", "tz": "Asia/Kolkata"}, 304),
    ],
)
def test_a_relative_time_is_the_same_question_while_it_means_the_same(
    api: Service, question: dict[str, str], status: int
) -> None:
    """Today ends now, as long as it is not over."""
    first = api.client.get(REPOSITORIES, params=question)
    again = api.client.get(REPOSITORIES, params=question, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == status


def test_a_new_event_a_park_and_a_setting_change_the_answer(database: str) -> None:
    with running(database) as service:
        position = service.post("star", payload("star")).headers["X-Log-Position"]
        first = service.client.get(REPOSITORIES, params={"min_position": position}).headers["ETag"]
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO parked_events (projection, generation, position, reason, error, version)"
                " SELECT projection, generation, 1, 'test', 'test', 1 FROM projections WHERE projection = 'actors'"
            )
        question = {"min_position": position}
        parked = service.client.get(REPOSITORIES, params=question, headers={"If-None-Match": first})
        assert parked.status_code == 200
        assert parked.headers["ETag"] != first
    with running(database, METRICS_BOT_LOGINS="ann") as service:
        found = service.client.get(REPOSITORIES, params=question, headers={"If-None-Match": parked.headers["ETag"]})
        assert found.status_code == 200
        later = service.post("star", payload("star")).headers["X-Log-Position"]
        service.get(REPOSITORIES, min_position=later)
        found = service.client.get(REPOSITORIES, params=question, headers={"If-None-Match": found.headers["ETag"]})
        assert found.status_code == 200


# ── Zones ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_times_without_an_offset_and_days_are_those_of_the_zone(api: Service) -> None:
    asked = {"start_time": "2026-03-01", "end_time": "2026-03-02T12:00", "tz": "Asia/Kathmandu"}
    assert api.get(REPOSITORIES, **asked)["time_range"] == {
        "start_time": "2026-02-28T18:15:00Z",
        "end_time": "2026-03-02T06:15:00Z",
    }
    for zone, hours in (("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)):
        (before, after) = (datetime.now(UTC) + timedelta(hours=hours) for _ in range(2))
        start = api.get(REPOSITORIES, start_time="today", tz=zone)["time_range"]["start_time"]
        begins = {
            f"{(at.replace(hour=0, minute=0) - timedelta(hours=hours)):%Y-%m-%dT%H:%M}:00Z" for at in (before, after)
        }
        assert start in begins
