"""workflow_jobs: when a job was queued, started and done."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import at, make_event, moment, payload, row, rows


def told(status: str, position: int, **job: Any) -> Event[Any]:
    told_job = {
        "id": 9,
        "run_id": 90,
        "run_attempt": 1,
        "name": "build",
        "workflow_name": "CI",
        "head_sha": "a" * 40,
        "head_branch": "change",
        "status": status,
        "created_at": at("10:00"),
        "labels": ["ubuntu-latest"],
        **job,
    }
    return make_event("workflow_job", payload(status, workflow_job=told_job), position)


QUEUED = told("queued", 1, started_at=at("10:00"))
RUNNING = told("in_progress", 2, started_at=at("10:03"), runner_name="runner 1", runner_group_name="Default")
DONE = told(
    "completed", 3, started_at=at("10:03"), completed_at=at("10:09"), conclusion="success", runner_name="runner 1"
)


def test_a_job_in_any_order() -> None:
    for order in permutations([QUEUED, RUNNING, DONE]):
        found = row("workflow_jobs", *order)
        assert {name: value for name, value in found.items() if name != "state_version"} == {
            "repository_id": 7,
            "job_id": 9,
            "run_id": 90,
            "run_attempt": 1,
            "name": "build",
            "workflow_name": "CI",
            "head_sha": "a" * 40,
            "head_branch": "change",
            "created_at": moment("10:00"),
            "started_at": moment("10:03"),
            "completed_at": moment("10:09"),
            "status": "completed",
            "conclusion": "success",
            "labels": ["ubuntu-latest"],
            "runner_name": "runner 1",
            "runner_group_name": None,
            "html_url": None,
        }


def test_what_waits_has_not_started_though_github_says_so() -> None:
    for status in ("queued", "waiting", "pending"):
        found = row("workflow_jobs", told(status, 1, started_at=at("10:00")))
        assert (found["status"], found["started_at"]) == (status, None)


def test_a_job_that_ends_in_the_second_it_began() -> None:
    times = {"started_at": at("10:00"), "completed_at": at("10:00")}
    for order in permutations([QUEUED, told("in_progress", 2, started_at=at("10:00")), told("completed", 3, **times)]):
        assert row("workflow_jobs", *order)["status"] == "completed"


def test_a_job_without_id_states_nothing() -> None:
    assert rows("workflow_jobs", told("queued", 1, id=None), told("queued", 2, id="9")) == []
