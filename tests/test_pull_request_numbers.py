"""GET /api/metrics/lifecycle, turnaround and pull-requests: two weeks of two repositories, worked out by hand from
docs/metrics.md, "The life of a pull request".
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from projections.queries.pull_request_queries import COLUMNS
from tests.deliveries import delivery, fill
from tests.events import payload, pull_request, simple, user
from tests.service import Service, clone, running
from tests.test_api import links, problem

LIFECYCLE = "/api/metrics/lifecycle"
TURNAROUND = "/api/metrics/turnaround"
PULL_REQUESTS = "/api/metrics/pull-requests"
HOUR = 3600.0
MARCH = {"start_time": "2026-03-01T00:00:00Z", "end_time": "2026-03-23T00:00:00Z"}

HELLO = {"id": 7, "full_name": "octo/hello"}
TOOLS = {"id": 8, "full_name": "octo/tools"}
OCTOCAT, MONALISA, ALICE = user("octocat", 5), user("monalisa", 2), user("alice", 9)
CI = user("ci[bot]", 10, "Bot")
NOW = datetime.now(UTC).replace(microsecond=0)
Told = tuple[str, dict[str, Any]]


def iso(clock: str) -> str:
    """iso("02 10:00") is ten o'clock of 2 March; iso("-20d") is twenty days ago."""
    if clock.startswith("-"):
        return (NOW - timedelta(days=int(clock[1:-1]))).isoformat().replace("+00:00", "Z")
    day, time = clock.split()
    return f"2026-03-{day}T{time}:00Z"


class PullRequest:
    """A pull request whose life is told, event by event."""

    def __init__(self, repository: Any, number: int, author: Any, opened: str, **fields: Any) -> None:
        self.repository = repository
        url = f"https://github.com/{repository['full_name']}/pull/{number}"
        fields = {"title": f"Change {number}", "html_url": url, **fields}
        self.fields = pull_request(number, user=author, created_at=iso(opened), **fields)
        self.told: list[Told] = []
        self.happened("opened", opened)

    def happened(
        self, action: str, clock: str, *, sender: Any = None, about: Any = None, **fields: Any
    ) -> "PullRequest":
        self.fields |= {**fields, "updated_at": iso(clock)}
        body = payload(action, pull_request=dict(self.fields), repository=self.repository, **(about or {}))
        self.told.append(("pull_request", body if sender is None else {**body, "sender": sender}))
        return self

    def asked(self, of: Any, clock: str) -> "PullRequest":
        return self.happened("review_requested", clock, about={"requested_reviewer": of})

    def labeled(self, name: str, clock: str) -> "PullRequest":
        labels = [*self.fields["labels"], {"name": name}]
        return self.happened("labeled", clock, sender=CI, about={"label": {"name": name}}, labels=labels)

    def reviewed(self, state: str, by: Any, clock: str) -> "PullRequest":
        self.fields |= {"updated_at": iso(clock)}
        identity = len(self.told) + 1000 * self.fields["number"]
        review = {"id": identity, "user": by, "state": state, "submitted_at": iso(clock)}
        body = payload("submitted", review=review, pull_request=simple(self.fields), repository=self.repository)
        self.told.append(("pull_request_review", {**body, "sender": by}))
        return self

    def commented(self, by: Any, clock: str) -> "PullRequest":
        comment = {"id": len(self.told) + 1000 * self.fields["number"], "user": by, "created_at": iso(clock)}
        issue = {"number": self.fields["number"], "pull_request": {}, "updated_at": iso(clock)}
        body = payload("created", comment=comment, issue=issue, repository=self.repository)
        self.told.append(("issue_comment", {**body, "sender": by}))
        return self

    def closed(self, clock: str) -> "PullRequest":
        return self.happened("closed", clock, state="closed", closed_at=iso(clock))

    def merged(self, clock: str) -> "PullRequest":
        return self.happened("closed", clock, state="closed", closed_at=iso(clock), merged_at=iso(clock))


def march() -> Iterator[PullRequest]:
    # Merged in the week of Monday 2 March: cycles of 3, 5 and 4 hours.
    yield (
        PullRequest(HELLO, 1, OCTOCAT, "02 09:00", title="Add a door", additions=90, deletions=10, commits=2)
        .asked(ALICE, "02 09:30")
        .asked(MONALISA, "02 09:30")
        .reviewed("commented", CI, "02 09:31")
        .reviewed("commented", MONALISA, "02 10:00")
        .reviewed("approved", ALICE, "02 11:00")
        .labeled("bug", "02 11:30")
        .merged("02 12:00")
    )
    yield (
        PullRequest(HELLO, 2, MONALISA, "02 09:00", draft=True, additions=5, deletions=4)
        .happened("ready_for_review", "02 11:00", draft=False)
        .reviewed("approved", OCTOCAT, "02 12:00")
        .merged("02 14:00")
    )
    yield PullRequest(HELLO, 3, OCTOCAT, "03 09:00", additions=1000, deletions=0).merged("03 13:00")
    # Still open.
    yield PullRequest(HELLO, 4, ALICE, "02 10:00").reviewed("changes_requested", MONALISA, "02 14:00")
    # A bot's.
    yield PullRequest(HELLO, 5, CI, "02 09:00").reviewed("approved", ALICE, "02 09:10").merged("02 09:30")
    # The week after: a cycle of 8 hours, and one closed unmerged.
    yield (
        PullRequest(TOOLS, 1, OCTOCAT, "10 09:00", additions=10, deletions=0)
        .asked(ALICE, "10 09:15")
        .happened("review_request_removed", "10 09:20", about={"requested_reviewer": ALICE})
        .reviewed("changes_requested", ALICE, "10 10:00")
        .labeled("not-verified", "10 11:00")
        .labeled("verified-by-qa", "10 12:00")
        .labeled("approved-monalisa", "10 12:30")
        .reviewed("approved", ALICE, "10 13:00")
        .merged("10 17:00")
    )
    yield (
        PullRequest(TOOLS, 2, MONALISA, "10 09:00", additions=499, deletions=0)
        .labeled("unverified", "10 10:00")
        .closed("10 19:00")
    )


def lately() -> Iterator[PullRequest]:
    """Open ones of tools, 20 days old unless said otherwise."""
    yield PullRequest(TOOLS, 11, OCTOCAT, "-20d").commented(MONALISA, "-1d")
    yield (
        PullRequest(TOOLS, 12, OCTOCAT, "-20d")
        .commented(MONALISA, "-15d")
        .commented(CI, "-1d")
        .commented(OCTOCAT, "-1d")
    )
    yield PullRequest(TOOLS, 13, OCTOCAT, "-20d", draft=True)
    yield PullRequest(TOOLS, 14, OCTOCAT, "-3d")
    yield PullRequest(TOOLS, 15, OCTOCAT, "-20d").closed("-16d")


STALE = ["octo/hello#4", "octo/tools#12"]


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    """Delivered in the order opposite to that in which it happened."""
    told = [event for one in [*march(), *lately()] for event in one.told][::-1]
    with clone(server, template) as database:
        last = fill(
            database, [delivery(of, "03-25T12:00", kind, body) for of, (kind, body) in enumerate(told, start=1)]
        )
        with running(database) as service:
            service.get(PULL_REQUESTS, min_position=last)
            yield service


def hours(count: int, mean: float | None, *quantiles: float) -> dict[str, Any]:
    """Statistics in seconds, given in hours: mean, then median, p75 and p90."""
    given = dict(zip(("median", "p75", "p90"), quantiles or (None, None, None), strict=True))
    return {name: None if value is None else value * HOUR for name, value in {"mean": mean, **given}.items()} | {
        "count": count
    }


def phase(imputed: int, count: int, mean: float | None, *quantiles: float) -> dict[str, Any]:
    return {**hours(count, mean, *quantiles), "imputed_count": imputed}


# ── lifecycle ──────────────────────────────────────────────────────────────────────────────────────────────────────

NOTHING = {
    "merged_count": 0,
    "open_count": 0,
    **{name: phase(0, 0, None) for name in ("draft_time", "pickup_time", "review_time", "merge_time")},
    "cycle_time": hours(0, None),
    "publish_to_merge": hours(0, None),
    "merged_without_review_count": 0,
    "draft_history_unknown_count": 0,
    "clamped_count": 0,
}
FIRST_WEEK = {
    **NOTHING,
    "merged_count": 3,
    "open_count": 1,
    "draft_time": phase(0, 3, 2 / 3, 0, 1, 1.6),
    "pickup_time": phase(1, 2, 2, 1, 1, 1),
    "review_time": phase(1, 2, 1 / 3, 0.5, 0.75, 0.9),
    "merge_time": phase(1, 2, 1, 1.5, 1.75, 1.9),
    "cycle_time": hours(3, 4, 4, 4.5, 4.8),
    "publish_to_merge": hours(3, 10 / 3, 3, 3.5, 3.8),
    "merged_without_review_count": 1,
}
SECOND_WEEK = {
    **NOTHING,
    "merged_count": 1,
    "draft_time": phase(0, 1, 0, 0, 0, 0),
    "pickup_time": phase(0, 1, 1, 1, 1, 1),
    "review_time": phase(0, 1, 3, 3, 3, 3),
    "merge_time": phase(0, 1, 4, 4, 4, 4),
    "cycle_time": hours(1, 8, 8, 8, 8),
    "publish_to_merge": hours(1, 8, 8, 8, 8),
}
TOTAL = {
    **NOTHING,
    "merged_count": 4,
    "open_count": 1,
    "draft_time": phase(0, 4, 0.5, 0, 0.5, 1.4),
    "pickup_time": phase(1, 3, 1.75, 1, 1, 1),
    "review_time": phase(1, 3, 1, 1, 2, 2.6),
    "merge_time": phase(1, 3, 1.75, 2, 3, 3.6),
    "cycle_time": hours(4, 5, 4.5, 5.75, 7.1),
    "publish_to_merge": hours(4, 4.5, 3.5, 5, 6.8),
    "merged_without_review_count": 1,
}


def nearly(expected: Any) -> Any:
    """One decimal is told."""
    if isinstance(expected, dict):
        return {name: nearly(value) for name, value in expected.items()}
    return pytest.approx(expected, abs=0.051) if isinstance(expected, float) else expected


def test_phases_by_week(api: Service) -> None:
    found = api.get(LIFECYCLE, **MARCH)
    assert (found["time_range"], found["group"], found["tz"]) == (MARCH, "week", "UTC")
    assert found["total"] == nearly(TOTAL)
    weeks = [("2026-02-23", NOTHING), ("2026-03-02", FIRST_WEEK), ("2026-03-09", SECOND_WEEK), ("2026-03-16", NOTHING)]
    assert found["groups"] == [
        nearly({**numbers, "bucket": f"{day}T00:00:00Z", "repository": None}) for day, numbers in weeks
    ]
    assert found["pagination"]["total"] == 4


def test_the_means_of_the_phases_add_up_to_that_of_the_cycle_time(api: Service) -> None:
    found = api.get(LIFECYCLE, actors="all")
    for one in [found["total"], *(group for group in found["groups"] if group["merged_count"])]:
        means = [one[name]["mean"] for name in ("draft_time", "pickup_time", "review_time", "merge_time")]
        assert sum(means) == pytest.approx(one["cycle_time"]["mean"], abs=0.3)
    assert found["total"]["merged_count"] == 5


def test_weeks_of_a_zone(api: Service) -> None:
    found = api.get(LIFECYCLE, **MARCH, tz="Asia/Kathmandu", page_size=2)
    assert [group["bucket"] for group in found["groups"]] == ["2026-02-23T00:00:00+05:45", "2026-03-02T00:00:00+05:45"]
    assert found["groups"][1]["merged_count"] == 3


def test_a_merge_belongs_to_the_month_of_the_zone(api: Service) -> None:
    given = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T10:00:00Z", "group": "month"}
    found = api.get(LIFECYCLE, **given, tz="Pacific/Kiritimati")
    assert [(one["bucket"], one["merged_count"]) for one in found["groups"]] == [("2026-03-01T00:00:00+14:00", 2)]


def test_phases_by_repository(api: Service) -> None:
    found = api.get(LIFECYCLE, **MARCH, group="repository")
    assert found["total"] == nearly(TOTAL)
    assert found["groups"] == [
        nearly({**FIRST_WEEK, "bucket": None, "repository": "octo/hello"}),
        nearly({**SECOND_WEEK, "bucket": None, "repository": "octo/tools"}),
    ]


def test_phases_of_everything(api: Service) -> None:
    found = api.get(LIFECYCLE, **MARCH, group="all")
    assert (found["total"], found["groups"]) == (nearly(TOTAL), [])


def test_a_window_without_work(api: Service) -> None:
    given = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-02T00:00:00Z"}
    found = api.get(LIFECYCLE, **given)
    assert found["total"] == NOTHING
    assert [group["bucket"] for group in found["groups"]] == ["2019-12-30T00:00:00Z"]
    assert api.get(LIFECYCLE, **given, group="repository")["groups"] == []
    assert api.get(LIFECYCLE, repositories="octo/nowhere")["groups"] == []


def test_two_windows_that_meet_add_up(api: Service) -> None:
    def counts(start: str, end: str) -> tuple[int, int, int]:
        one = api.get(LIFECYCLE, start_time=start, end_time=end)["total"]
        return one["merged_count"], one["open_count"], one["pickup_time"]["imputed_count"]

    whole = counts("2026-03-01", "2026-03-23")
    for middle in ("2026-03-02T12:00:00Z", "2026-03-02T11:59:59Z", "2026-03-03T13:00:00Z", "2026-03-10T17:00:00Z"):
        before, after = counts("2026-03-01", middle), counts(middle, "2026-03-23")
        assert tuple(a + b for a, b in zip(before, after, strict=True)) == whole


def test_authors_and_repositories_of_phases(api: Service) -> None:
    def merged(**given: Any) -> int:
        return int(api.get(LIFECYCLE, **MARCH, **given)["total"]["merged_count"])

    assert merged(users="Octocat") == 3
    assert merged(exclude_users="octocat") == 1
    assert merged(actors="bot") == 1
    assert merged(repositories="octo/tools") == 1
    assert merged(repositories=["octo/tools", "OCTO/hello"]) == 4


def test_phases_as_csv(api: Service) -> None:
    answer = api.client.get(LIFECYCLE, params={**MARCH, "format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["bucket"][:10] for row in rows] == ["2026-02-23", "2026-03-02", "2026-03-09", "2026-03-16"]
    assert rows[2]["cycle_time_median"] == "28800.0"
    (whole,) = csv.DictReader(io.StringIO(api.client.get(LIFECYCLE, params={"format": "csv", "group": "all"}).text))
    assert whole["merged_count"] == "4"


def test_phases_that_are_refused(api: Service) -> None:
    problem(api.client.get(LIFECYCLE, params={"group": "day"}), 422, "invalid_parameter")
    problem(api.client.get(LIFECYCLE, params={"tz": "Mars/Base"}), 400, "bad_parameter")
    many = {"start_time": "1800-01-01", "end_time": "2199-01-01"}
    told = problem(api.client.get(LIFECYCLE, params=many), 400, "bad_parameter")
    assert told.startswith("group: ")


# ── turnaround ─────────────────────────────────────────────────────────────────────────────────────────────────────


def speed(name: str, count: int, *numbers: float | None) -> dict[str, Any]:
    """Mean, median, p75 and p90."""
    given = dict(zip(("avg", "median", "p75", "p90"), numbers or (None,) * 4, strict=True))
    return {**{f"{which}_{name}_hours": value for which, value in given.items()}, f"{name}_hours_count": count}


def test_turnaround_of_what_became_ready(api: Service) -> None:
    """First reviews after 1, 1, 4 and 1 hours; approvals after 2, 1 and 4; ends after 3, 5, 4, 8 and 10."""
    found = api.get(TURNAROUND, **MARCH)
    assert found["time_range"] == MARCH
    assert found["summary"] == {
        "total_prs_analyzed": 6,
        "open_count": 1,
        **speed("time_to_first_review", 4, 1.8, 1.0, 1.8, 3.1),
        **speed("time_to_approval", 3, 2.3, 2.0, 3.0, 3.6),
        **speed("time_to_first_verified", 1, 3.0, 3.0, 3.0, 3.0),
        **speed("time_to_first_changes_requested", 2, 2.5, 2.5, 3.2, 3.7),
        **speed("pr_lifecycle", 5, 6.0, 5.0, 8.0, 9.2),
    }


def test_turnaround_by_repository(api: Service) -> None:
    hello, tools = api.get(TURNAROUND, **MARCH)["by_repository"]
    assert hello == {
        "repository": "octo/hello",
        "total_prs": 4,
        "open_count": 1,
        **speed("time_to_first_review", 3, 2.0, 1.0, 2.5, 3.4),
        **speed("time_to_approval", 2, 1.5, 1.5, 1.8, 1.9),
        **speed("time_to_first_verified", 0),
        **speed("time_to_first_changes_requested", 1, 4.0, 4.0, 4.0, 4.0),
        **speed("pr_lifecycle", 3, 4.0, 4.0, 4.5, 4.8),
    }
    assert (tools["repository"], tools["total_prs"], tools["avg_pr_lifecycle_hours"]) == ("octo/tools", 2, 9.0)


def test_turnaround_by_reviewer(api: Service) -> None:
    """What was asked of alice on tools#1 was taken back before she reviewed."""

    def one(reviewer: str, reviews: int, repositories: list[str], *response: float | None) -> dict[str, Any]:
        answered = 1 if response else 0
        told = {"reviewer": reviewer, "total_reviews": reviews, "repositories_reviewed": repositories}
        return {**told, **speed("response_time", answered, *response)}

    assert api.get(TURNAROUND, **MARCH)["by_reviewer"] == [
        one("alice", 4, ["octo/hello", "octo/tools"], *[1.5] * 4),
        one("monalisa", 2, ["octo/hello"], *[0.5] * 4),
        one("octocat", 1, ["octo/hello"]),
    ]


def test_a_draft_is_waited_for_from_when_it_is_ready(api: Service) -> None:
    before = api.get(TURNAROUND, start_time="2026-03-02T09:00:00Z", end_time="2026-03-02T11:00:00Z")
    at = api.get(TURNAROUND, start_time="2026-03-02T11:00:00Z", end_time="2026-03-02T11:00:01Z")
    assert (before["summary"]["total_prs_analyzed"], at["summary"]["total_prs_analyzed"]) == (2, 1)
    assert at["summary"]["avg_time_to_first_review_hours"] == 1.0


def test_people_of_the_turnaround(api: Service) -> None:
    """Authors of the pull requests, reviewers of the reviews."""
    found = api.get(TURNAROUND, **MARCH, users=["alice"])
    assert found["summary"]["total_prs_analyzed"] == 1
    assert [one["reviewer"] for one in found["by_reviewer"]] == ["alice"]
    found = api.get(TURNAROUND, **MARCH, actors="bot", repositories="octo/hello")
    assert found["summary"]["total_prs_analyzed"] == 1
    assert [one["reviewer"] for one in found["by_reviewer"]] == ["ci[bot]"]


def test_turnaround_of_nothing_is_null(api: Service) -> None:
    found = api.get(TURNAROUND, end_time="2020-01-01")
    assert found["summary"]["total_prs_analyzed"] == 0
    assert found["summary"]["avg_time_to_approval_hours"] is None
    assert (found["by_repository"], found["by_reviewer"]) == ([], [])


def test_pages_of_the_turnaround_visit_each_once(api: Service) -> None:
    """Who asks for no page gets all, as one."""
    whole = api.get(TURNAROUND, **MARCH)
    for name, total in (("by_repository", 2), ("by_reviewer", len(whole["by_reviewer"]))):
        assert len(whole[name]) == total > 1
        assert whole[f"{name}_pagination"] == {
            "total": total,
            "page": 1,
            "page_size": total,
            "total_pages": 1,
            "has_next": False,
            "has_prev": False,
        }
        pages = [api.get(TURNAROUND, **MARCH, page=page, page_size=1) for page in range(1, total + 2)]
        assert [one for page in pages for one in page[name]] == whole[name]
        assert pages[-1][name] == []
        assert {page[f"{name}_pagination"]["total"] for page in pages} == {total}
        assert pages[0][f"{name}_pagination"]["has_next"]
        assert {str(page["summary"]) for page in pages} == {str(whole["summary"])}
    assert api.get(TURNAROUND, **MARCH, page=2)["by_repository_pagination"]["page_size"] == 10
    assert api.get(TURNAROUND, end_time="2020-01-01")["by_reviewer_pagination"]["total_pages"] == 0


def test_turnaround_is_sorted_before_it_is_cut_into_pages(api: Service) -> None:
    whole = api.get(TURNAROUND, **MARCH)
    for name, column in (("by_repository", "repository"), ("by_reviewer", "reviewer")):
        asked = {**MARCH, "list": name, "sort": f"-{column}"}
        expected = sorted((one[column] for one in whole[name]), reverse=True)
        assert expected != [one[column] for one in whole[name]], "another order than that without sort"
        pages = [api.get(TURNAROUND, **asked, page=page, page_size=1) for page in range(1, len(expected) + 1)]
        assert [page[name][0][column] for page in pages] == expected
        other = ({"by_repository", "by_reviewer"} - {name}).pop()
        assert pages[0][other] == whole[other][:1]
    assert problem(api.client.get(TURNAROUND, params={"sort": "reviewer"}), 400, "bad_parameter")


@pytest.mark.parametrize(("name", "first"), [("by_repository", "repository"), ("by_reviewer", "reviewer")])
def test_turnaround_as_csv(api: Service, name: str, first: str) -> None:
    given = {**MARCH, "list": name}
    answer = api.client.get(TURNAROUND, params=given, headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row[first] for row in rows] == [row[first] for row in api.get(TURNAROUND, **given)[name]]
    assert next(iter(rows[0])) == first


# ── pull-requests ──────────────────────────────────────────────────────────────────────────────────────────────────


def shown(api: Service, **given: Any) -> list[str]:
    found = api.get(PULL_REQUESTS, **{"page_size": 100, "sort": "opened_at", **given})
    names = [f"{one['repository']}#{one['number']}" for one in found["data"]]
    assert found["pagination"]["total"] == len(names)
    return names


def test_all_that_is_shown_of_a_pull_request(api: Service) -> None:
    (found,) = api.get(PULL_REQUESTS, search="a DOOR")["data"]
    assert found == {
        "repository": "octo/hello",
        "number": 1,
        "title": "Add a door",
        "author": "octocat",
        "state": "merged",
        "draft": False,
        "labels": ["bug"],
        "url": "https://github.com/octo/hello/pull/1",
        "opened_at": "2026-03-02T09:00:00Z",
        "ready_at": "2026-03-02T09:00:00Z",
        "first_review_at": "2026-03-02T10:00:00Z",
        "approved_at": "2026-03-02T11:00:00Z",
        "merged_at": "2026-03-02T12:00:00Z",
        "closed_at": "2026-03-02T12:00:00Z",
        "updated_at": "2026-03-02T12:00:00Z",
        "age": None,
        "size": 100,
        "size_bucket": "L",
        "additions": 90,
        "deletions": 10,
        "changed_files": 1,
        "commits": 2,
        "draft_time": 0.0,
        "pickup_time": HOUR,
        "review_time": HOUR,
        "merge_time": HOUR,
        "cycle_time": 3 * HOUR,
        "time_to_first_review": HOUR,
        "time_to_approval": 2 * HOUR,
        "imputed": [],
        "clamped": False,
        "reopened": 0,
        "merged_without_review": False,
        "stale": False,
    }


def test_an_open_one_has_an_age_and_no_phases(api: Service) -> None:
    (found,) = api.get(PULL_REQUESTS, search="#14")["data"]
    assert 3 * 24 * HOUR <= found["age"] < (3 * 24 + 2) * HOUR
    assert [found[name] for name in ("draft_time", "pickup_time", "cycle_time", "merged_at")] == [None] * 4
    (unreviewed,) = api.get(PULL_REQUESTS, search="3", repositories="octo/hello")["data"]
    assert unreviewed["imputed"] == ["pickup_time", "review_time", "merge_time"]
    assert unreviewed["merged_without_review"] is True


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    (MARCH, ["octo/hello#2", "octo/hello#1", "octo/hello#4", "octo/hello#3", "octo/tools#2", "octo/tools#1"]),
    ({**MARCH, "state": "open"}, ["octo/hello#4"]),
    ({**MARCH, "state": "closed"}, ["octo/tools#2"]),
    (
        {"start_time": "2026-03-02T12:00:00Z", "end_time": "2026-03-03", "state": "merged"},
        ["octo/hello#2", "octo/hello#1"],
    ),
    ({"start_time": "2026-03-10T10:00:00Z", "end_time": "2026-03-11", "state": "closed"}, ["octo/tools#2"]),
    ({"draft": True}, ["octo/tools#13"]),
    ({"draft": False, **MARCH, "state": "open"}, ["octo/hello#4"]),
    ({"label": "bug"}, ["octo/hello#1"]),
    ({"label": ["verified-by-qa", "not-verified"]}, ["octo/tools#1"]),
    ({"label": ["verified-by-qa", "bug"]}, []),
    ({"size": "XXL"}, ["octo/hello#3"]),
    ({**MARCH, "size": ["S", "L"]}, ["octo/hello#1", "octo/tools#2", "octo/tools#1"]),
    ({**MARCH, "size": "XS"}, ["octo/hello#2", "octo/hello#4"]),
    ({"stale": True}, STALE),
    ({"stale": False, "state": "open", "start_time": "30d"}, ["octo/tools#13", "octo/tools#11", "octo/tools#14"]),
    ({"search": "change 12"}, ["octo/tools#12"]),
    ({"search": "12"}, ["octo/tools#12"]),
    ({"search": "100%"}, []),
    ({"users": "alice"}, ["octo/hello#4"]),
    ({"actors": "bot"}, ["octo/hello#5"]),
    ({"repositories": "octo/hello", "exclude_users": ["octocat", "alice"]}, ["octo/hello#2"]),
]


@pytest.mark.parametrize(("given", "expected"), FILTERS, ids=[str(given) for given, _ in FILTERS])
def test_filters(api: Service, given: dict[str, Any], expected: list[str]) -> None:
    assert shown(api, **given) == expected


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_both_ways_with_what_is_unknown_last(api: Service, column: str) -> None:
    value = {"size_bucket": "size", "imputed": "imputed"}.get(column, column)
    given = {"page_size": 100, "actors": "all"}
    up = api.get(PULL_REQUESTS, **given, sort=column)["data"]
    down = api.get(PULL_REQUESTS, **given, sort=f"-{column}")["data"]
    assert len(up) == len(down) == 12

    def key(one: dict[str, Any]) -> Any:
        return len(one[value]) if column == "imputed" else one[value]

    for rows, ordered in ((up, lambda a, b: a <= b), (down, lambda a, b: a >= b)):
        known = [key(one) for one in rows if one[value] is not None]
        assert all(ordered(a, b) for a, b in pairwise(known))
        assert [one[value] for one in rows[len(known) :]] == [None] * (12 - len(known))
    for rows in (up, down):
        tied = [
            ((one["repository"], -one["number"]), (other["repository"], -other["number"]))
            for one, other in pairwise(rows)
            if key(one) == key(other)
        ]
        assert all(before < after for before, after in tied)


@pytest.mark.parametrize("sort", ["opened_at", "-cycle_time", "-stale", "labels"])
def test_pages_neither_overlap_nor_leave_out(api: Service, sort: str) -> None:
    pages = [api.get(PULL_REQUESTS, page=page, page_size=5, sort=sort)["data"] for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [5, 5, 1, 0]
    found = [(one["repository"], one["number"]) for page in pages for one in page]
    assert len(set(found)) == 11
    whole = api.get(PULL_REQUESTS, page_size=100, sort=sort)["data"]
    assert [(one["repository"], one["number"]) for one in whole] == found


def test_links_lead_through_the_pages(api: Service) -> None:
    answer = api.client.get(PULL_REQUESTS, params={"page_size": 5, "page": 2, "sort": "-size"})
    assert {"first", "prev", "next", "last"} <= links(answer).keys()


def test_pull_requests_as_csv(api: Service) -> None:
    answer = api.client.get(PULL_REQUESTS, params={"format": "csv", "sort": "number", "page_size": 1})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == list(COLUMNS)
    whole = api.get(PULL_REQUESTS, sort="number", page_size=100)["data"]
    assert [(row["repository"], row["number"]) for row in rows] == [
        (one["repository"], str(one["number"])) for one in whole
    ]


def test_a_sort_that_there_is_not(api: Service) -> None:
    for sort in ("--size", "person", "size;", "size DESC"):
        problem(api.client.get(PULL_REQUESTS, params={"sort": sort}), 400, "bad_parameter")


HOSTILE: list[dict[str, Any]] = [
    {"label": "\x00", "search": "\x00' OR 1=1 --", "repositories": "octo/\x00"},
    {"users": ["'"] * 500, "label": ['"{}'] * 500},
    {"page": 10**9, "page_size": 100},
    {"start_time": "0001-01-01", "end_time": "9999-12-31"},
    {"size": "huge"},
    {"draft": "perhaps"},
    {"search": "x" * 201},
]


@pytest.mark.parametrize("given", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", [LIFECYCLE, TURNAROUND, PULL_REQUESTS])
def test_hostile_parameters_never_break_it(api: Service, path: str, given: dict[str, Any]) -> None:
    assert api.client.get(path, params=given).status_code in (200, 400, 422)


def test_an_unchanged_answer_is_not_sent_again(api: Service) -> None:
    for path in (LIFECYCLE, TURNAROUND):
        tag = api.client.get(path).headers["etag"]
        assert api.client.get(path, headers={"If-None-Match": tag}).status_code == 304
