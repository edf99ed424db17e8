"""GET /api/metrics/jobs, on one morning of two repositories, counted by hand from docs/metrics.md, "Jobs"."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deliveries import told_backwards
from tests.events import REPOSITORY, at, payload, pull_request, user
from tests.service import Service, running

JOBS = "/api/metrics/jobs"
MORNING = {"start_time": at("00:00"), "end_time": at("12:00")}
TOOLS = {"id": 8, "full_name": "octo/tools"}
Told = tuple[str, dict[str, Any]]


def opened(number: int, author: Any, sha: str) -> Told:
    head = {"ref": "change", "sha": sha * 40, "repo": {"id": REPOSITORY}}
    return "pull_request", payload("opened", pull_request=pull_request(number, user=author, head=head))


def job(identity: int, created: str, started: str | None, completed: str | None, **more: Any) -> Told:
    repository = {"repository": more.pop("repository")} if "repository" in more else {}
    status = "completed" if completed else "in_progress" if started else "queued"
    told = {
        "id": identity,
        "run_id": 90,
        "run_attempt": 1,
        "name": "build",
        "workflow_name": "CI",
        "head_sha": "a" * 40,
        "status": status,
        "conclusion": "success" if completed else None,
        "created_at": at(created),
        "started_at": started and at(started),
        "completed_at": completed and at(completed),
        "labels": ["ubuntu-latest"],
        "html_url": f"https://github.com/jobs/{identity}",
        **more,
    }
    return "workflow_job", payload(status, workflow_job=told, **repository)


TOLD: list[Told] = [
    opened(1, user("octocat", 5), "a"),
    opened(2, user("ci[bot]", 10, "Bot"), "b"),
    # Run 90: build waits 60 s and runs 540 s, test asks for two labels, waits 120 s and runs 60 s and fails.
    job(1, "10:00", None, None),
    job(1, "10:00", "10:01", "10:10"),
    job(2, "10:00", "10:02", "10:03", name="test", labels=["self-hosted", "gpu", "gpu"], conclusion="failure"),
    # Its second attempt: only test, which waits 30 s and runs 90 s.
    job(3, "10:20", "10:20:30", "10:22", name="test", labels=["self-hosted", "gpu"], run_attempt=2),
    # Run 91, of a bot: started before it was created, by the runner's clock; then cancelled.
    job(4, "10:30", "10:29", "10:32", run_id=91, head_sha="b" * 40, conclusion="cancelled"),
    # Skipped: it neither waits nor runs.
    job(5, "10:30", "10:30", "10:30", run_id=91, name="deploy", conclusion="skipped"),
    # Run 92 runs at noon, and its second job waits; the third waits for somebody's approval, not for a runner.
    job(6, "11:50", "11:55", None, run_id=92),
    job(7, "11:50", None, None, run_id=92, name="test"),
    job(8, "11:50", None, None, run_id=92, name="deploy", status="waiting"),
    # Of another repository, without labels; it ran beyond noon. Cancelled while it waited, without a start.
    job(9, "11:00", "11:05", "12:05", run_id=93, labels=[], repository=TOOLS, head_sha="c" * 40),
    job(10, "11:10", None, "11:20", run_id=94, labels=None, repository=TOOLS, conclusion="cancelled", name="test"),
    # Its end was never told: GitHub has ended it long ago.
    ("workflow_job", {}),
]
OLD = job(11, "09:00", None, None, run_id=95)[1]
OLD["workflow_job"]["created_at"] = "2026-02-20T09:00:00Z"
TOLD[-1] = ("workflow_job", OLD)


def statistics(count: int, median: float, p75: float, p90: float, mean: float, **more: float) -> dict[str, Any]:
    return {"count": count, "median": median, "p75": p75, "p90": p90, "mean": mean, **more}


NOTHING = {"count": 0, "median": None, "p75": None, "p90": None, "mean": None}


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with told_backwards(server, template, TOLD) as (database, last), running(database) as service:
        service.get(JOBS, min_position=last)
        yield service


def test_by_runner_label_a_job_that_asks_for_two_is_under_each(api: Service) -> None:
    found = api.get(JOBS, **MORNING)
    assert found["as_of"] == at("12:00")
    assert found["data"] == [
        {
            "repository": None,
            "label": "ubuntu-latest",
            "workflow": None,
            "job": None,
            # Jobs 1, 4, 6, 7 and 8.
            "jobs": 5,
            "completed": 2,
            "succeeded": 1,
            "failed": 0,
            "cancelled": 1,
            "success_rate": 100.0,
            "queued": 1,
            "running": 1,
            # 60, 0 and 300.
            "queue_time": statistics(3, 60.0, 180.0, 252.0, 120.0),
            # 540 and 180.
            "duration": statistics(2, 360.0, 450.0, 504.0, 360.0, p95=522.0),
            "workflow_duration": None,
        },
        *(
            {
                "repository": None,
                "label": label,
                "workflow": None,
                "job": None,
                "jobs": 2,
                "completed": 2,
                "succeeded": succeeded,
                "failed": 2 - succeeded - cancelled,
                "cancelled": cancelled,
                "success_rate": rate,
                "queued": 0,
                "running": running,
                "queue_time": queue_time,
                "duration": duration,
                "workflow_duration": None,
            }
            for label, succeeded, cancelled, rate, running, queue_time, duration in (
                # Jobs 2 and 3: 120 and 30; 60 and 90.
                *(
                    (
                        label,
                        1,
                        0,
                        50.0,
                        0,
                        statistics(2, 75.0, 97.5, 111.0, 75.0),
                        statistics(2, 75.0, 82.5, 87.0, 75.0, p95=88.5),
                    )
                    for label in ("gpu", "self-hosted")
                ),
                # Jobs 9 and 10, of which the second never began.
                (
                    None,
                    1,
                    1,
                    100.0,
                    1,
                    statistics(1, 300.0, 300.0, 300.0, 300.0),
                    statistics(1, 3600.0, 3600.0, 3600.0, 3600.0, p95=3600.0),
                ),
            )
        ),
    ]


def test_by_workflow_with_whole_run_attempts(api: Service) -> None:
    """Run 90 lasts from 10:00 to 10:10 and, run again, from 10:20 to 10:22; run 91 two minutes; run 92 has not ended.
    Those of the other repository last 65 and 10 minutes.
    """
    found = {one["repository"]: one for one in api.get(JOBS, **MORNING, group="workflow")["data"]}
    assert {name: (one["workflow"], one["jobs"], one["queued"], one["running"]) for name, one in found.items()} == {
        "octo/hello": ("CI", 7, 1, 1),
        "octo/tools": ("CI", 2, 0, 1),
    }
    assert found["octo/hello"]["workflow_duration"] == statistics(3, 120.0, 360.0, 504.0, 280.0)
    assert found["octo/tools"]["workflow_duration"] == statistics(2, 2250.0, 3075.0, 3570.0, 2250.0)
    by_repository = api.get(JOBS, **MORNING, group="repository")["data"]
    assert [(one["repository"], one["workflow"], one["jobs"]) for one in by_repository] == [
        ("octo/hello", None, 7),
        ("octo/tools", None, 2),
    ]
    assert by_repository[0]["workflow_duration"] == found["octo/hello"]["workflow_duration"]


def test_by_job_name(api: Service) -> None:
    found = api.get(JOBS, **MORNING, group="job", sort="-duration")["data"]
    assert [
        (one["repository"], one["workflow"], one["job"], one["jobs"], one["duration"]["median"]) for one in found
    ] == [
        ("octo/tools", "CI", "build", 1, 3600.0),
        ("octo/hello", "CI", "build", 3, 360.0),
        ("octo/hello", "CI", "test", 3, 75.0),
        ("octo/hello", "CI", "deploy", 1, None),
        ("octo/tools", "CI", "test", 1, None),
    ]


def test_the_slowest(api: Service) -> None:
    found = api.get(JOBS, **MORNING)["slowest"]
    assert [(one["job_id"], one["queue_time"], one["duration"]) for one in found] == [
        (9, 300.0, 3600.0),
        (1, 60.0, 540.0),
        (4, 0.0, 180.0),
        (3, 30.0, 90.0),
        (2, 120.0, 60.0),
    ]
    assert found[4] == {
        "repository": "octo/hello",
        "workflow": "CI",
        "job": "test",
        "labels": ["self-hosted", "gpu"],
        "job_id": 2,
        "run_id": 90,
        "run_attempt": 1,
        "conclusion": "failure",
        "created_at": at("10:00"),
        "queue_time": 120.0,
        "duration": 60.0,
        "url": "https://github.com/jobs/2",
    }


@pytest.mark.parametrize(
    ("clock", "queued", "running"),
    [("10:00:30", 2, 0), ("10:02:30", 0, 2), ("10:25", 0, 0), ("11:15", 1, 1), ("11:52", 2, 1), ("12:03", 1, 2)],
)
def test_what_waits_and_what_runs_is_as_of_a_moment(api: Service, clock: str, queued: int, running: int) -> None:
    """Job 11 waits since February: GitHub gives up after a day."""
    found = api.get(JOBS, end_time=at(clock), group="repository")["data"]
    assert sum(one["queued"] for one in found) == queued
    assert sum(one["running"] for one in found) == running


def test_now_is_when_it_is_asked(api: Service) -> None:
    """Long after all of this: nothing waits or runs, though no end of some was told."""
    found = api.get(JOBS, group="repository")["data"]
    assert [(one["repository"], one["jobs"], one["queued"], one["running"]) for one in found] == [
        ("octo/hello", 8, 0, 0),
        ("octo/tools", 2, 0, 0),
    ]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"users": "OCTOCAT"}, {"octo/hello": 6}),
        ({"actors": "bot"}, {"octo/hello": 1}),
        ({"actors": "human"}, {"octo/hello": 6, "octo/tools": 2}),
        ({"exclude_users": "octocat"}, {"octo/hello": 1, "octo/tools": 2}),
        ({"repositories": "octo/tools"}, {"octo/tools": 2}),
        ({"repositories": ["octo/tools", "octo/hello"], "users": ["ci[bot]", "octocat"]}, {"octo/hello": 7}),
    ],
)
def test_jobs_belong_to_the_authors_of_pull_requests(
    api: Service, parameters: dict[str, Any], expected: dict[str, int]
) -> None:
    found = api.get(JOBS, **MORNING, group="repository", **parameters)["data"]
    assert {one["repository"]: one["jobs"] for one in found} == expected


@pytest.mark.parametrize("clock", ["10:00", "10:20", "10:30", "11:00", "11:50"])
def test_two_windows_that_meet_add_up(api: Service, clock: str) -> None:
    """Run attempts too: one counts when its first job was created."""

    def counts(**window: str) -> dict[str, int]:
        found = api.get(JOBS, **{**MORNING, **window}, group="workflow")["data"]
        counted = {name: sum(one[name] for one in found) for name in ("jobs", "completed", "succeeded", "failed")}
        return {**counted, "runs": sum(one["workflow_duration"]["count"] for one in found if one["workflow_duration"])}

    earlier, later, whole = counts(end_time=at(clock)), counts(start_time=at(clock)), counts()
    assert {name: earlier[name] + later[name] for name in whole} == whole
    assert whole == {"jobs": 9, "completed": 6, "succeeded": 3, "failed": 1, "runs": 5}


def test_the_whole_list_as_csv(api: Service) -> None:
    answer = api.client.get(JOBS, params={**MORNING, "page_size": 1}, headers={"Accept": "text/csv"})
    header, *lines = answer.text.splitlines()
    assert header.startswith("repository,label,workflow,job,jobs,completed,succeeded,failed,cancelled,success_rate,")
    assert [line.split(",")[1] for line in lines] == ["ubuntu-latest", "gpu", "self-hosted", ""]


@pytest.mark.parametrize("parameters", [{"group": "runner"}, {"page_size": 0}])
def test_what_cannot_be_answered_is_refused(api: Service, parameters: dict[str, Any]) -> None:
    answer = api.client.get(JOBS, params=parameters)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid_parameter")
