"""What holds for every endpoint that reads, on the golden history: lists are sorted as a whole, what selects is taken or
refused, and an answer that has not changed is 304.
"""

import csv
import io
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx2
import pytest

from github_metrics.processes.protocol import LONGEST_URL
from tests.golden import deliveries
from tests.service import Service, clone, running
from tests.test_api import problem

BELOW = "/api/metrics/"
BY_KEY = {"get_pr_story": "what happened, one after another"}
"""Lists that have one order only."""
ORDERED_BY = {"imputed": "how many they are", "size_bucket": "size", "labels": "as lists"}
"""Columns of the pull requests that are not in the order of what is shown."""
TEAMS = "teams: {core: [ann, bob], web: [cat]}"


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    teams = tmp_path_factory.mktemp("conventions") / "teams.yaml"
    teams.write_text(TEAMS)
    with clone(server, template) as database, running(database, METRICS_TEAMS_FILE=str(teams)) as service:
        for delivery_id, kind, body in deliveries():
            service.post(kind, body, delivery_id=delivery_id)
        for number, (resource, calls) in enumerate([("core", 3), ("search", 9), ("core", 2), ("graphql", 0)]):
            reset = f"2026-03-02T{12 + number}:00:00Z"
            usage = {"resource": resource, "calls": calls, "used": 10 - calls, "remaining": calls, "reset_at": reset}
            report = {"reporter": "bot", "report_id": str(number), **usage, "limit": 10}
            last = service.client.post(f"{BELOW}usage", json=report)
        service.get(f"{BELOW}webhooks", min_position=last.headers["X-Log-Position"])
        service.get(f"{BELOW}api-usage", min_position=last.headers["X-Log-Position"])
        yield service


def lists(api: Service) -> dict[str, tuple[str, set[str]]]:
    """Path and parameters of each endpoint that is paged, by operation."""
    paths = api.get("/openapi.json")["paths"]
    found = {path: of["get"] for path, of in paths.items() if path.startswith(BELOW) and "get" in of}
    named = {path: {one["name"] for one in of.get("parameters", ())} for path, of in found.items()}
    return {of["operationId"]: (path, named[path]) for path, of in found.items() if "page" in named[path]}


def columns(api: Service, path: str, parameters: dict[str, Any]) -> list[str]:
    """What a list can be sorted by, as its refusal says."""
    answer = api.client.get(path, params={**parameters, "sort": "nothing"})
    assert answer.status_code == 400
    return answer.json()["detail"].rpartition(": ")[2].split(", ")


def cells(api: Service, path: str, column: str, parameters: dict[str, Any]) -> list[Any]:
    """A column of the whole list: numbers as numbers, of statistics the median."""
    answer = api.client.get(path, params={**parameters, "format": "csv"})
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    found = [row[column] if column in row else row[f"{column}_median"] for row in rows]
    try:
        return [float(one) if one else None for one in found]
    except ValueError:
        return [one.lower() if one else None for one in found]


def test_every_list_is_sorted_on_demand_or_says_why_not(api: Service) -> None:
    unsorted = {operation for operation, (_, parameters) in lists(api).items() if "sort" not in parameters}
    assert unsorted == BY_KEY.keys()


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("get_repository_statistics", {}),
    ("get_user_pull_requests", {}),
    ("get_pull_requests", {}),
    ("get_labels", {}),
    ("get_checks", {}),
    ("get_jobs", {"group": "job"}),
    ("get_jobs", {"group": "label"}),
    ("get_deployments", {}),
    ("get_deployments", {"group": "all"}),
    ("get_reviewers", {"actors": "all"}),
    ("get_reviewers", {"kind": "team"}),
    ("get_metrics_cross_team_reviews", {}),
    ("get_comment_resolution_time", {}),
    ("get_log", {}),
    ("get_api_usage", {"group": "window"}),
    ("get_api_usage", {"group": "resource"}),
    ("get_api_usage", {"group": "event_type"}),
    ("get_webhook_events", {}),
    ("get_parked_events", {"state": "all"}),
    ("get_lifecycle", {"group": "week"}),
    ("get_lifecycle", {"group": "repository"}),
    *(("get_team_dynamics", {"list": name}) for name in ("workload", "review_efficiency", "bottlenecks", "alerts")),
    *(("get_review_turnaround", {"list": name}) for name in ("by_repository", "by_reviewer")),
    *(("get_metrics_contributors", {"list": name}) for name in ("pr_creators", "pr_reviewers", "pr_approvers")),
]


def test_every_list_with_an_order_is_asked_here(api: Service) -> None:
    assert {operation for operation, _ in ASKED} == lists(api).keys() - BY_KEY.keys()


@pytest.mark.parametrize(("operation", "parameters"), ASKED)
def test_the_whole_list_is_in_the_order_that_is_asked_for(
    api: Service, operation: str, parameters: dict[str, Any]
) -> None:
    path, _ = lists(api)[operation]
    for column in columns(api, path, parameters):
        if column in ORDERED_BY:
            continue
        for sort in (column, f"-{column}"):
            found = cells(api, path, column, {**parameters, "sort": sort})
            known = sorted((one for one in found if one is not None), reverse=sort != column)
            assert found == [*known, *[None] * found.count(None)], sort


@pytest.mark.parametrize("path", ["checks", "deployments", "api-usage"])
def test_in_a_series_each_bucket_is_sorted_by_itself(api: Service, path: str) -> None:
    asked = {"bucket": "day", "sort": "-repository", "page_size": 100, "group": "repository"}
    if path == "checks":
        del asked["group"]
    found = api.get(f"{BELOW}{path}", **asked)["data"]
    assert found
    order = [(one["bucket"], one["repository"]) for one in found]
    assert [bucket for bucket, _ in order] == sorted(bucket for bucket, _ in order)
    for bucket in dict(order):
        names = [name for of, name in order if of == bucket and name is not None]
        assert names == sorted(names, reverse=True)


# ── Unchanged answers ─────────────────────────────────────────────────────────────────────────────────────────────

PATH = {"owner": "octo", "repo": "app", "number": "1", "delivery_id": str(uuid.UUID(int=1))}
OF_NOW = {"get_labels", "get_log", "get_pull_requests"}
"""Whose answers are as of now, whatever the window."""
MARCH = {"start_time": "2026-03-01", "end_time": "2026-04-01"}


def endpoints(api: Service) -> dict[str, tuple[str, set[str]]]:
    """The path, filled in, and the parameters of each that answers with JSON."""
    return {
        of["get"]["operationId"]: (path.format(**PATH), {one["name"] for one in of["get"].get("parameters", ())})
        for path, of in api.get("/openapi.json")["paths"].items()
        if path.startswith(BELOW) and "get" in of and path != f"{BELOW}stream"
    }


def again(api: Service, path: str, asked: dict[str, str], tag: str | None) -> Any:
    return api.client.get(path, params=asked, headers={"If-None-Match": tag or "none"})


def test_of_a_window_that_is_over_every_answer_stays_what_it_was(api: Service) -> None:
    """A second later, so that an answer that tells of now would be another one."""
    asked = {name: (path, MARCH if "end_time" in taken else {}) for name, (path, taken) in endpoints(api).items()}
    found = {name: (of, api.client.get(of[0], params=of[1])) for name, of in asked.items()}
    assert {answer.status_code for _, answer in found.values()} == {200}
    threading.Event().wait(1.1)
    unchanged = set()
    for name, ((path, window), before) in found.items():
        if again(api, path, window, before.headers.get("ETag")).status_code == 304:
            assert api.client.get(path, params=window).content == before.content, name
            unchanged.add(name)
    assert unchanged == found.keys() - OF_NOW


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("pull-requests", {"state": "merged"}, 304),
        ("pull-requests", {"state": "closed", "sort": "-age"}, 304),
        ("pull-requests", {"state": "open"}, 200),
        ("pull-requests", {}, 200),
        ("jobs", {}, 200),
        ("jobs", {"end_time": "2999-01-01"}, 200),
        ("jobs", {"end_time": "2026-04-01"}, 304),
        ("deployments", {"end_time": "2026-04-01"}, 304),
        ("api-usage", {"start_time": "2026-03-01", "end_time": "last month"}, 304),
        ("repositories/octo/app", {"start_time": "last week"}, 200),
        ("repositories/octo/app", {"start_time": "2026-03-02", "end_time": "2026-03-03"}, 304),
    ],
)
def test_what_depends_on_now_is_another_answer_each_time(
    api: Service, path: str, asked: dict[str, str], status: int
) -> None:
    before = api.client.get(f"{BELOW}{path}", params=asked)
    assert again(api, f"{BELOW}{path}", asked, before.headers["ETag"]).status_code == status


# ── Selection ─────────────────────────────────────────────────────────────────────────────────────────────────────

SELECTION = {
    "start_time": "2026-03-02",
    "end_time": "2026-03-09",
    "tz": "Asia/Kolkata",
    "repositories": "octo/app",
    "users": "ann",
    "exclude_users": "bob",
    "actors": "bot",
}
LEFT_OUT = {
    # One event, one pull request, one repository.
    "get_webhook_event_by_id": set(SELECTION),
    "get_pr_story": set(SELECTION),
    "explain_pull_request": set(SELECTION),
    "get_repository": {"repositories"},
    # What the teams file says, and what an operator looks at.
    "get_maintainers": set(SELECTION) - {"repositories"},
    "get_projections": set(SELECTION),
    "get_parked_events": set(SELECTION),
    "get_log": set(SELECTION),
}
"""What means nothing by the path, or by what an endpoint tells of."""


def test_every_endpoint_takes_what_selects_or_says_that_it_means_nothing(api: Service) -> None:
    for name, (path, taken) in endpoints(api).items():
        refused = LEFT_OUT.get(name, set())
        assert SELECTION.keys() - taken == refused, name
        for parameter, value in SELECTION.items():
            answer = api.client.get(path, params={parameter: value})
            if parameter not in refused:
                assert answer.status_code == 200, (name, parameter, answer.text)
                continue
            (fault,) = problem(answer, 422, "invalid_parameter")
            assert (fault["type"], fault["loc"]) == ("not_applicable", ["query", parameter]), name


@pytest.mark.parametrize(
    "window",
    [
        {"end_time": "0001-01-01T00:00:01Z"},
        {"start_time": "0001-01-01T00:00:00Z", "end_time": "0001-01-02T00:00:00Z"},
        {"start_time": "9999-12-30T00:00:00Z", "end_time": "9999-12-31T23:59:59Z"},
        {"start_time": "9999-12-31T00:00:00Z"},
    ],
)
def test_at_the_ends_of_the_calendar_every_window_has_an_answer(api: Service, window: dict[str, str]) -> None:
    """A series may be refused: of too many buckets, or of one that would end after the calendar."""
    for name, (path, taken) in endpoints(api).items():
        if "start_time" in taken:
            answer = api.client.get(path, params=window)
            assert answer.status_code == 200 or problem(answer, 400, "bad_parameter") is not None, (name, answer.text)


def test_what_means_nothing_is_named_all_at_once(api: Service) -> None:
    asked = {"users": "ann", "page": 1, "repositories": "octo/app"}
    faults = problem(api.client.get(f"{BELOW}pr-story/octo/app/1", params=asked), 422, "invalid_parameter")
    assert [fault["loc"][1] for fault in faults] == ["repositories", "users"]


@pytest.mark.parametrize(
    ("path", "parameter", "said"),
    [
        ("contributors", "repository", "There is no such parameter here: did you mean repositories?"),
        ("pull-requests", "user", "There is no such parameter here: did you mean users?"),
        ("checks", "sorted", "There is no such parameter here: did you mean sort?"),
        ("log", "organisation", "There is no such parameter here"),
        ("pull-requests", "author", "There is no such parameter here: did you mean users?"),
        ("repositories/octo/app", "owner", "There is no such parameter here"),
    ],
)
def test_a_parameter_that_there_is_not_is_refused_and_the_one_that_was_meant_named(
    api: Service, path: str, parameter: str, said: str
) -> None:
    answer = api.client.get(f"{BELOW}{path}", params={parameter: "octo/app"})
    assert problem(answer, 422, "invalid_parameter") == [
        {"type": "unknown_parameter", "loc": ["query", parameter], "msg": said}
    ]


ONE_VALUE = [
    ("summary", "event_type", ("push", "pull_request")),
    ("webhooks", "status", ("error", "success")),
    ("webhooks", "sort", ("position", "position")),
    ("contributors", "actors", ("human", "bot")),
    ("pull-requests", "start_time", ("2026-01-01", "2026-02-01")),
    ("trends", "tz", ("UTC", "Europe/Prague")),
    ("labels", "page", ("1", "2")),
    ("jobs", "page_size", ("1", "2")),
    ("checks", "format", ("csv", "json")),
]


@pytest.mark.parametrize(("path", "parameter", "values"), ONE_VALUE)
def test_what_takes_one_value_is_refused_when_it_is_given_twice(
    api: Service, path: str, parameter: str, values: tuple[str, str]
) -> None:
    assert api.client.get(f"{BELOW}{path}", params={parameter: values[0]}).status_code == 200
    answer = api.client.get(f"{BELOW}{path}", params={parameter: values})
    said = "This takes one value, and is given more than once"
    assert problem(answer, 422, "invalid_parameter") == [{"type": "repeated", "loc": ["query", parameter], "msg": said}]


def test_what_is_empty_asks_for_nothing_that_is_known(api: Service) -> None:
    """It would be an answer about nobody, which passes for one about everybody."""
    for name, (path, taken) in endpoints(api).items():
        for parameter in taken - {"owner", "repo", "number", "delivery_id"}:
            for value in ("", " ", ["ann", ""]) if parameter in ("users", "repositories") else ("",):
                answer = api.client.get(path, params={parameter: value})
                (fault,) = problem(answer, 422, "invalid_parameter")
                assert (fault["type"], fault["loc"]) == ("empty", ["query", parameter]), (name, value)


def test_windows_of_a_limit_have_no_buckets(api: Service) -> None:
    asked = {"bucket": "hour"}
    assert api.client.get(f"{BELOW}api-usage", params={**asked, "group": "resource"}).status_code == 200
    said = "This selects nothing with group=window: leave it out, or ask for another group"
    assert problem(api.client.get(f"{BELOW}api-usage", params=asked), 422, "invalid_parameter") == [
        {"type": "not_applicable", "loc": ["query", "bucket"], "msg": said}
    ]


@pytest.mark.parametrize(
    ("path", "group", "column"),
    [
        ("api-usage", "window", "repository"),
        ("api-usage", "resource", "reset_at"),
        ("api-usage", "event_type", "resource"),
        ("jobs", "label", "workflow"),
        ("jobs", "workflow", "job"),
        ("deployments", "all", "repository"),
        ("lifecycle", "week", "repository"),
        ("lifecycle", "repository", "bucket"),
    ],
)
def test_a_column_that_is_null_in_a_group_sorts_nothing(api: Service, path: str, group: str, column: str) -> None:
    answer = api.client.get(f"{BELOW}{path}", params={"group": group, "sort": column})
    assert "sort is none of the columns" in problem(answer, 400, "bad_parameter")


def asked_plainly(api: Service, target: str) -> httpx2.Response:
    """By a client that sets no bounds of its own."""
    with closing(HTTPConnection("127.0.0.1", api.port, timeout=20)) as connection:
        connection.request("GET", target)
        answer = connection.getresponse()
        return httpx2.Response(answer.status, headers=answer.getheaders(), content=answer.read())


@pytest.mark.parametrize("many", [501, 3_000, 10_000])
def test_of_too_many_users_it_is_the_users_that_are_named(api: Service, many: int) -> None:
    """More than a URL can hold is refused before there are parameters."""
    query = "&".join(f"users=user{number}" for number in range(many))
    answer = asked_plainly(api, f"{BELOW}summary?{query}")
    if len(query) > LONGEST_URL:
        said = f"a URL has at most {LONGEST_URL} bytes, and this one has {many} times users"
        assert problem(answer, 414, "url_too_long") == said
        return
    (fault,) = problem(answer, 422, "invalid_parameter")
    assert fault["loc"] == ["query", "users"]


def test_a_path_that_is_too_long_is_refused_as_a_problem(api: Service) -> None:
    answer = asked_plainly(api, f"{BELOW}{'a' * LONGEST_URL}")
    assert problem(answer, 414, "url_too_long") == f"a URL has at most {LONGEST_URL} bytes"
