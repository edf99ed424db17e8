"""The golden history: every endpoint's answer to tests/golden.py, worked out by hand from the definitions."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.golden import deliveries, lines
from tests.service import Service, clone, running

API = "/api/metrics"
MARCH = {"start_time": "2026-02-01", "end_time": "2026-04-01"}
FIRST_WEEK = {"start_time": "2026-03-02", "end_time": "2026-03-09"}
SECOND_WEEK = {"start_time": "2026-03-09", "end_time": "2026-03-16"}

TEAMS = """
teams:
  core: [ann, bob]
  web: {members: [cat], maintainers: [cat]}
"""


@pytest.fixture(scope="module")
def api(server: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    teams = tmp_path_factory.mktemp("golden") / "teams.yaml"
    teams.write_text(TEAMS)
    with clone(server, template) as database, running(database, METRICS_TEAMS_FILE=str(teams)) as service:
        for delivery_id, kind, body in deliveries():
            last = service.post(kind, body, delivery_id=delivery_id)
            assert last.status_code == 200
        service.get(f"{API}/webhooks", min_position=last.headers["X-Log-Position"])
        yield service


# ── Webhook events ────────────────────────────────────────────────────────────────────────────────────────────────


def test_webhook_events(api: Service) -> None:
    """49 deliveries, three of them twice, which are deliveries too; nothing failed."""
    found = api.get(f"{API}/summary")
    assert found["event_type_distribution"] == {
        "pull_request": 23,
        "pull_request_review": 11,
        "check_run": 6,
        "pull_request_review_comment": 3,
        "pull_request_review_thread": 3,
        "deployment": 2,
        "deployment_status": 2,
        "repository": 1,
        "workflow_job": 1,
    }
    summary = found["summary"]
    assert (summary["total_events"], summary["failed_events"], summary["success_rate"]) == (52, 0, 100.0)
    assert (summary["unique_repositories"], summary["unique_senders"]) == (2, 6)
    calls = [f"{of}_api_calls_per_event" for of in ("avg", "median", "p75", "p90")]
    assert table([summary], *calls) == [(0.0, 0.0, 0.0, 0.0)]  # nobody reported any
    assert [(one["repository"], one["total_events"]) for one in found["top_repositories"]] == [
        ("octo/app", 44),
        ("octo/lib", 8),
    ]
    listed = api.get(f"{API}/repositories")["repositories"]
    assert [(one["repository"], one["total_events"], one["success_rate"]) for one in listed] == [
        ("octo/app", 44, 100.0),
        ("octo/lib", 8, 100.0),
    ]
    assert sum(one["total_events"] for one in api.get(f"{API}/trends")["trends"]) == 52
    events = api.get(f"{API}/webhooks", page_size=100)
    assert events["pagination"]["total"] == len(events["data"]) == 52
    assert sum(event["suspect_replay"] for event in events["data"]) == 3
    assert {event["repository"] for event in events["data"]} == {"octo/old", "octo/app", "octo/lib"}


def test_a_name_old_or_new_is_the_same_repository(api: Service) -> None:
    for name in ("octo/old", "octo/app", "OCTO/APP"):
        assert api.get(f"{API}/webhooks", repository=name)["pagination"]["total"] == 44


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
    spread = ("median_reviews_per_pr", "p75_reviews_per_pr", "p90_reviews_per_pr", "reviews_per_pr_count")
    assert table(found["pr_reviewers"]["data"], *spread) == [(1.0, 1.5, 1.8, 3), (1.0, 1.0, 1.0, 2)]  # 1 1 2 and 1 1
    commits = ("user", "avg_commits_per_pr", "median_commits_per_pr", "p90_commits_per_pr", "commits_per_pr_count")
    assert table(found["pr_creators"]["data"], *commits)[:2] == [("dan", 1.0, 1.0, 1.0, 2), ("ann", 2.0, 2.0, 2.0, 1)]
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
        *(("10:00", "deployment", None), ("10:10", "deployment_status", None)),  # of its merge commit, two days later
        *(("11:00", "deployment", None), ("11:10", "deployment_status", None)),
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


HOURS = {"draft_time": 0, "pickup_time": 0, "review_time": 0, "merge_time": 0, "cycle_time": 0}


@pytest.mark.parametrize(
    ("pull_request", "hours", "imputed"),
    [
        # opened 9, reviewed by cat 10 (neither by the bot at 9:10 nor by the author at 9:20), approved 11, merged 12
        ("old/1", (0, 1, 1, 1, 3), ()),
        # opened 9 as a draft, ready 10 for the first time (reviewed at 9:30 already), approved 12, merged 14
        ("lib/1", (1, 2, 0, 2, 5), ()),
        # opened 10, merged 15, never reviewed; closed and opened again in between
        ("app/2", (0, 5, 0, 0, 5), ("pickup_time", "review_time", "merge_time")),
        # opened 20 February 9, changes requested 9 March 9, merged 13; approved by label only, which ends no phase
        ("app/4", (0, 17 * 24, 4, 0, 17 * 24 + 4), ("review_time", "merge_time")),
    ],
)
def test_the_phases_of_a_pull_request(
    api: Service, pull_request: str, hours: tuple[int, ...], imputed: tuple[str, ...]
) -> None:
    phases = {phase["name"]: phase for phase in api.get(f"{API}/explain/octo/{pull_request}")["phases"]}
    assert {name: phases[name]["seconds"] / 3600 for name in HOURS} == dict(zip(HOURS, hours, strict=True))
    assert tuple(name for name in HOURS if phases[name]["imputed"]) == imputed
    assert not any(phase["clamped"] for phase in phases.values())


def number(delivery_id: str) -> int:
    """Which line of the history a delivery is, from 1 in the order of time."""
    return uuid.UUID(delivery_id).int


def sources(found: dict[str, Any]) -> dict[str, str | None]:
    """Boundary -> the event that set it, as it stands in the history."""
    told = {number: " ".join(line.words) for number, line in enumerate(lines(), start=1)}
    return {
        boundary["name"]: boundary["source"] and told[number(boundary["source"]["delivery_id"])]
        for boundary in found["boundaries"]
    }


def test_every_boundary_names_the_delivery_that_set_it(api: Service) -> None:
    assert sources(api.get(f"{API}/explain/octo/app/1")) == {
        "opened_at": "opened",
        "ready_at": "opened",
        "first_review_at": "review 13 commented",
        "approved_at": "review 14 approved",
        "merged_at": "merged",
        "closed_at": "merged",
        "first_response_at": "review 13 commented",
    }
    assert sources(api.get(f"{API}/explain/octo/app/4")) == {
        "opened_at": "review 41 changes_requested",  # before the webhook existed
        "ready_at": "review 41 changes_requested",
        "first_review_at": "review 41 changes_requested",
        "approved_at": None,
        "merged_at": "merged",
        "closed_at": "merged",
        "first_response_at": "review 41 changes_requested",
    }


def test_what_was_passed_over_and_why(api: Service) -> None:
    found = {one["name"]: one for one in api.get(f"{API}/explain/octo/app/1")["boundaries"]}
    assert table(found["first_review_at"]["passed_over"], "actor", "reason") == [
        ("ci[bot]", "by a bot"),
        ("ann", "the author's own"),
    ]
    draft = {one["name"]: one for one in api.get(f"{API}/explain/octo/lib/1")["boundaries"]}
    assert table(draft["first_review_at"]["passed_over"], "actor", "reason") == [("cat", "during the draft")]
    assert draft["ready_at"]["passed_over_total"] == 1, "ready for the second time"


def test_the_facts_of_pull_requests(api: Service) -> None:
    def facts(pull_request: str, *names: str) -> tuple[Any, ...]:
        found = {fact["name"]: fact["value"] for fact in api.get(f"{API}/explain/octo/{pull_request}")["facts"]}
        return tuple(found[name] for name in names)

    assert facts("app/1", "size", "commits", "bot_reviews", "reviewed_in_draft") == (40, 2, 1, False)
    assert facts("lib/1", "size", "reviewed_in_draft", "opened_as_draft") == (9, True, True)
    assert facts("app/2", "reopened", "merged_without_review", "state") == (1, True, "closed")
    assert facts("app/4", "draft_history_known", "author", "merged_without_review") == (False, "dan", False)


# ── Many pull requests ────────────────────────────────────────────────────────────────────────────────────────────

TWO_WEEKS = {"start_time": "2026-03-02", "end_time": "2026-03-16"}
HOUR = 3600.0


def test_the_lifecycle(api: Service) -> None:
    """Of app#1, lib#1, app#2 and app#4, whose phases are above. Hours of pickup: 1, 2, 5 (imputed), 408. An imputed
    one counts in the mean, so that the means add up to that of the cycle time, and nowhere else.
    """
    found = api.get(f"{API}/lifecycle", **TWO_WEEKS)
    total = found["total"]
    assert (total["merged_count"], total["open_count"], total["merged_without_review_count"]) == (4, 2, 1)
    assert (total["draft_history_unknown_count"], total["clamped_count"]) == (1, 0)
    names = ("count", "median", "mean", "imputed_count")
    assert [total[phase] for phase in HOURS if phase.startswith("pickup")] == [
        {
            "count": 3,
            "median": 2 * HOUR,
            "p75": 205 * HOUR,
            "p90": 326.8 * HOUR,
            "mean": 104 * HOUR,
            "imputed_count": 1,
        }
    ]
    assert table([total["draft_time"], total["review_time"], total["merge_time"]], *names) == [
        (4, 0.0, 0.25 * HOUR, 0),
        (2, 0.5 * HOUR, 1.25 * HOUR, 2),
        (2, 1.5 * HOUR, 0.75 * HOUR, 2),
    ]
    assert total["cycle_time"] == {
        "count": 4,
        "median": 5 * HOUR,
        "p75": 106.75 * HOUR,
        "p90": 1_043_640.0,  # 5 + 0.7 · 407 hours
        "mean": 106.25 * HOUR,
    }
    phases = ("draft_time", "pickup_time", "review_time", "merge_time")
    assert sum(total[phase]["mean"] for phase in phases) == total["cycle_time"]["mean"]
    assert table(found["groups"], "bucket", "merged_count", "open_count") == [
        ("2026-03-02T00:00:00Z", 3, 0),
        ("2026-03-09T00:00:00Z", 1, 2),
    ]


def test_the_distribution_of_the_lifecycle(api: Service) -> None:
    """Of the same: cycle times of 3, 5, 5 and 412 hours. What takes exactly an hour is in the bar that begins there."""
    found = api.get(f"{API}/lifecycle", **TWO_WEEKS)
    bars = {bar["from_seconds"]: bar for bar in found["distribution"]}
    day, week = 24 * HOUR, 7 * 24 * HOUR
    bounds = [
        0,
        900,
        1800,
        HOUR,
        2 * HOUR,
        4 * HOUR,
        8 * HOUR,
        day,
        2 * day,
        4 * day,
        week,
        2 * week,
        4 * week,
        8 * week,
    ]
    assert list(bars) == bounds
    assert [bar["to_seconds"] for bar in bars.values()] == [*bounds[1:], None]
    expected = {
        "cycle_time": {2 * HOUR: 1, 4 * HOUR: 2, 2 * week: 1},
        "draft_time": {0: 3, HOUR: 1},
        "pickup_time": {HOUR: 1, 2 * HOUR: 1, 2 * week: 1},
        "review_time": {0: 1, HOUR: 1},
        "merge_time": {HOUR: 1, 2 * HOUR: 1},
    }
    assert {name: {start: bar[name] for start, bar in bars.items() if bar[name]} for name in expected} == expected
    nothing = api.get(f"{API}/lifecycle", users="nobody-at-all")["distribution"]
    assert [bar["from_seconds"] for bar in nothing] == bounds
    assert not any(bar[name] for bar in nothing for name in expected)


def test_the_lifecycle_by_repository(api: Service) -> None:
    found = api.get(f"{API}/lifecycle", group="repository")["groups"]
    assert table(found, "repository", "merged_count", "open_count") == [("octo/app", 3, 2), ("octo/lib", 1, 0)]
    assert found[1]["cycle_time"]["median"] == 5 * HOUR


def test_the_turnaround(api: Service) -> None:
    """All seven became ready. Hours to the first review: 1, 2, 408 and, of the open app#5, 1.5; to an approval 2 and 2;
    from opened to closed: 3, 5, 5, 412 and, of app#3, 1.
    """
    found = api.get(f"{API}/turnaround", **MARCH)
    summary = found["summary"]
    assert (summary["total_prs_analyzed"], summary["open_count"]) == (7, 2)
    assert [summary[f"{of}_time_to_first_review_hours"] for of in ("avg", "median")] == [103.1, 1.8]
    assert summary["time_to_first_review_hours_count"] == 4
    assert [summary[f"{of}_time_to_approval_hours"] for of in ("avg", "median", "p90")] == [2.0, 2.0, 2.0]
    assert [summary[f"{of}_pr_lifecycle_hours"] for of in ("avg", "median")] == [85.2, 5.0]
    assert summary["median_time_to_first_changes_requested_hours"] == 408.0
    assert summary["median_time_to_first_verified_hours"] is None, "nobody verified anything"
    assert table(found["by_repository"], "repository", "total_prs") == [("octo/app", 6), ("octo/lib", 1)]
    reviewers = ("reviewer", "total_reviews", "median_response_time_hours", "repositories_reviewed")
    assert table(found["by_reviewer"], *reviewers) == [
        ("cat", 4, 1.0, ["octo/app", "octo/lib"]),
        ("bob", 2, 2.0, ["octo/app"]),  # 1 hour 58 minutes
    ]


def test_pull_requests(api: Service) -> None:
    def numbers(**asked: Any) -> list[str]:
        found = api.get(f"{API}/pull-requests", sort="opened_at", **asked)
        assert found["pagination"]["total"] == len(found["data"])
        return [f"{one['repository'][5:]}#{one['number']}" for one in found["data"]]

    assert numbers() == ["app#4", "app#1", "lib#1", "app#3", "app#2", "app#6", "app#5"]
    assert numbers(state="open") == numbers(stale="true") == ["app#6", "app#5"]  # long ago by now
    assert numbers(state="merged") == ["app#4", "app#1", "lib#1", "app#2"]
    assert numbers(state="closed") == ["app#3"]
    assert numbers(label="sig-core") == ["app#1", "lib#1"]
    assert numbers(label=["sig-core", "sig-web"]) == ["app#1"]
    assert numbers(users="ghost") == ["app#3"]
    assert numbers(search="change 1") == ["app#1", "lib#1"]
    assert numbers(size=["M", "L"]) == ["app#1", "app#5"]  # 40 and 100
    assert numbers(size="XL") == ["app#2"]  # 600
    shown = {one["number"]: one for one in api.get(f"{API}/pull-requests", repositories="octo/app")["data"]}
    assert (shown[5]["time_to_first_review"], shown[5]["cycle_time"]) == (1.5 * HOUR, None)
    assert (shown[2]["pickup_time"], shown[2]["imputed"], shown[2]["reopened"]) == (
        5 * HOUR,
        ["pickup_time", "review_time", "merge_time"],
        1,
    )


def test_the_resolution_of_comments(api: Service) -> None:
    """Thread 101 of cat was answered by ann after 20 minutes, resolved, and reopened; 103 was resolved after 30."""
    found = api.get(f"{API}/comment-resolution-time", **MARCH)
    names = ("total_threads_analyzed", "resolved_threads", "unresolved_threads", "resolution_rate")
    assert table([found["summary"]], *names) == [(2, 1, 1, 50.0)]
    assert found["summary"]["median_resolution_time_hours"] == 0.5
    assert found["summary"]["resolution_time_hours_count"] == 1
    comments = [f"{of}_comments_per_thread" for of in ("avg", "median", "p75", "p90")]
    assert table([found["summary"]], *comments, "comments_per_thread_count") == [(1.5, 1.5, 1.8, 1.9, 2)]
    threads = ("first_comment_id", "resolved", "resolution_time_hours", "time_to_first_response_hours", "comment_count")
    assert table(found["threads"], *threads) == [(103, True, 0.5, None, 1), (101, False, None, 0.33, 2)]


# ── Teams ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_reviews_across_teams(api: Service) -> None:
    """app#1 is of web, its first sig label; lib#1 of core. Neither app#4 nor app#5, of dan, has a team."""
    found = api.get(f"{API}/cross-team-reviews")
    assert table(found["data"], "repository", "pr_number", "reviewer", "reviewer_team", "pr_team", "review_type") == [
        ("octo/lib", 1, "cat", "web", "core", "approved"),
        ("octo/app", 1, "bob", "core", "web", "approved"),
        ("octo/lib", 1, "cat", "web", "core", "commented"),
    ]
    assert found["summary"] == {
        "total_cross_team_reviews": 3,
        "total_reviews": 4,  # and cat's of app#1, of her own team's
        "reviews_without_team": 2,  # bob's of app#4, cat's of app#5
        "by_reviewer_team": {"core": 1, "web": 2},
        "by_pr_team": {"core": 2, "web": 1},
        "by_teams": [
            {"reviewer_team": "core", "pr_team": "web", "reviews": 1},
            {"reviewer_team": "web", "pr_team": "core", "reviews": 2},
            {"reviewer_team": "web", "pr_team": "web", "reviews": 1},
        ],
    }
    reviewers = api.get(f"{API}/contributors")["pr_reviewers"]["data"]
    assert table(reviewers, "user", "cross_team_reviews") == [("cat", 2), ("bob", 1)]


def test_reviewers(api: Service) -> None:
    """bob: asked of app#1 at 9:02, answered at 11; of app#5 at 10:40. cat: of app#5 at 9:10, taken back; at 9:30,
    answered at 10:30. Gini of 2 and 4 reviews: 2 (1·2 + 2·4) / (2·6) - 3/2 = 1/6.
    """
    found = api.get(f"{API}/reviewers", **MARCH)
    assert table(found["data"], "reviewer", "open_requests", "requests", "answered", "pending", "withdrawn") == [
        ("bob", 1, 2, 1, 1, 0),
        ("cat", 0, 2, 1, 0, 1),
    ]
    assert table(found["data"], "reviewer", "reviews", "prs_reviewed", "rounds") == [("bob", 2, 2, 1), ("cat", 4, 3, 1)]
    assert [one["response_time"]["median"] for one in found["data"]] == [7080.0, 3600.0]
    assert found["summary"]["review_gini"] == 0.167
    assert found["summary"]["response_time"] == {
        "count": 2,
        "median": 5340.0,
        "p75": 6210.0,
        "p90": 6732.0,
        "mean": 5340.0,
    }


def test_team_dynamics(api: Service) -> None:
    found = api.get(f"{API}/team-dynamics", **MARCH)
    workload = found["workload"]
    assert table(workload["by_contributor"], "user", "prs_created", "prs_reviewed", "prs_approved", "wip") == [
        ("dan", 2, 0, 0, 1),
        ("cat", 1, 3, 2, 0),
        ("bob", 1, 2, 1, 0),
        ("ann", 1, 0, 0, 0),
        ("eve", 1, 0, 0, 1),
        ("ghost", 1, 0, 0, 0),
    ]
    # Of 1 1 1 1 1 2: 2 (1+2+3+4+5+12) / (6·7) - 7/6
    assert workload["summary"]["workload_gini"] == 0.119
    # From ready to their first review: cat 1, 2 and 1.5 hours; bob 2 and 408.
    assert table(
        found["review_efficiency"]["by_reviewer"], "user", "median_review_time_hours", "avg_review_time_hours"
    ) == [("cat", 1.5, 1.5), ("bob", 205.0, 205.0)]
    quantiles = ("median_review_time_hours", "p75_review_time_hours", "p90_review_time_hours")
    assert table(found["review_efficiency"]["by_reviewer"], *quantiles) == [(1.5, 1.8, 1.9), (205.0, 306.5, 367.4)]
    # Nobody was measured five times, cat most often.
    fastest = found["review_efficiency"]["summary"]["fastest_reviewer"]
    names = ("user", "avg_hours", "median_hours", "p75_hours", "p90_hours", "review_time_hours_count")
    assert table([fastest], *names) == [("cat", 1.5, 1.5, 1.8, 1.9, 3)]
    # From ready to their approval: cat 2 and, by label, 409 hours; bob 2.
    assert table(found["bottlenecks"]["by_approver"], "approver", "median_approval_hours", "total_approvals") == [
        ("cat", 205.5, 2),
        ("bob", 2.0, 1),
    ]


def test_maintainers(api: Service) -> None:
    assert api.get(f"{API}/maintainers")["all_maintainers"] == ["cat"]


# ── CI ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_checks(api: Service) -> None:
    """build: failed after 300 s, succeeded when run again after 240 s, and on the fork after 120 s. lint: skipped."""
    names = ("check", "completed", "succeeded", "failed", "success_rate", "groups", "rerun_rate", "flake_rate")
    found = api.get(f"{API}/checks")["data"]
    assert table(found, *names) == [
        ("build", 3, 2, 1, 66.67, 2, 50.0, 50.0),
        ("lint", 1, 0, 0, None, 1, 0.0, 0.0),
    ]
    duration = {"count": 3, "median": 240.0, "p75": 270.0, "p90": 288.0, "p95": 294.0, "mean": 220.0}
    assert found[0]["duration"] == duration
    assert found[1]["duration"] == {**dict.fromkeys(duration), "count": 0}


def test_jobs(api: Service) -> None:
    (linux,) = api.get(f"{API}/jobs")["data"]
    assert table([linux], "label", "jobs", "succeeded", "success_rate") == [("linux", 1, 1, 100.0)]
    assert (linux["queue_time"]["median"], linux["duration"]["median"]) == (60.0, 19 * 60.0)


def test_deployments(api: Service) -> None:
    """app#1, opened on 2 March at 9:00, was deployed on 4 March at 11:10: 50 hours 10 minutes, from its opening since no
    push was seen. Of two deployments one failed, at 10:10; an hour later it was recovered.
    """
    found = api.get(f"{API}/deployments", start_time="2026-03-04", end_time="2026-03-05", group="all")
    (day,) = found["data"]
    assert table([day], "deployments", "finished", "failed", "change_fail_rate", "deployment_frequency") == [
        (1, 2, 1, 50.0, 1.0)
    ]
    assert day["failed_deployment_recovery_time"]["median"] == HOUR
    assert day["change_lead_time"]["median"] == 50 * HOUR + 600
    assert day["change_lead_time"]["basis"] == {"first_commit": 0, "opened_at": 1}


# ── Labels, and one repository ────────────────────────────────────────────────────────────────────────────────────


def test_labels(api: Service) -> None:
    """sig-core: 3 hours on app#1 and 5 on lib#1, until they were closed. sig-web: 3. approved-cat: 3 on app#4."""
    found = {one["label"]: one for one in api.get(f"{API}/labels")["data"]}
    assert {label: (one["pull_requests"], one["time_in_label"]["median"]) for label, one in found.items()} == {
        "sig-core": (2, 4 * HOUR),
        "sig-web": (1, 3 * HOUR),
        "approved-cat": (1, 3 * HOUR),
    }


def test_one_repository(api: Service) -> None:
    """octo/app, by the name that it had."""
    found = api.get(f"{API}/repositories/octo/old")
    assert (found["repository"], [name["name"] for name in found["names"]]) == ("octo/app", ["octo/old", "octo/app"])
    assert found["events"]["total_events"] == 44
    assert found["pull_requests"] == {"opened": 6, "merged": 3, "closed": 1, "open": 2}
    assert found["lifecycle"]["cycle_time"]["median"] == 5 * HOUR  # of 3, 5 and 412
    assert found["reviews"] == {"reviews": 5, "approved": 1, "changes_requested": 1, "commented": 3, "reviewers": 3}
    assert found["checks"] == {"completed": 4, "succeeded": 2, "failed": 1, "success_rate": 66.67}
    assert (found["deployments"]["finished"], found["deployments"]["failed"]) == (2, 1)
