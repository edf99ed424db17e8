"""GET /api/metrics/contributors and /api/metrics/user-prs, on one day of two repositories, counted by hand from
docs/metrics.md, "People".
"""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from replay.event import Delivery
from tests.deliveries import delivery, fill
from tests.events import at, payload, pull_request, simple, user
from tests.service import Service, running
from tests.test_api import links, problem

CONTRIBUTORS = "/api/metrics/contributors"
USER_PRS = "/api/metrics/user-prs"
DAY = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
LISTS = ("pr_creators", "pr_reviewers", "pr_approvers", "pr_lgtm")

HELLO = {"id": 7, "full_name": "octo/hello"}
TOOLS = {"id": 8, "full_name": "octo/tools"}
OCTOCAT, MONALISA, ALICE = user("octocat", 5), user("monalisa", 2), user("alice", 9)
BOT, HUBOT = user("ci[bot]", 10, "Bot"), user("hubot", 11)
Told = tuple[str, dict[str, Any]]


def pull(action: str, number: int, author: Any, clock: str, repository: Any = HELLO, **fields: Any) -> Told:
    told = pull_request(number, user=author, updated=clock, html_url=f"https://github.com/pull/{number}", **fields)
    return "pull_request", payload(action, pull_request=told, repository=repository)


def opened(number: int, author: Any, clock: str, repository: Any = HELLO, **fields: Any) -> Told:
    return pull("opened", number, author, clock, repository, created_at=at(clock), **fields)


def merged(number: int, author: Any, created: str, clock: str, **fields: Any) -> Told:
    ended = {"state": "closed", "closed_at": at(clock), "merged_at": at(clock), "created_at": at(created)}
    return pull("closed", number, author, clock, **{**ended, **fields})


def review(
    identity: int, number: int, of: Any, by: Any, state: str, clock: str, repository: Any = HELLO, **more: Any
) -> Told:
    told = {"id": identity, "user": by, "state": state, "submitted_at": at(clock), **more}
    action = "edited" if "updated_at" in more else "dismissed" if state == "dismissed" else "submitted"
    about = simple(pull_request(number, user=of, updated=clock))
    del about["created_at"], about["state"]
    return "pull_request_review", payload(action, review=told, pull_request=about, repository=repository)


def labeled(number: int, author: Any, label: str, clock: str, delivered: int = 1) -> Told:
    told = pull("labeled", number, author, clock, created_at=at("09:30"))[1]
    return "pull_request", {**told, "label": {"name": label}, "delivered": delivered}


TOLD: list[Told] = [
    # octo/hello#1 of octocat: merged. Reviewed by monalisa three times, by the author, and by a bot before anyone.
    opened(1, OCTOCAT, "09:00", commits=1),
    review(10, 1, OCTOCAT, BOT, "commented", "09:10"),
    review(11, 1, OCTOCAT, MONALISA, "commented", "10:00"),
    review(11, 1, OCTOCAT, MONALISA, "commented", "10:00", updated_at=at("10:02"), body="edited"),
    review(12, 1, OCTOCAT, OCTOCAT, "commented", "10:05"),
    review(13, 1, OCTOCAT, MONALISA, "approved", "10:30"),
    review(13, 1, OCTOCAT, MONALISA, "dismissed", "10:30"),
    review(14, 1, OCTOCAT, MONALISA, "approved", "11:00"),
    merged(1, OCTOCAT, "09:00", "12:00", commits=3),
    # octo/tools#1, also number 1 and also of octocat: closed unmerged.
    opened(1, OCTOCAT, "09:00", TOOLS),
    review(20, 1, OCTOCAT, ALICE, "changes_requested", "10:00", TOOLS),
    review(21, 1, OCTOCAT, HUBOT, "commented", "10:30", TOOLS),
    pull("closed", 1, OCTOCAT, "11:00", TOOLS, state="closed", closed_at=at("11:00")),
    # octo/hello#2 of monalisa: closed, reopened and merged. Approved by octocat by label, told twice, and by review;
    # its author approves it too, and Alice gives an LGTM.
    opened(2, MONALISA, "09:30", commits=2),
    pull("closed", 2, MONALISA, "10:00", created_at=at("09:30"), state="closed", closed_at=at("10:00")),
    pull("reopened", 2, MONALISA, "10:10", created_at=at("09:30")),
    labeled(2, MONALISA, "approved-octocat", "11:00"),
    labeled(2, MONALISA, "approved-octocat", "11:00", delivered=2),
    labeled(2, MONALISA, "approved-monalisa", "11:05"),
    labeled(2, MONALISA, "approved-", "11:06"),
    labeled(2, MONALISA, "lgtm-Alice", "11:10"),
    labeled(2, MONALISA, "lgtm-hubot", "11:11"),
    review(30, 2, MONALISA, OCTOCAT, "approved", "11:20"),
    merged(2, MONALISA, "09:30", "11:30", commits=2),
    # octo/hello#3 of a ghost: open. Reviewed by a ghost; that alice's label was put on was missed.
    opened(3, None, "09:40"),
    review(40, 3, None, None, "commented", "10:50"),
    pull("edited", 3, None, "11:40", created_at=at("09:40"), labels=[{"name": "approved-alice"}]),
    # octo/hello#4 of a bot: merged.
    opened(4, BOT, "09:50"),
    review(50, 4, BOT, MONALISA, "approved", "10:15"),
    merged(4, BOT, "09:50", "10:20"),
    # octo/hello#5 of octocat: opened the day before, before the webhook existed; merged today.
    merged(5, OCTOCAT, "09:00", "10:00", created_at="2026-03-01T09:00:00Z", commits=9),
]


def history() -> list[Delivery]:
    return [delivery(of, "03-05T12:00", kind, body) for of, (kind, body) in enumerate(TOLD, start=1)]


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    """Delivered in the order opposite to that in which it happened."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        database = make_conninfo(server, dbname=name)
        last = fill(database, history()[::-1])
        with running(database, METRICS_BOT_LOGINS="Hubot") as service:
            service.get(CONTRIBUTORS, min_position=last)
            yield service
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def users(api: Service, **parameters: Any) -> dict[str, list[str]]:
    found = api.get(CONTRIBUTORS, **parameters)
    return {name: [one["user"] for one in found[name]["data"]] for name in LISTS}


def shown(api: Service, **parameters: Any) -> list[str]:
    return [f"{one['repository']}#{one['number']}" for one in api.get(USER_PRS, **parameters)["data"]]


def page(total: int) -> dict[str, Any]:
    pages = 1 if total else 0
    return {"total": total, "page": 1, "page_size": 10, "total_pages": pages, "has_next": False, "has_prev": False}


# ── Contributors ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_opened_reviewed_and_approved_on_that_day(api: Service) -> None:
    assert api.get(CONTRIBUTORS, **DAY) == {
        "time_range": DAY,
        "pr_creators": {
            "data": [
                creator("octocat", 2, 2, 1, commits(2, 2.0, 2.5, 2.8)),
                creator("monalisa", 1, 1, 0, commits(1, 2.0)),
                creator("ghost", 1, 0, 0, commits(1, 1.0)),
            ],
            "pagination": page(3),
        },
        "pr_reviewers": {
            "data": [
                reviewer("monalisa", 4, 2, 2.0, 2.5, 2.8),
                reviewer("alice", 1, 1, 1.0),
                reviewer("ghost", 1, 1, 1.0),
                reviewer("octocat", 1, 1, 1.0),
            ],
            "pagination": page(4),
        },
        "pr_approvers": {
            "data": [
                {"user": "monalisa", "total_approvals": 2, "prs_approved": 2},
                {"user": "alice", "total_approvals": 1, "prs_approved": 1},
                {"user": "octocat", "total_approvals": 1, "prs_approved": 1},
            ],
            "pagination": page(3),
        },
        "pr_lgtm": {"data": [{"user": "alice", "total_lgtm": 1, "prs_lgtm": 1}], "pagination": page(1)},
    }


def spread(of: str, count: int, value: float | None, p75: float | None = None, p90: float | None = None) -> Any:
    """All of them `value`, or with quantiles of their own."""
    quantiles = {f"median_{of}": value, f"p75_{of}": p75 or value, f"p90_{of}": p90 or value}
    return {f"avg_{of}": value, **quantiles, f"{of}_count": count}


def creator(login: str, total: int, merged: int, closed: int, commits: Any) -> dict[str, Any]:
    return {"user": login, "total_prs": total, "merged_prs": merged, "closed_prs": closed, **commits}


def commits(*values: float) -> Any:
    return spread("commits_per_pr", *values)


def reviewer(login: str, total: int, prs: int, *each: float) -> dict[str, Any]:
    counts = {"total_reviews": total, "prs_reviewed": prs, "cross_team_reviews": None}
    return {"user": login, **counts, **spread("reviews_per_pr", prs, *each)}


def test_bots_are_those_of_github_and_those_of_the_settings(api: Service) -> None:
    assert users(api, actors="bot") == {
        "pr_creators": ["ci[bot]"],
        "pr_reviewers": ["ci[bot]", "hubot"],
        "pr_approvers": [],
        "pr_lgtm": ["hubot"],
    }
    everyone = users(api, actors="all")
    for name, bots in users(api, actors="bot").items():
        assert sorted(everyone[name]) == sorted(bots + users(api)[name])


def test_only_who_is_asked_for_without_regard_to_case(api: Service) -> None:
    nobody: dict[str, list[str]] = {name: [] for name in LISTS}
    assert users(api, users="ALICE") == nobody | {
        "pr_reviewers": ["alice"],
        "pr_approvers": ["alice"],
        "pr_lgtm": ["alice"],
    }
    assert users(api, users=["alice", "octocat"], exclude_users="octocat") == users(api, users="alice")
    assert users(api, exclude_users=["Monalisa", "ghost"])["pr_reviewers"] == ["alice", "octocat"]
    assert users(api, users="nobody\x00") == nobody


def test_of_some_repositories(api: Service) -> None:
    tools = api.get(CONTRIBUTORS, repositories="octo/tools")
    assert tools["pr_creators"]["data"] == [creator("octocat", 1, 0, 1, commits(1, 1.0))]
    assert [one["user"] for one in tools["pr_reviewers"]["data"]] == ["alice"]
    assert users(api, repositories=["octo/tools", "octo/hello"]) == users(api)
    assert users(api, repositories="octo/nothing") == {name: [] for name in LISTS}


def test_an_approval_is_of_the_time_at_which_it_was_first_given(api: Service) -> None:
    """monalisa approves octo/hello#1 at 10:30, and again at 11:00 when that was dismissed."""
    late = api.get(CONTRIBUTORS, start_time=at("11:00"), end_time=at("12:00"))
    assert [one["user"] for one in late["pr_approvers"]["data"]] == ["alice", "octocat"]
    assert [(one["user"], one["total_reviews"]) for one in late["pr_reviewers"]["data"]] == [
        ("monalisa", 1),
        ("octocat", 1),
    ]


def test_commits_are_of_what_was_opened_and_null_where_nothing_was(api: Service) -> None:
    (found,) = api.get(CONTRIBUTORS, start_time=at("10:00"), end_time=at("10:20"))["pr_creators"]["data"]
    assert found == creator("octocat", 0, 1, 0, spread("commits_per_pr", 0, None))


@pytest.mark.parametrize("clock", ["09:00", "09:40", "10:00", "10:30", "11:00", "11:10", "11:59"])
def test_two_windows_that_meet_add_up(api: Service, clock: str) -> None:
    def counts(**window: str) -> dict[str, int]:
        found = api.get(CONTRIBUTORS, **DAY | window, actors="all")
        names = ("total_prs", "merged_prs", "closed_prs", "total_reviews", "total_approvals", "total_lgtm")
        return {name: sum(one.get(name, 0) for of in LISTS for one in found[of]["data"]) for name in names}

    earlier, later, whole = counts(end_time=at(clock)), counts(start_time=at(clock)), counts()
    assert {name: earlier[name] + later[name] for name in whole} == whole
    assert whole == {
        "total_prs": 5,
        "merged_prs": 4,
        "closed_prs": 1,
        "total_reviews": 9,
        "total_approvals": 4,
        "total_lgtm": 2,
    }


def test_pages_visit_everyone_once_and_totals_are_of_people(api: Service) -> None:
    pages = [api.get(CONTRIBUTORS, page=number, page_size=2) for number in (1, 2, 3)]
    for name in LISTS:
        assert [one["user"] for found in pages for one in found[name]["data"]] == users(api)[name]
        assert {found[name]["pagination"]["total"] for found in pages} == {len(users(api)[name])}
    assert pages[2]["pr_reviewers"] == {
        "data": [],
        "pagination": {
            "total": 4,
            "page": 3,
            "page_size": 2,
            "total_pages": 2,
            "has_next": False,
            "has_prev": True,
        },
    }


# ── The pull requests behind them ─────────────────────────────────────────────────────────────────────────────────


def test_a_pull_request_has_the_fields_of_the_contract(api: Service) -> None:
    assert api.get(USER_PRS, users="monalisa") == {
        "data": [
            {
                "number": 2,
                "title": "A change",
                "owner": "monalisa",
                "repository": "octo/hello",
                "state": "closed",
                "merged": True,
                "url": "https://github.com/pull/2",
                "created_at": at("09:30"),
                "updated_at": at("11:30"),
                "commits_count": 2,
                "head_sha": "a" * 40,
            }
        ],
        "pagination": page(1),
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, ["octo/hello#5", "octo/hello#3", "octo/hello#2", "octo/hello#1", "octo/tools#1"]),
        ({"actors": "bot"}, ["octo/hello#4"]),
        ({"users": "octocat"}, ["octo/hello#5", "octo/hello#1", "octo/tools#1"]),
        ({"users": "octocat", "role": "pr_creators"}, ["octo/hello#5", "octo/hello#1", "octo/tools#1"]),
        ({"users": "octocat", "repositories": "octo/tools"}, ["octo/tools#1"]),
        ({"users": "ghost"}, ["octo/hello#3"]),
        ({"users": "monalisa", "role": "pr_reviewers"}, ["octo/hello#4", "octo/hello#1"]),
        ({"users": "octocat", "role": "pr_reviewers"}, ["octo/hello#2"]),
        ({"role": "pr_reviewers", "actors": "bot"}, ["octo/hello#1", "octo/tools#1"]),
        ({"users": ["alice", "octocat"], "role": "pr_approvers"}, ["octo/hello#3", "octo/hello#2"]),
        ({"exclude_users": "alice", "role": "pr_approvers"}, ["octo/hello#4", "octo/hello#2", "octo/hello#1"]),
        ({"users": "alice", "role": "pr_lgtm"}, ["octo/hello#2"]),
        ({"users": "monalisa", "role": "pr_lgtm"}, []),
        ({"start_time": at("10:00"), "end_time": at("10:20")}, ["octo/hello#5"]),
        ({"start_time": at("11:00"), "end_time": at("11:31")}, ["octo/hello#2", "octo/tools#1"]),
        ({"page_size": 2, "page": 2}, ["octo/hello#2", "octo/hello#1"]),
        ({"page_size": 2, "page": 4}, []),
    ],
)
def test_the_pull_requests_that_are_asked_for(api: Service, parameters: dict[str, Any], expected: list[str]) -> None:
    assert shown(api, **parameters) == expected


@pytest.mark.parametrize(
    ("role", "of", "count"),
    [
        ("pr_reviewers", "pr_reviewers", "prs_reviewed"),
        ("pr_approvers", "pr_approvers", "prs_approved"),
        ("pr_lgtm", "pr_lgtm", "prs_lgtm"),
    ],
)
def test_there_are_as_many_as_the_lists_of_contributors_say(api: Service, role: str, of: str, count: str) -> None:
    for one in api.get(CONTRIBUTORS, **DAY, actors="all")[of]["data"]:
        found = api.get(USER_PRS, **DAY, actors="all", role=role, users=one["user"])
        assert found["pagination"]["total"] == one[count]


def test_links_lead_to_the_other_pages(api: Service) -> None:
    answer = api.client.get(USER_PRS, params={"page_size": 2})
    assert links(answer).keys() == {"first", "next", "last"}
    assert answer.json()["pagination"]["total"] == 5


@pytest.mark.parametrize("path", [CONTRIBUTORS, USER_PRS])
@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"actors": "cats"}, "actors"),
        ({"page": 2**63}, "page"),
        ({"page_size": 101}, "page_size"),
        ({"users": ["octocat"] * 501}, "users"),
        ({"exclude_users": ["octocat"] * 501}, "exclude_users"),
        ({"repositories": ["octo/hello"] * 501}, "repositories"),
    ],
)
def test_parameters_out_of_bounds_are_named(api: Service, path: str, parameters: dict[str, Any], named: str) -> None:
    (fault,) = problem(api.client.get(path, params=parameters), 422, "invalid_parameter")
    assert fault["loc"] == ["query", named]


def test_a_role_that_there_is_not_is_refused(api: Service) -> None:
    (fault,) = problem(api.client.get(USER_PRS, params={"role": "pr_cats"}), 422, "invalid_parameter")
    assert fault["loc"] == ["query", "role"]


def test_prefixes_of_labels_come_from_the_settings(database: str) -> None:
    last = fill(database, history())
    with running(database, METRICS_APPROVAL_LABEL_PREFIX="lgtm-", METRICS_LGTM_LABEL_PREFIX="approved-") as service:
        found = users(service, min_position=last)
    assert found["pr_approvers"] == ["monalisa", "alice", "hubot", "octocat"]
    assert found["pr_lgtm"] == ["alice", "octocat"]


def test_a_person_has_one_name_in_every_list_whatever_a_label_spells(database: str) -> None:
    """Bob reviews one and is named by labels on others; of eve nothing is known but her label."""
    bob = user("bob", 20)
    told = [
        *(opened(number, OCTOCAT, "09:00") for number in (1, 2)),
        review(1, 1, OCTOCAT, bob, "commented", "10:00"),
        labeled(1, OCTOCAT, "approved-Bob", "10:30"),
        labeled(2, OCTOCAT, "approved-BOB", "10:30"),
        labeled(2, OCTOCAT, "approved-Eve", "10:40"),
        labeled(2, OCTOCAT, "lgtm-Bob", "10:50"),
    ]
    last = fill(database, [delivery(of, "03-02T12:00", *one) for of, one in enumerate(told, start=1)])
    with running(database) as service:
        found = service.get(CONTRIBUTORS, min_position=last)
        team = service.get("/api/metrics/team-dynamics")
        csv = service.client.get(CONTRIBUTORS, params={"format": "csv", "list": "pr_approvers"}).text
    approvers = [("bob", 2), ("Eve", 1)]
    assert [row["user"] for row in found["pr_reviewers"]["data"]] == ["bob"]
    assert [(row["user"], row["total_approvals"]) for row in found["pr_approvers"]["data"]] == approvers
    assert [row["user"] for row in found["pr_lgtm"]["data"]] == ["bob"]
    assert [row["user"] for row in team["workload"]["by_contributor"]] == ["octocat", "bob", "Eve"]
    assert [(row["approver"], row["total_approvals"]) for row in team["bottlenecks"]["by_approver"]] == approvers
    assert [line.split(",")[0] for line in csv.splitlines()[1:]] == ["bob", "Eve"]


@pytest.mark.parametrize("path", [CONTRIBUTORS, "/api/metrics/team-dynamics", "/api/metrics/turnaround"])
def test_links_of_several_lists_lead_on_as_long_as_the_longest(api: Service, path: str) -> None:
    def totals(found: Any) -> list[int]:
        if isinstance(found, dict):
            told = [found["total_pages"]] if "total_pages" in found else []
            return told + [total for one in found.values() for total in totals(one)]
        return []

    answer, *seen = api.client.get(path, params={"page_size": 1}), 1
    while url := links(answer).get("next"):
        answer = api.client.get(url)
        seen.append(seen[-1] + 1)
    assert len(set(totals(answer.json()))) > 1, "the lists are not of one length"
    assert seen[-1] == max(totals(answer.json())) > 1
    assert links(answer).keys() == {"first", "prev", "last"}
    assert links(answer)["last"] == str(answer.url)
