"""GET /api/metrics/comment-resolution-time, on one day of two repositories, worked out by hand."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deliveries import delivery, fill
from tests.events import REPOSITORY, at, payload, pull_request, simple, user
from tests.service import Service, clone, running
from tests.test_api import links, problem

THREADS = "/api/metrics/comment-resolution-time"
DAY = {"start_time": "2026-03-02T09:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
HELLO = {"id": REPOSITORY, "full_name": "octo/hello", "updated_at": at("08:00")}
TOOLS = {"id": 8, "full_name": "octo/tools", "updated_at": at("08:00")}
OCTOCAT, MONALISA, ALICE = user("octocat", 5), user("monalisa", 2), user("alice", 9)
BOT = user("ci[bot]", 10, "Bot")
HEAD = "a" * 40
Told = tuple[str, dict[str, Any]]


def said(identity: int, by: Any, clock: str, to: int | None = None, path: str = "README.md") -> dict[str, Any]:
    told = {"id": identity, "user": by, "body": "?", "path": path, "in_reply_to_id": to}
    return {**told, "created_at": at(clock), "updated_at": at(clock)}


def comment(told: dict[str, Any], number: int = 1, repository: Any = HELLO, action: str = "created") -> Told:
    about = simple(pull_request(number, updated=told["created_at"][11:16]))
    body = payload(action, comment=told, pull_request=about, sender=told["user"], repository=repository)
    return "pull_request_review_comment", body


def turned(action: str, clock: str, by: Any, *comments: dict[str, Any], number: int = 1, repo: Any = HELLO) -> Told:
    told = {"node_id": f"PRRT_{comments[0]['id']}", "comments": list(comments)}
    about = simple(pull_request(number, updated=clock))
    body = payload(action, thread=told, updated_at=at(clock), pull_request=about, sender=by, repository=repo)
    return "pull_request_review_thread", body


A, A1, A2 = said(10, MONALISA, "10:00"), said(11, MONALISA, "10:10", 10), said(12, OCTOCAT, "10:30", 10)
B, B1 = said(20, ALICE, "11:00", path="b.py"), said(21, BOT, "11:01", 20, "b.py")
C = said(30, BOT, "11:30")
D, D1 = said(40, MONALISA, "08:30"), said(41, OCTOCAT, "09:30", 40)
E, E1 = said(50, ALICE, "12:00"), said(51, OCTOCAT, "15:00", 50)
F1 = said(61, OCTOCAT, "13:00", 60)

HISTORY: list[Told] = [
    ("pull_request", payload("opened", pull_request=pull_request(1, title="First"), repository=HELLO)),
    # A: answered by its pull request's author after half an hour; resolved, reopened and resolved again: 3 hours. Its
    # second answer is deleted, and its first is told twice.
    *(comment(A), comment(A1), comment(A2), comment({**A2, "body": "!"}, action="edited")),
    *(comment(said(13, OCTOCAT, "10:40", 10)), comment(said(13, OCTOCAT, "10:40", 10), action="deleted")),
    turned("resolved", "11:00", OCTOCAT, A, A1, A2),
    turned("unresolved", "11:30", MONALISA, A, A1, A2),
    turned("resolved", "13:00", OCTOCAT, A, A1, A2),
    # B: only a bot replied; resolved and reopened, so unresolved.
    *(comment(B), comment(B1), turned("resolved", "12:00", ALICE, B, B1), turned("unresolved", "12:30", ALICE, B, B1)),
    # C: begun by a bot. D: begun before the window, unresolved.
    *(comment(C), comment(D), comment(D1)),
    # E: of the other repository, told by its resolution alone: an hour after the answer, four after it began.
    turned("resolved", "16:00", ALICE, E, E1, number=1, repo=TOOLS),
    # F: its first comment was never told.
    comment(F1),
    # The check that says that octo/hello#1 may be merged, of a fork: at 12:00.
    (
        "check_run",
        payload(
            "completed",
            repository=HELLO,
            check_run={
                "id": 1,
                "name": "can-be-merged",
                "head_sha": HEAD,
                "status": "completed",
                "conclusion": "success",
                "started_at": at("11:50"),
                "completed_at": at("12:00"),
                "pull_requests": [],
            },
        ),
    ),
]


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database:
        # Told in the reverse order: what came when makes no difference.
        told = [delivery(of, "03-03T12:00", *one) for of, one in enumerate(reversed(HISTORY), start=1)]
        last = fill(database, told)
        with running(database) as service:
            service.get(THREADS, min_position=last)
            yield service


def shown(found: Any) -> list[int]:
    return [thread["first_comment_id"] for thread in found["threads"]]


def test_a_thread_is_told_with_all_its_times(api: Service) -> None:
    found = api.get(THREADS, **DAY)
    assert shown(found) == [50, 20, 10]
    other, reopened, resolved = found["threads"]
    assert resolved == {
        "thread_node_id": "PRRT_10",
        "first_comment_id": 10,
        "repository": "octo/hello",
        "pr_number": 1,
        "pr_title": "A change",
        "author": "monalisa",
        "first_comment_at": at("10:00"),
        "resolved": True,
        "resolved_at": at("13:00"),
        "resolution_time_hours": 3.0,
        "time_to_first_response_hours": 0.5,
        "comment_count": 3,
        "resolver": "octocat",
        "participants": ["monalisa", "octocat"],
        "file_path": "README.md",
        "can_be_merged_at": at("12:00"),
        "time_from_can_be_merged_hours": 1.0,
    }
    assert (reopened["resolved"], reopened["resolved_at"], reopened["resolution_time_hours"]) == (False, None, None)
    assert (reopened["time_to_first_response_hours"], reopened["comment_count"], reopened["resolver"]) == (
        None,
        2,
        None,
    )
    assert (reopened["participants"], reopened["file_path"]) == (["alice", "ci[bot]"], "b.py")
    assert (reopened["can_be_merged_at"], reopened["time_from_can_be_merged_hours"]) == (at("12:00"), None)
    assert (other["repository"], other["pr_number"], other["can_be_merged_at"]) == ("octo/tools", 1, None)
    assert (other["resolution_time_hours"], other["time_to_first_response_hours"]) == (4.0, 3.0)


def test_files_are_sorted_whatever_their_case(api: Service) -> None:
    for sort, files in (("file_path", ["b.py", "README.md"]), ("-file_path", ["README.md", "b.py"])):
        found = [thread["file_path"] for thread in api.get(THREADS, **DAY, sort=sort)["threads"]]
        assert list(dict.fromkeys(found)) == files


def test_the_summary_is_of_all_threads_of_the_window(api: Service) -> None:
    """Resolved in 3 and 4 hours, answered in half an hour and 3; comments 3, 2 and 2. D began before."""
    expected = {
        "avg_resolution_time_hours": 3.5,
        "median_resolution_time_hours": 3.5,
        "p75_resolution_time_hours": 3.8,
        "p90_resolution_time_hours": 3.9,
        "resolution_time_hours_count": 2,
        "avg_time_to_first_response_hours": 1.8,
        "median_time_to_first_response_hours": 1.8,
        "p75_time_to_first_response_hours": 2.4,
        "p90_time_to_first_response_hours": 2.8,
        "time_to_first_response_hours_count": 2,
        "avg_comments_per_thread": 2.3,
        "median_comments_per_thread": 2.0,
        "p75_comments_per_thread": 2.5,
        "p90_comments_per_thread": 2.8,
        "comments_per_thread_count": 3,
        "total_threads_analyzed": 3,
        "resolved_threads": 2,
        "unresolved_threads": 1,
        "resolution_rate": 66.67,
        "unresolved_outside_range": 1,
    }
    found = api.get(THREADS, **DAY)
    assert found["summary"] == expected
    assert found["time_range"] == DAY
    past = api.get(THREADS, **DAY, page=9)
    assert (past["summary"], past["threads"], past["pagination"]["total"]) == (expected, [], 3)


def test_each_repository_has_its_own(api: Service) -> None:
    hello, tools = api.get(THREADS, **DAY)["by_repository"]
    assert (hello["repository"], hello["total_threads"], hello["resolved_threads"]) == ("octo/hello", 2, 1)
    assert (hello["avg_resolution_time_hours"], hello["resolution_time_hours_count"]) == (3.0, 1)
    assert (tools["repository"], tools["total_threads"], tools["median_resolution_time_hours"]) == (
        "octo/tools",
        1,
        4.0,
    )


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [50, 20, 10, 40]),
        ({"actors": "all"}, [50, 30, 20, 10, 40]),
        ({"actors": "bot"}, [30]),
        ({"users": "MONALISA"}, [10, 40]),
        ({"exclude_users": "monalisa"}, [50, 20]),
        ({"repositories": "Octo/Tools"}, [50]),
        ({"repositories": "octo/nothing"}, []),
        ({"end_time": "2026-03-02T10:00:00Z"}, [40]),
        ({"start_time": "2026-03-02T12:00:00Z"}, [50]),
    ],
)
def test_threads_are_those_that_are_asked_for(api: Service, parameters: dict[str, str], expected: list[int]) -> None:
    found = api.get(THREADS, **parameters)
    assert shown(found) == expected
    assert found["pagination"]["total"] == found["summary"]["total_threads_analyzed"] == len(expected)
    assert sum(one["total_threads"] for one in found["by_repository"]) == len(expected)


def test_a_bot_answers_only_where_all_actors_are_asked_for(api: Service) -> None:
    """The bot replied to B after a minute."""
    (thread,) = (one for one in api.get(THREADS, actors="all")["threads"] if one["first_comment_id"] == 20)
    assert thread["time_to_first_response_hours"] == 0.02


def test_nothing_is_null_and_not_zero(api: Service) -> None:
    summary = api.get(THREADS, repositories="octo/nothing")["summary"]
    zero = {name: value for name, value in summary.items() if value is not None}
    assert zero == {
        "resolution_time_hours_count": 0,
        "time_to_first_response_hours_count": 0,
        "comments_per_thread_count": 0,
        "total_threads_analyzed": 0,
        "resolved_threads": 0,
        "unresolved_threads": 0,
        "unresolved_outside_range": 0,
    }


def test_two_windows_that_meet_add_up(api: Service) -> None:
    both = api.get(THREADS)["summary"]
    for noon in ("08:30", "10:00", "10:01", "12:00"):
        halves = [api.get(THREADS, end_time=at(noon))["summary"], api.get(THREADS, start_time=at(noon))["summary"]]
        for name in ("total_threads_analyzed", "resolved_threads", "unresolved_threads", "resolution_time_hours_count"):
            assert sum(half[name] for half in halves) == both[name]


def test_pages_follow_one_another_and_csv_is_the_whole(api: Service) -> None:
    answer = api.client.get(THREADS, params={"page_size": 2, "page": 2})
    assert shown(answer.json()) == [10, 40]
    assert links(answer).keys() == {"first", "prev", "last"}
    table = api.client.get(THREADS, params={"page_size": 1, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [int(row["first_comment_id"]) for row in rows] == [50, 20, 10, 40]
    assert list(rows[0]) == list(api.get(THREADS)["threads"][0])
    assert (rows[2]["resolution_time_hours"], rows[1]["resolution_time_hours"]) == ("3.0", "")


@pytest.mark.parametrize(
    ("parameters", "status", "reason"),
    [
        ({"page": 2**63}, 422, "invalid_parameter"),
        ({"page_size": 101}, 422, "invalid_parameter"),
        ({"start_time": "never"}, 400, "bad_parameter"),
        ({"tz": "Nowhere"}, 400, "bad_parameter"),
    ],
)
def test_hostile_parameters_are_refused(api: Service, parameters: dict[str, Any], status: int, reason: str) -> None:
    problem(api.client.get(THREADS, params=parameters), status, reason)
