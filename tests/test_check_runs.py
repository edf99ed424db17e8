"""check_runs, check_run_attempts and check_groups."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import REPOSITORY, at, make_event, moment, payload, row, rows


def told(status: str, position: int, started: str, completed: str | None = None, **run: Any) -> Event[Any]:
    told_run = {
        "id": 3,
        "name": "test",
        "head_sha": "a" * 40,
        "status": status,
        "conclusion": None,
        "started_at": at(started),
        "completed_at": completed and at(completed),
        "html_url": "https://github.com/octo/hello/runs/3",
        "app": {"id": 15368, "slug": "github-actions"},
        "check_suite": {"id": 30, "head_branch": "change"},
        "pull_requests": [{"number": 1, "base": {"repo": {"id": REPOSITORY}}}],
        **run,
    }
    return make_event("check_run", payload(check_run=told_run), position)


CREATED = told("queued", 1, "10:00")
FAILED = told("completed", 2, "10:00", "10:05", conclusion="failure")
RERUN = told("in_progress", 3, "10:10")
PASSED = told("completed", 4, "10:10", "10:14", conclusion="success")
IDENTITY = {
    "repository_id": REPOSITORY,
    "check_run_id": 3,
    "name": "test",
    "head_sha": "a" * 40,
    "head_branch": "change",
    "check_suite_id": 30,
    "app_id": 15368,
    "app": "github-actions",
    "pr_number": 1,
}


def shown(name: str, *events: Event[Any]) -> list[dict[str, Any]]:
    return [{k: v for k, v in found.items() if k != "state_version"} for found in rows(name, *events)]


def test_a_rerun_is_a_second_attempt_in_any_order() -> None:
    first = {"started_at": moment("10:00"), "completed_at": moment("10:05"), "conclusion": "failure"}
    second = {"started_at": moment("10:10"), "completed_at": moment("10:14"), "conclusion": "success"}
    url = "https://github.com/octo/hello/runs/3"
    for order in permutations([CREATED, FAILED, RERUN, PASSED]):
        assert shown("check_run_attempts", *order) == [IDENTITY | first, IDENTITY | second]
        assert shown("check_runs", *order) == [IDENTITY | second | {"status": "completed", "html_url": url}]


def test_a_completion_told_again_is_the_same_attempt() -> None:
    again = told("completed", 5, "10:00", "10:05", conclusion="failure", output={"title": "told in other words"})
    assert len(rows("check_run_attempts", FAILED, again)) == 1


def test_a_rerun_that_runs_hides_the_conclusion_before() -> None:
    for order in permutations([CREATED, FAILED, RERUN]):
        found = row("check_runs", *order)
        assert (found["status"], found["conclusion"], found["completed_at"]) == ("in_progress", None, None)


def test_within_one_second_completed_wins_over_in_progress_over_queued() -> None:
    queued, running = told("queued", 1, "10:00"), told("in_progress", 2, "10:00")
    done = told("completed", 3, "10:00", "10:00", conclusion="success")
    for order in permutations([queued, running, done]):
        assert row("check_runs", *order)["status"] == "completed"
    for order in permutations([queued, running]):
        assert row("check_runs", *order)["status"] == "in_progress"


def test_a_fork_is_linked_by_its_head_alone() -> None:
    found = row("check_runs", told("queued", 1, "10:00", pull_requests=[], check_suite={"id": 30, "head_branch": None}))
    assert (found["pr_number"], found["head_branch"], found["head_sha"]) == (None, None, "a" * 40)


def test_another_repositorys_number_is_not_ours() -> None:
    elsewhere = [{"number": 99, "base": {"repo": {"id": 8}}}]
    assert row("check_runs", told("queued", 1, "10:00", pull_requests=elsewhere))["pr_number"] is None


def test_what_is_not_complete_is_no_attempt() -> None:
    unfinished = told("completed", 1, "10:00", None)
    assert rows("check_run_attempts", CREATED, RERUN, unfinished, told("completed", 2, "10:00", "10:01", id=None)) == []


def test_a_failure_and_a_later_success_are_a_flaky_group_in_any_order() -> None:
    for order in permutations([CREATED, FAILED, RERUN, PASSED]):
        assert rows("check_groups", *order) == [
            {
                "repository_id": REPOSITORY,
                "head_sha": "a" * 40,
                "app_id": 15368,
                "check_suite_id": 30,
                "name": "test",
                "app": "github-actions",
                "pr_number": 1,
                "first_check_run_id": 3,
                "first_completed_at": moment("10:05"),
                "first_failed_at": moment("10:05"),
                "last_check_run_id": 3,
                "last_completed_at": moment("10:14"),
                "last_succeeded_at": moment("10:14"),
            }
        ]


def test_what_one_suite_says_of_one_commit_is_a_group() -> None:
    """The same name in another suite, of another app or on another commit is none of it."""
    others = [
        told("completed", 5, "10:00", "10:05", id=4, check_suite={"id": 31}),
        told("completed", 6, "10:00", "10:05", id=5, app={"id": 1, "slug": "other"}),
        told("completed", 7, "10:00", "10:05", id=6, head_sha="b" * 40),
        told("completed", 8, "10:00", "10:05", id=7, name="lint"),
        told("completed", 9, "10:00", "10:05", id=8, check_suite=None, app=None, name=None, head_sha=None),
    ]
    again = told("completed", 4, "10:10", "10:14", id=9, conclusion="cancelled")
    found = rows("check_groups", FAILED, again, *others)
    assert len(found) == 6
    (ours,) = [one for one in found if one["last_check_run_id"] == 9]
    assert (ours["first_check_run_id"], ours["first_failed_at"], ours["last_succeeded_at"]) == (
        3,
        moment("10:05"),
        None,
    )
    assert [(one["app_id"], one["check_suite_id"], one["name"]) for one in found if one["head_sha"] == ""] == [
        (0, 0, "")
    ]


def test_what_is_not_completed_is_of_no_group() -> None:
    assert rows("check_groups", CREATED, RERUN) == []
