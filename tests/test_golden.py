"""The golden history: every endpoint's answer to tests/golden.py, worked out by hand from the definitions."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.golden import deliveries
from tests.service import Service, clone, running

API = "/api/metrics"
MARCH = {"start_time": "2026-02-01", "end_time": "2026-04-01"}
FIRST_WEEK = {"start_time": "2026-03-02", "end_time": "2026-03-09"}
SECOND_WEEK = {"start_time": "2026-03-09", "end_time": "2026-03-16"}


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with clone(server, template) as database, running(database) as service:
        for delivery_id, kind, body in deliveries():
            last = service.post(kind, body, delivery_id=delivery_id)
            assert last.status_code == 200
        service.get(f"{API}/webhooks", min_position=last.headers["X-Log-Position"])
        yield service


# ── Webhook events ────────────────────────────────────────────────────────────────────────────────────────────────


def test_webhook_events(api: Service) -> None:
    """44 deliveries, three of them twice, which are deliveries too; nothing failed."""
    found = api.get(f"{API}/summary")
    assert found["event_type_distribution"] == {
        "pull_request": 23,
        "pull_request_review": 11,
        "check_run": 6,
        "pull_request_review_comment": 3,
        "pull_request_review_thread": 3,
        "repository": 1,
    }
    summary = found["summary"]
    assert (summary["total_events"], summary["failed_events"], summary["success_rate"]) == (47, 0, 100.0)
    assert (summary["unique_repositories"], summary["unique_senders"]) == (2, 6)
    assert [(one["repository"], one["total_events"]) for one in found["top_repositories"]] == [
        ("octo/app", 39),
        ("octo/lib", 8),
    ]
    listed = api.get(f"{API}/repositories")["repositories"]
    assert [(one["repository"], one["total_events"], one["success_rate"]) for one in listed] == [
        ("octo/app", 39, 100.0),
        ("octo/lib", 8, 100.0),
    ]
    assert sum(one["total_events"] for one in api.get(f"{API}/trends")["trends"]) == 47
    events = api.get(f"{API}/webhooks", page_size=100)
    assert events["pagination"]["total"] == len(events["data"]) == 47
    assert sum(event["suspect_replay"] for event in events["data"]) == 3
    assert {event["repository"] for event in events["data"]} == {"octo/old", "octo/app", "octo/lib"}


def test_a_name_old_or_new_is_the_same_repository(api: Service) -> None:
    for name in ("octo/old", "octo/app", "OCTO/APP"):
        assert api.get(f"{API}/webhooks", repository=name)["pagination"]["total"] == 39


# ── People ────────────────────────────────────────────────────────────────────────────────────────────────────────


def table(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_contributors(api: Service) -> None:
    found = api.get(f"{API}/contributors", **MARCH)
    assert table(found["pr_creators"]["data"], "user", "total_prs", "merged_prs", "closed_prs") == [
        ("dan", 2, 1, 0),  # app#4, merged; app#5, open
        ("ann", 1, 1, 0),  # app#1
        ("bob", 1, 1, 0),  # lib#1
        ("cat", 1, 1, 0),  # app#2: closed, reopened and merged is merged only
        ("ghost", 1, 0, 1),  # app#3
        ("eve", 1, 0, 0),  # app#6
    ]
    assert table(found["pr_reviewers"]["data"], "user", "total_reviews", "prs_reviewed", "avg_reviews_per_pr") == [
        ("cat", 4, 3, 1.33),  # 13 of app#1; 21 and 22, which was dismissed, of lib#1; 51 of app#5
        ("bob", 2, 2, 1.0),  # 14 of app#1; 41, edited, of app#4
    ]
    assert table(found["pr_approvers"]["data"], "user", "total_approvals", "prs_approved") == [
        ("cat", 2, 2),  # lib#1 by a review that was dismissed, app#4 by label
        ("bob", 1, 1),  # app#1
    ]
    assert found["pr_lgtm"]["data"] == []
    bots = api.get(f"{API}/contributors", actors="bot")
    assert table(bots["pr_reviewers"]["data"], "user", "total_reviews") == [("ci[bot]", 1)]


def test_contributors_of_the_first_week(api: Service) -> None:
    found = api.get(f"{API}/contributors", **FIRST_WEEK)
    assert table(found["pr_creators"]["data"], "user", "total_prs", "merged_prs", "closed_prs") == [
        ("ann", 1, 1, 0),
        ("bob", 1, 1, 0),
        ("cat", 1, 1, 0),
        ("ghost", 1, 0, 1),
    ]
    assert table(found["pr_reviewers"]["data"], "user", "total_reviews", "prs_reviewed") == [
        ("cat", 3, 2),
        ("bob", 1, 1),
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"users": "dan"}, ["octo/app#5", "octo/app#4"]),
        ({"users": "CAT", "role": "pr_reviewers"}, ["octo/app#5", "octo/app#1", "octo/lib#1"]),
        ({"users": "cat", "role": "pr_approvers"}, ["octo/app#4", "octo/lib#1"]),
        ({"repositories": "octo/lib"}, ["octo/lib#1"]),
        ({"repositories": ["octo/lib", "octo/old"], **SECOND_WEEK}, ["octo/app#6", "octo/app#5", "octo/app#4"]),
    ],
)
def test_pull_requests_of_people(api: Service, asked: dict[str, Any], expected: list[str]) -> None:
    found = api.get(f"{API}/user-prs", **asked)
    assert [f"{one['repository']}#{one['number']}" for one in found["data"]] == expected
    assert found["pagination"]["total"] == len(expected)


# ── One pull request ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_story_of_a_pull_request(api: Service) -> None:
    found = api.get(f"{API}/pr-story/octo/app/1")
    happened = [(event["timestamp"][11:16], event["event_type"], event.get("actor")) for event in found["events"]]
    assert happened == [
        ("09:00", "pr_opened", "ann"),
        ("09:02", "review_requested", "ann"),
        ("09:05", "check_run", None),
        ("09:10", "review_comment", "ci[bot]"),
        ("09:20", "review_comment", "ann"),
        ("10:00", "review_comment", "cat"),
        ("10:05", "code_comment", "cat"),
        ("10:25", "code_comment", "ann"),
        ("10:45", "thread_resolved", "ann"),
        ("10:50", "thread_unresolved", "cat"),
        ("11:00", "review_approved", "bob"),
        ("11:00", "code_comment", "bob"),
        ("11:30", "thread_resolved", "ann"),
        ("12:00", "pr_merged", "ann"),
    ]
    (checks,) = [event["children"] for event in found["events"] if event["event_type"] == "check_run"]
    assert table(checks, "name", "attempt", "conclusion", "failed") == [
        ("build", 1, "failure", True),
        ("lint", 1, "skipped", False),
        ("build", 2, "success", False),  # a re-run hides nothing
    ]
    assert found["summary"] == {
        "total_commits": 2,
        "total_pushes": 1,
        "total_reviews": 2,  # 13 and 14; 12 is the author's own
        "bot_reviews": 1,
        "total_comments": 3,
        "code_comments": 3,
        "total_check_runs": 3,
        "total_check_attempts": 3,
        "failed_check_attempts": 1,
        "total_commit_statuses": 0,
    }


def test_the_story_of_a_fork_has_its_checks(api: Service) -> None:
    found = api.get(f"{API}/pr-story/octo/old/6")
    assert [event["event_type"] for event in found["events"]] == ["pr_opened", "check_run"]
    assert found["summary"]["total_check_runs"] == 1
