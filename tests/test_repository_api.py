"""GET /api/metrics/repositories/{owner}/{repo}, on a history that is short enough to count by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.deliveries import delivery, fill, number
from tests.events import at, payload, pull_request, simple, user
from tests.service import Service, clone, running
from tests.test_api import problem

PROFILE = "/api/metrics/repositories/octo/hello"
DAY = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
OLD = {"id": 7, "full_name": "octo/old", "updated_at": at("08:00"), "html_url": "https://github.com/octo/old"}
HELLO = {
    "id": 7,
    "full_name": "octo/hello",
    "updated_at": at("13:00"),
    "html_url": "https://github.com/octo/hello",
    "default_branch": "main",
    "private": False,
    "archived": False,
    "created_at": "2020-01-01T00:00:00Z",
}
TOOLS = {"id": 8, "full_name": "octo/tools", "updated_at": at("08:00")}
MONALISA, BOT = user("monalisa", 2), user("ci[bot]", 10, "Bot")
Told = tuple[str, str, dict[str, Any]]


def check(identity: int, started: str, completed: str, conclusion: str, repository: Any = OLD) -> dict[str, Any]:
    times = {"started_at": at(started), "completed_at": at(completed)}
    run = {"id": identity, "name": "build", "head_sha": "a" * 40, "status": "completed", "conclusion": conclusion}
    return payload("completed", check_run={**run, **times, "app": {"id": 1}}, repository=repository)


def review(identity: int, by: Any, state: str, clock: str) -> dict[str, Any]:
    told = {"id": identity, "user": by, "state": state, "submitted_at": at(clock)}
    return payload("submitted", review=told, pull_request=simple(pull_request(1, updated=clock)), repository=OLD)


ENDED = {"state": "closed", "closed_at": at("12:00"), "merged_at": at("12:00"), "merge_commit_sha": "c" * 40}
DEPLOYMENT = {"id": 90, "sha": "c" * 40, "environment": "production", "creator": BOT, "updated_at": at("12:30")}
SUCCESS = {"id": 91, "state": "success", "environment": "production", "created_at": at("12:30")}
LABELLED = [{"name": "bug"}, {"name": "ui"}]
TOLD: list[Told] = [
    ("03-02T09:00", "pull_request", payload("opened", pull_request=pull_request(1, updated="09:00"), repository=OLD)),
    ("03-02T09:30", "pull_request_review", review(1, BOT, "commented", "09:30")),
    ("03-02T10:00", "pull_request_review", review(2, MONALISA, "changes_requested", "10:00")),
    ("03-02T11:00", "pull_request_review", review(3, MONALISA, "approved", "11:00")),
    ("03-02T11:00", "pull_request_review", review(4, user("octocat", 5), "commented", "11:00")),
    ("03-02T11:05", "check_run", check(1, "11:00", "11:05", "failure")),
    ("03-02T11:10", "check_run", check(2, "11:06", "11:09", "success")),
    ("03-02T11:10", "check_run", check(3, "11:06", "11:06", "skipped")),
    ("03-02T11:10", "check_run", check(4, "11:06", "11:07", "success", TOOLS)),
    (
        "03-02T12:00",
        "pull_request",
        payload("closed", pull_request=pull_request(1, updated="12:00", **ENDED), repository=OLD),
    ),
    (
        "03-02T12:30",
        "deployment_status",
        payload("created", deployment=DEPLOYMENT, deployment_status=SUCCESS, repository=OLD),
    ),
    ("03-02T13:00", "repository", payload("renamed", repository=HELLO)),
    # Read with a part left out: partial.
    (
        "03-02T13:10",
        "pull_request",
        payload("opened", pull_request=pull_request(2, updated="13:10", title=404, labels=LABELLED), repository=HELLO),
    ),
    (
        "03-03T08:00",
        "pull_request",
        payload(
            "opened",
            pull_request=pull_request(3, created_at="2026-03-03T08:00:00Z", labels=LABELLED[:1]),
            repository=HELLO,
        ),
    ),
]


def statistics(count: int, value: float) -> dict[str, Any]:
    return {"count": count, **dict.fromkeys(("median", "p75", "p90", "mean"), value)}


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    history = [delivery(of, received, kind, body) for of, (received, kind, body) in enumerate(TOLD, start=1)]
    with clone(server, template) as database:
        last = fill(database, history)
        with running(database) as service:
            service.get(PROFILE.replace("hello", "tools"), min_position=last)
            yield service


def test_one_day_of_a_repository(api: Service) -> None:
    found = api.get(PROFILE, **DAY)
    lifecycle = found.pop("lifecycle")
    assert found == {
        "repository": "octo/hello",
        "repository_id": 7,
        # Checks tell the time of their app, so that of the repository itself counts.
        "names": [
            {"name": "octo/old", "first_seen_at": at("08:00"), "last_seen_at": at("12:30")},
            {"name": "octo/hello", "first_seen_at": at("13:00"), "last_seen_at": "2026-03-03T08:00:00Z"},
        ],
        "html_url": "https://github.com/octo/hello",
        "default_branch": "main",
        "private": False,
        "archived": False,
        "created_at": "2020-01-01T00:00:00Z",
        "time_range": DAY,
        "delivered": {
            "first_received_at": at("09:00"),
            "last_received_at": "2026-03-03T08:00:00Z",
            "delivery_id": number(14),
            "event_type": "pull_request",
        },
        "events": {
            "total_events": 12,
            "successful_events": 11,
            "failed_events": 1,
            "success_rate": 91.67,
            "by_type": [
                {
                    "event_type": name,
                    "total_events": total,
                    "successful_events": total - failed,
                    "failed_events": failed,
                }
                for name, total, failed in (
                    ("pull_request_review", 4, 0),
                    ("check_run", 3, 0),
                    ("pull_request", 3, 1),
                    ("deployment_status", 1, 0),
                    ("repository", 1, 0),
                )
            ],
        },
        # #2 was opened at 09:00, as it says itself.
        "pull_requests": {"opened": 2, "merged": 1, "closed": 0, "open": 2},
        "reviews": {"reviews": 3, "approved": 1, "changes_requested": 1, "commented": 1, "reviewers": 2},
        "checks": {"completed": 3, "succeeded": 1, "failed": 1, "success_rate": 50.0},
        "deployments": {
            "deployments": 1,
            "deployment_frequency": 1.0,
            "unattributed": 0,
            "change_lead_time": statistics(1, 12600.0) | {"basis": {"first_commit": 0, "opened_at": 1}},
            "finished": 1,
            "failed": 0,
            "rolled_back": 0,
            "change_fail_rate": 0.0,
            "failed_deployment_recovery_time": {
                "count": 0,
                **dict.fromkeys(("median", "p75", "p90", "mean")),
                "open_count": 0,
            },
            "reworks": 0,
            "deployment_rework_rate": 0.0,
        },
        "labels": [{"label": "bug", "current": 2}, {"label": "ui", "current": 1}],
    }
    # Opened at 09:00, reviewed by a human at 10:00, approved at 11:00, merged at 12:00.
    assert lifecycle["cycle_time"] == statistics(1, 10800.0)
    assert [lifecycle[name]["median"] for name in ("draft_time", "pickup_time", "review_time", "merge_time")] == [
        0.0,
        3600.0,
        3600.0,
        3600.0,
    ]
    assert (lifecycle["merged_count"], lifecycle["open_count"]) == (1, 1)


def test_by_its_old_name_in_any_case_and_of_all_time(api: Service) -> None:
    found = api.get(PROFILE.replace("octo/hello", "Octo/OLD"))
    assert (found["repository"], found["events"]["total_events"], found["pull_requests"]["opened"]) == (
        "octo/hello",
        13,
        3,
    )
    assert found["time_range"] == {"start_time": None, "end_time": None}


def test_where_there_is_nothing_nothing_is_known(api: Service) -> None:
    found = api.get(PROFILE.replace("hello", "tools"), end_time=at("00:00"))
    assert found["events"] == {
        "total_events": 0,
        "successful_events": 0,
        "failed_events": 0,
        "success_rate": None,
        "by_type": [],
    }
    assert found["checks"] == {"completed": 0, "succeeded": 0, "failed": 0, "success_rate": None}
    assert found["lifecycle"]["cycle_time"]["median"] is None
    assert found["deployments"]["deployment_frequency"] is None
    assert (found["labels"], found["pull_requests"]["open"]) == ([], 0)
    assert found["delivered"]["event_type"] == "check_run"


@pytest.mark.parametrize("name", ["octo/nothing", "nobody/hello", "octo/hell%00"])
def test_a_repository_that_was_never_seen_is_not_found(api: Service, name: str) -> None:
    answer = api.client.get(PROFILE.replace("octo/hello", name))
    assert "no repository" in problem(answer, 404, "not_found")


def test_a_slash_in_a_part_of_the_path_is_refused(api: Service) -> None:
    answer = api.client.get("/api/metrics/repositories/octo%2Fhello/x")
    assert answer.status_code in (400, 404)
    assert api.client.get(PROFILE, params={"start_time": "soon"}).status_code == 400


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        # opened, merged and open pull requests; reviews, reviewers; checks; deployments; current labels
        ({}, (2, 1, 2, 3, 2, 3, 1, 2)),
        ({"actors": "human"}, (2, 1, 2, 2, 1, 3, 0, 2)),
        ({"actors": "bot"}, (0, 0, 0, 1, 1, 0, 1, 0)),
        ({"users": "Octocat"}, (2, 1, 2, 0, 0, 3, 0, 2)),
        ({"users": ["monalisa", "ci[bot]"]}, (0, 0, 0, 3, 2, 0, 1, 0)),
        ({"exclude_users": "MONALISA"}, (2, 1, 2, 1, 1, 3, 1, 2)),
        ({"exclude_users": "octocat"}, (0, 0, 0, 3, 2, 0, 1, 0)),
        ({"users": "nobody\x00"}, (0, 0, 0, 0, 0, 0, 0, 0)),
    ],
)
def test_a_repository_in_what_some_people_did(
    api: Service, parameters: dict[str, Any], expected: tuple[int, ...]
) -> None:
    found = api.get(PROFILE, **DAY, **parameters)
    pulls, reviews = found["pull_requests"], found["reviews"]
    assert (
        *(pulls[name] for name in ("opened", "merged", "open")),
        *(reviews[name] for name in ("reviews", "reviewers")),
        found["checks"]["completed"],
        found["deployments"]["deployments"],
        len(found["labels"]),
    ) == expected
    assert found["lifecycle"]["merged_count"] == pulls["merged"]
    asked = {**DAY, **parameters, "repositories": "octo/hello"}
    events = api.get("/api/metrics/summary", **{"actors": "all"} | asked)["summary"]
    assert found["events"]["total_events"] == events["total_events"]
