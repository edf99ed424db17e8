"""GET /api/metrics/checks, on one morning of two repositories, counted by hand from docs/metrics.md, "Checks"."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deliveries import told_backwards
from tests.events import REPOSITORY, at, payload, pull_request, user
from tests.service import Service, running

CHECKS = "/api/metrics/checks"
DAY = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
TOOLS = {"id": 8, "full_name": "octo/tools"}
ACTIONS, OTHER = {"id": 15368, "slug": "github-actions"}, {"id": 9, "slug": "other-ci"}
Told = tuple[str, dict[str, Any]]


def opened(number: int, author: Any, sha: str) -> Told:
    head = {"ref": "change", "sha": sha * 40, "repo": {"id": REPOSITORY}}
    return "pull_request", payload("opened", pull_request=pull_request(number, user=author, head=head))


def run(
    identity: int, sha: str, suite: int, started: str | None, completed: str, conclusion: str | None, **more: Any
) -> Told:
    repository = {"repository": more.pop("repository")} if "repository" in more else {}
    told = {
        "id": identity,
        "name": "build",
        "head_sha": sha * 40,
        "status": "completed" if completed else "in_progress",
        "conclusion": conclusion,
        "started_at": started and at(started),
        "completed_at": completed and at(completed),
        "app": ACTIONS,
        "check_suite": {"id": suite, "head_branch": "change"},
        "pull_requests": [{"number": 1, "base": {"repo": {"id": REPOSITORY}}}] if sha == "a" else [],
        **more,
    }
    return "check_run", payload("completed", check_run=told, **repository)


TOLD: list[Told] = [
    opened(1, user("octocat", 5), "a"),
    opened(2, user("ci[bot]", 10, "Bot"), "b"),
    # Fails, is run again under its own id, and passes: flaky. The second completion is told twice.
    run(1, "a", 30, "10:00", "10:05", "failure"),
    run(1, "a", 30, "10:10", "10:14", "success"),
    run(1, "a", 30, "10:10", "10:14", "success", output={"title": "in other words"}),
    # The same job of the same commit, started by another trigger: no re-run.
    run(2, "a", 31, "10:00", "10:10", "success"),
    # Of the main branch; its app says that it ended before it began.
    run(3, "c", 32, "10:20", "10:19", "success"),
    # Of a fork, so without a pull request; cancelled and run again under another id: a re-run, and not flaky.
    run(4, "b", 33, "11:00", "11:01", "cancelled"),
    run(5, "b", 33, "11:05", "11:07", "success"),
    run(6, "d", 34, "11:30", "11:30", "skipped"),
    run(7, "e", 35, None, "12:00", "timed_out"),
    run(8, "e", 35, "12:10", None, None),
    # Neither succeeded nor failed.
    run(9, "e", 35, "12:00", "12:01", "neutral", name="lint"),
    run(10, "f", 36, "12:00", "12:02", "stale", name="lint"),
    # The same name, of another app.
    run(11, "e", 37, "12:00", "12:00:30", "success", app=OTHER),
    # Another repository. The check passes first and fails then: run again, and not flaky.
    run(12, "9", 40, "12:30", "12:31", "success", repository=TOOLS),
    run(13, "9", 40, "12:40", "12:43", "action_required", repository=TOOLS),
    run(14, "8", 41, "12:50", "12:55", "startup_failure", repository=TOOLS),
]
NOTHING = {"failure": 0, "timed_out": 0, "startup_failure": 0, "action_required": 0}
NONE_LEFT_OUT = {"skipped": 0, "cancelled": 0, "neutral": 0, "stale": 0}
BUILD = {
    "bucket": None,
    "repository": "octo/hello",
    "check": "build",
    "app": "github-actions",
    "completed": 8,
    "succeeded": 4,
    "failed": 2,
    "success_rate": 66.67,
    "failures": NOTHING | {"failure": 1, "timed_out": 1},
    "left_out": NONE_LEFT_OUT | {"cancelled": 1, "skipped": 1},
    # 0, 120, 240, 300 and 600; when the one that timed out had begun is not known.
    "duration": {"count": 5, "median": 240.0, "p75": 300.0, "p90": 480.0, "p95": 540.0, "mean": 252.0},
    "groups": 6,
    "reruns": 2,
    "rerun_rate": 33.33,
    "flaky": 1,
    "flake_rate": 16.67,
}
LINT = {
    **BUILD,
    "check": "lint",
    **dict.fromkeys(("succeeded", "failed", "reruns", "flaky"), 0),
    "completed": 2,
    "success_rate": None,
    "failures": NOTHING,
    "left_out": NONE_LEFT_OUT | {"neutral": 1, "stale": 1},
    "duration": {"count": 0, "median": None, "p75": None, "p90": None, "p95": None, "mean": None},
    "groups": 2,
    **dict.fromkeys(("rerun_rate", "flake_rate"), 0.0),
}
OF_ANOTHER_APP = {
    **LINT,
    "check": "build",
    "app": "other-ci",
    "completed": 1,
    "succeeded": 1,
    "success_rate": 100.0,
    "left_out": NONE_LEFT_OUT,
    "duration": {"count": 1, **dict.fromkeys(("median", "p75", "p90", "p95", "mean"), 30.0)},
    "groups": 1,
}
OF_TOOLS = {
    **LINT,
    "repository": "octo/tools",
    "check": "build",
    "completed": 3,
    "succeeded": 1,
    "failed": 2,
    "success_rate": 33.33,
    "failures": NOTHING | {"action_required": 1, "startup_failure": 1},
    "left_out": NONE_LEFT_OUT,
    # 60, 180 and 300.
    "duration": {"count": 3, "median": 180.0, "p75": 240.0, "p90": 276.0, "p95": 288.0, "mean": 180.0},
    "groups": 2,
    "reruns": 1,
    "rerun_rate": 50.0,
}


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with told_backwards(server, template, TOLD) as (database, last), running(database) as service:
        service.get(CHECKS, min_position=last)
        yield service


def completed(api: Service, **parameters: Any) -> dict[tuple[str, str, str], int]:
    found = api.get(CHECKS, page_size=100, **parameters)["data"]
    return {(one["repository"], one["check"], one["app"]): one["completed"] for one in found}


HELLO_BUILD = ("octo/hello", "build", "github-actions")


def test_every_check_of_that_day(api: Service) -> None:
    assert api.get(CHECKS, **DAY) == {
        "time_range": DAY,
        "data": [BUILD, OF_TOOLS, LINT, OF_ANOTHER_APP],
        "pagination": {
            "total": 4,
            "page": 1,
            "page_size": 10,
            "total_pages": 1,
            "has_next": False,
            "has_prev": False,
        },
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"users": "Octocat"}, 3),
        ({"users": "ci[bot]"}, 2),
        ({"users": ["octocat", "ci[bot]"]}, 5),
        ({"actors": "bot"}, 2),
        ({"actors": "human"}, 6),
        ({"exclude_users": "octocat"}, 5),
        ({"users": "octocat", "actors": "bot"}, None),
        ({"users": "ci[bot]", "exclude_users": "ci[bot]"}, None),
    ],
)
def test_checks_belong_to_the_authors_of_pull_requests_and_those_of_none_to_nobody(
    api: Service, parameters: dict[str, Any], expected: int | None
) -> None:
    """Those of the fork by their commit alone."""
    assert completed(api, **parameters).get(HELLO_BUILD) == expected


def test_of_some_repositories_and_names(api: Service) -> None:
    assert completed(api, repositories="octo/tools") == {("octo/tools", "build", "github-actions"): 3}
    assert completed(api, repositories=["octo/tools", "octo/nothing"], check="lint") == {}
    assert completed(api, check="lint") == {("octo/hello", "lint", "github-actions"): 2}
    assert completed(api, check=["lint", "nothing\x00"], repositories=["octo/tools", "octo/hello"]) == {
        ("octo/hello", "lint", "github-actions"): 2
    }


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("-completed", BUILD),
        ("-failed", BUILD),
        ("success_rate", OF_TOOLS),
        ("-rerun_rate", OF_TOOLS),
        ("-flake_rate", BUILD),
        ("-duration", BUILD),
    ],
)
def test_the_worst_come_first_and_what_is_not_known_last(api: Service, sort: str, first: dict[str, Any]) -> None:
    found = api.get(CHECKS, sort=sort)["data"]
    assert found[0] == first
    if sort in ("success_rate", "-duration"):
        assert found[-1] == LINT


@pytest.mark.parametrize("clock", ["10:05", "10:10", "10:14", "11:01", "12:00", "12:31", "12:43"])
def test_two_windows_that_meet_add_up(api: Service, clock: str) -> None:
    def counts(**window: str) -> dict[str, int]:
        names = ("completed", "succeeded", "failed", "groups", "reruns", "flaky")
        found = api.get(CHECKS, **{**DAY, **window})["data"]
        return {name: sum(one[name] for one in found) for name in names}

    earlier, later, whole = counts(end_time=at(clock)), counts(start_time=at(clock)), counts()
    assert {name: earlier[name] + later[name] for name in whole} == whole
    assert whole == {"completed": 14, "succeeded": 6, "failed": 4, "groups": 11, "reruns": 3, "flaky": 1}


def test_in_buckets_of_a_zone_that_is_half_an_hour_off(api: Service) -> None:
    window = {"start_time": at("09:30"), "end_time": at("13:00"), "bucket": "hour", "tz": "Asia/Kolkata"}
    found = api.get(CHECKS, **window, check="build", repositories="octo/hello")
    counts = ("completed", "groups", "reruns", "flaky")
    assert [(one["bucket"], one["app"], *(one[name] for name in counts)) for one in found["data"]] == [
        ("2026-03-02T15:00:00+05:30", "github-actions", 4, 3, 1, 1),
        ("2026-03-02T15:00:00+05:30", "other-ci", 0, 0, 0, 0),
        ("2026-03-02T16:00:00+05:30", "github-actions", 2, 1, 1, 0),
        ("2026-03-02T16:00:00+05:30", "other-ci", 0, 0, 0, 0),
        ("2026-03-02T17:00:00+05:30", "github-actions", 2, 2, 0, 0),
        ("2026-03-02T17:00:00+05:30", "other-ci", 1, 1, 0, 0),
        ("2026-03-02T18:00:00+05:30", "other-ci", 0, 0, 0, 0),
        ("2026-03-02T18:00:00+05:30", "github-actions", 0, 0, 0, 0),
    ]
    assert found["pagination"]["total"] == 8
    assert found["data"][-2] == {
        **LINT,
        "bucket": "2026-03-02T18:00:00+05:30",
        "check": "build",
        "app": "other-ci",
        "completed": 0,
        "left_out": NONE_LEFT_OUT,
        "groups": 0,
        **dict.fromkeys(("rerun_rate", "flake_rate"), None),
    }
    days = api.get(CHECKS, bucket="day", check="build", repositories="octo/tools")["data"]
    assert days == [{**OF_TOOLS, "bucket": "2026-03-02T00:00:00Z"}]
    assert api.get(CHECKS, bucket="day", repositories="octo/nothing")["data"] == []


def test_the_whole_list_as_csv(api: Service) -> None:
    answer = api.client.get(CHECKS, params={"format": "csv", "page_size": 1, "sort": "success_rate"})
    header, *lines = answer.text.splitlines()
    assert header.startswith("bucket,repository,check,app,completed,succeeded,failed,success_rate,failures_failure,")
    assert [line.split(",")[1:5] for line in lines] == [
        ["octo/tools", "build", "github-actions", "3"],
        ["octo/hello", "build", "github-actions", "8"],
        ["octo/hello", "build", "other-ci", "1"],
        ["octo/hello", "lint", "github-actions", "2"],
    ]


def test_pages_visit_every_check_once(api: Service) -> None:
    pages = [api.get(CHECKS, page=number, page_size=3) for number in (1, 2, 3)]
    assert [one for page in pages for one in page["data"]] == api.get(CHECKS)["data"]
    assert [page["pagination"]["total"] for page in pages] == [4, 4, 4]


@pytest.mark.parametrize("parameters", [{"bucket": "year"}, {"tz": "Nowhere"}, {"start_time": "soon"}, {"page": 2**64}])
def test_what_cannot_be_answered_is_refused(api: Service, parameters: dict[str, Any]) -> None:
    answer = api.client.get(CHECKS, params=parameters)
    told = answer.json()
    assert (answer.status_code, told["reason"]) in ((400, "bad_parameter"), (422, "invalid_parameter"))
    assert next(iter(parameters)) in str(told["detail"])
