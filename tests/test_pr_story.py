"""GET /api/metrics/pr-story: the life of one pull request in tests/told.py, worked out by hand."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.deliveries import delivery, fill
from tests.events import at, payload, pull_request
from tests.service import Service, clone, running
from tests.test_api import links, problem
from tests.told import FIRST, LIFE, MERGE, SECOND

STORY = "/api/metrics/pr-story/octo/hello/1"


def sent(position: int) -> str:
    """The delivery id of a delivery of LIFE."""
    return str(uuid.UUID(int=position))


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database:
        last = fill(database, [delivery(of, "03-02T12:30", *told) for of, told in enumerate(LIFE, start=1)])
        with running(database) as service:
            service.get("/api/metrics/summary", min_position=last)
            yield service


@pytest.fixture(scope="module")
def story(api: Service) -> Any:
    return api.get(STORY, min_position=len(LIFE))


def test_the_pull_request_is_told_as_it_is_now(story: Any) -> None:
    assert story["pr"] == {
        "number": 1,
        "repository": "octo/greetings",
        "title": "New",
        "state": "closed",
        "merged": True,
        "draft": False,
        "author": "octocat",
        "url": "https://github.com/octo/hello/pull/1",
        "created_at": at("09:00"),
        "merged_at": at("12:00"),
        "closed_at": at("12:00"),
    }


TIMELINE = [
    ("09:00", "pr_opened", 1, "octocat opened the pull request as a draft"),
    ("09:01", "check_run", None, "4 checks of aaaaaaa, 2 failed"),
    ("09:10", "review_comment", 4, "ci[bot] reviewed"),
    ("09:12", "label_added", 5, "octocat added the label wip"),
    ("09:13", "assigned", 6, "octocat assigned alice"),
    ("09:14", "milestoned", 7, "octocat added it to the milestone 1.0"),
    ("10:00", "ready_for_review", 10, "octocat marked it ready for review"),
    ("10:01", "review_requested", 11, "octocat asked team The core for a review"),
    ("10:02", "review_requested", 12, "octocat asked monalisa for a review"),
    ("10:20", "code_comment", 13, "monalisa commented on README.md"),
    ("10:21", "review_comment", 14, "monalisa reviewed"),
    ("10:22", "review_edited", 15, "monalisa edited a review"),
    ("10:35", "code_comment", 16, "octocat commented on README.md"),
    ("10:40", "commit", 17, "octocat pushed ccccccc"),
    ("10:42", "check_run", None, "1 check of ccccccc, 1 failed"),
    ("10:45", "thread_resolved", 20, "octocat resolved a thread on README.md"),
    ("10:50", "thread_unresolved", 21, "monalisa reopened a thread on README.md"),
    ("10:55", "pr_edited", 22, "octocat changed the title from “Old”"),
    ("11:00", "comment", 23, "alice commented"),
    ("11:05", "converted_to_draft", 24, "octocat converted it to a draft"),
    ("11:06", "ready_for_review", 25, "octocat marked it ready for review"),
    ("11:07", "review_comment", 26, "octocat reviewed"),
    ("11:10", "review_approved", 27, "monalisa approved"),
    ("11:15", "review_dismissed", 28, "octocat dismissed a review of monalisa"),
    ("11:20", "pr_closed", 29, "octocat closed the pull request"),
    ("11:25", "pr_reopened", 30, "octocat reopened the pull request"),
    ("11:30", "review_approved", 31, "alice approved"),
    ("11:31", "label_removed", 32, "octocat removed the label wip"),
    ("11:32", "approved_label", 33, "alice added the label approved-alice"),
    ("11:33", "review_request_removed", 34, "octocat no longer asks team The core for a review"),
    ("11:40", "thread_resolved", 35, "octocat resolved a thread on README.md"),
    ("11:45", "comment_deleted", 36, "alice deleted a comment"),
    ("12:00", "pr_merged", 37, "alice merged the pull request"),
    ("12:10", "deployment", None, "alice deployed ddddddd to production"),
    ("12:12", "deployment_status", None, "Deployment to production: success"),
]


def test_everything_is_shown_once_at_its_own_time(story: Any) -> None:
    shown = [(e["timestamp"], e["event_type"], e.get("position"), e["description"]) for e in story["events"]]
    assert shown == [(at(clock), *rest) for clock, *rest in TIMELINE]
    assert all(event["delivery_id"] == sent(event["position"]) for event in story["events"] if "position" in event)
    assert story["truncated"] is False
    assert story["pagination"]["total"] == len(TIMELINE)


def of(story: Any, event_type: str) -> list[Any]:
    return [event for event in story["events"] if event["event_type"] == event_type]


def test_a_push_has_every_attempt_of_its_checks_at_their_own_times(story: Any) -> None:
    first, second = of(story, "check_run")
    assert (first["commit"], first["children_total"], first["truncated"]) == (FIRST, 4, False)
    names = ("name", "conclusion", "timestamp", "completed_at", "attempt", "failed")
    assert [tuple(child[name] for name in names) for child in first["children"]] == [
        ("build", "failure", at("09:01"), at("09:05"), 1, True),
        ("lint", "timed_out", at("09:02"), at("09:06"), 1, True),
        ("build", "success", at("09:35"), at("09:40"), 2, False),
        ("lint", "cancelled", at("09:41"), at("09:45"), 2, False),
    ]
    assert second["commit"] == SECOND
    assert second["children"] == [
        {
            "name": "license",
            "conclusion": "error",
            "status": "completed",
            "timestamp": at("10:42"),
            "started_at": None,
            "completed_at": at("10:42"),
            "attempt": None,
            "failed": True,
            "kind": "status",
            "app": None,
        }
    ]


def test_counts_are_those_of_the_definitions(story: Any) -> None:
    """Reviews 11, 13 and 14 are of people other than the author; 62 of the comments 60, 61, 60 and 62 is deleted."""
    assert story["summary"] == {
        "total_commits": 3,
        "total_pushes": 2,
        "total_reviews": 3,
        "bot_reviews": 1,
        "total_comments": 3,
        "code_comments": 2,
        "total_check_runs": 3,
        "total_check_attempts": 4,
        "failed_check_attempts": 2,
        "total_commit_statuses": 1,
    }


def test_what_an_event_is_about_has_fields_of_its_own(story: Any) -> None:
    team, person = of(story, "review_requested")
    assert (team["team"], person["reviewer"]) == ("core", "monalisa")
    assert "reviewer" not in team
    assert "team" not in person
    (label,), (milestone,), (assigned,) = of(story, "approved_label"), of(story, "milestoned"), of(story, "assigned")
    assert (label["label"], milestone["milestone"], assigned["assignee"]) == ("approved-alice", "1.0", "alice")
    opened, pushed = of(story, "pr_opened")[0], of(story, "commit")[0]
    assert (opened["commit"], pushed["commit"]) == (FIRST, SECOND)
    assert [event["commit"] for event in of(story, "deployment") + of(story, "deployment_status")] == [MERGE, MERGE]


def test_a_thread_is_resolved_since_its_first_comment(story: Any) -> None:
    """First comment at 10:20, resolved at 10:45 and again at 11:40."""
    assert [event["resolution_time_hours"] for event in of(story, "thread_resolved")] == [0.42, 1.33]
    assert "resolution_time_hours" not in of(story, "thread_unresolved")[0]


def test_bodies_are_cut_and_hostile_text_is_plain_json(api: Service, story: Any) -> None:
    (comment,) = of(story, "comment")
    start = "\u202eNUL \ufffd, half a pair \ufffd, "
    assert comment["body"] == start + "y" * (500 - len(start))
    assert comment["truncated"] is True
    review = of(story, "review_comment")[1]
    assert (review["body"], review["truncated"]) == ("Why so?", False)
    assert json.loads(api.client.get(STORY).content.decode("utf-8", "strict"))["pr"]["title"] == "New"


def test_a_deleted_comment_says_nothing(story: Any) -> None:
    assert "body" not in of(story, "comment_deleted")[0]


@pytest.mark.parametrize("name", ["octo/hello", "OCTO/Hello", "octo/greetings", "Octo/GREETINGS"])
def test_a_repository_is_found_by_any_name_it_ever_had(api: Service, story: Any, name: str) -> None:
    assert api.get(f"/api/metrics/pr-story/{name}/1") == story


def test_the_same_number_in_another_repository_has_a_story_of_its_own(api: Service) -> None:
    other = api.get("/api/metrics/pr-story/octo/tools/1")
    assert [event["event_type"] for event in other["events"]] == ["pr_opened"]


def test_a_long_story_is_paged(api: Service, story: Any) -> None:
    answer = api.client.get(STORY, params={"page": 2, "page_size": 10})
    assert answer.json()["events"] == story["events"][10:20]
    assert answer.json()["truncated"] is True
    assert links(answer).keys() == {"first", "prev", "next", "last"}
    past = api.get(STORY, page=9, page_size=10)
    assert (past["events"], past["pagination"]["total"]) == ([], len(TIMELINE))


def test_following_pages_shows_everything_once(api: Service, story: Any) -> None:
    pages = [api.get(STORY, page=page, page_size=1)["events"] for page in range(1, len(TIMELINE) + 1)]
    assert [event for page in pages for event in page] == story["events"]


@pytest.mark.parametrize(
    "path", ["octo/hello/2", "octo/nothing/1", "nobody/hello/1", "octo/a%00b/1", "octo/' OR 1=1/1"]
)
def test_what_is_not_there_is_404(api: Service, path: str) -> None:
    problem(api.client.get(f"/api/metrics/pr-story/{path}"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("octo%2Fhello/1", 400, "bad_parameter"),
        ("octo/hello%2F..%2F1/1", 404, "not_found"),
        ("octo/hello/0", 422, "invalid_parameter"),
        ("octo/hello/-1", 422, "invalid_parameter"),
        ("octo/hello/one", 422, "invalid_parameter"),
        (f"octo/hello/{2**63}", 422, "invalid_parameter"),
        (f"octo/{'a' * 201}/1", 422, "invalid_parameter"),
        ("octo/hello/1?page_size=1001", 422, "invalid_parameter"),
        (f"octo/hello/1?page={2**63}", 422, "invalid_parameter"),
    ],
)
def test_what_cannot_be_a_pull_request_is_refused(api: Service, path: str, status: int, reason: str) -> None:
    problem(api.client.get(f"/api/metrics/pr-story/{path}"), status, reason)


def test_one_of_which_only_a_comment_was_seen_has_a_story(database: str) -> None:
    """It was opened before the webhook existed."""
    comment = {"id": 6, "created_at": at("10:05"), "body": None, "user": None}
    told = payload("created", issue={"number": 3, "pull_request": {}}, comment=comment, sender=None)
    last = fill(database, [delivery(1, "03-02T12:00", "issue_comment", told)])
    with running(database) as service:
        found = service.get("/api/metrics/pr-story/octo/hello/3", min_position=last)
    assert (found["pr"]["title"], found["pr"]["created_at"], found["summary"]["total_commits"]) == (None, None, None)
    assert [(event["event_type"], event["actor"]) for event in found["events"]] == [("comment", "ghost")]


def test_order_of_arrival_does_not_matter_and_ties_have_an_order(database: str) -> None:
    """All within one second, told last to first: opened comes before what followed, merged after it."""
    ended = {"state": "closed", "merged_at": at("09:00"), "closed_at": at("09:00")}
    told = [
        payload("closed", pull_request=pull_request(5, updated="09:00", **ended)),
        payload("labeled", pull_request=pull_request(5, updated="09:00"), label={"name": "unverified"}),
        payload("labeled", pull_request=pull_request(5, updated="09:00"), label={"name": "Verified"}),
        payload("enqueued", pull_request=pull_request(5, updated="09:00")),
        payload("opened", pull_request=pull_request(5, updated="09:00")),
    ]
    last = fill(database, [delivery(of, "03-02T12:00", "pull_request", body) for of, body in enumerate(told, start=1)])
    with running(database) as service:
        found = service.get("/api/metrics/pr-story/octo/hello/5", min_position=last)
    names = ["pr_opened", "label_added", "verified", "enqueued", "pr_merged"]
    assert [event["event_type"] for event in found["events"]] == names
