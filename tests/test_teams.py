"""GET /api/metrics/maintainers, cross-team-reviews, reviewers and team-dynamics, and the teams behind them: a history
for each in repositories of its own, with answers worked out by hand from docs/metrics.md.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from projections.queries.people import People
from projections.queries.reviewer_queries import Kind, arguments, reviewers
from replay.event import Delivery
from tests.deliveries import delivery, fill
from tests.events import payload, pull_request, simple, user
from tests.histories import until
from tests.service import Service, clone, running
from tests.test_api import links, problem

MAINTAINERS = "/api/metrics/maintainers"
CROSS = "/api/metrics/cross-team-reviews"
REVIEWERS = "/api/metrics/reviewers"
DYNAMICS = "/api/metrics/team-dynamics"
CONTRIBUTORS = "/api/metrics/contributors"

TEAMS = """
teams:
  storage: [Alice, bob]
  sig-network:
    members: [bob, eve]
    maintainers: [carol]
maintainers: [erin]
repositories:
  octo/old-tools:
    teams: {docs: [alice]}
    maintainers: [grace]
"""

HELLO, TOOLS = {"id": 7, "full_name": "octo/hello"}, {"id": 8, "full_name": "octo/tools"}
ASKS = {"id": 9, "full_name": "octo/asks"}
DYNAMIC, OTHER = {"id": 10, "full_name": "octo/dynamic"}, {"id": 11, "full_name": "octo/other"}
OCTOCAT, ALICE, BOB, CAROL = user("octocat", 5), user("alice", 9), user("bob", 12), user("carol", 13)
DAVE, EVE, ERIN, BOT = user("dave", 14), user("eve", 15), user("erin", 16), user("ci[bot]", 10, "Bot")
Told = tuple[str, dict[str, Any]]
identities = iter(range(1000, 2000))


def at(moment: str) -> str:
    """at("10:00") of 2 March, or at("04 10:00")."""
    day, _, clock = moment.rpartition(" ")
    return f"2026-03-{day or '02'}T{clock}:00Z"


def told(action: str, repository: Any, number: int, author: Any, moment: str, /, **fields: Any) -> Told:
    """An event of a pull request that was opened at 09:00."""
    more = {name: fields.pop(name) for name in ("label", "requested_reviewer", "requested_team") if name in fields}
    pull = {**pull_request(number, user=author, **fields), "updated_at": at(moment)}
    return "pull_request", payload(action, pull_request=pull, repository=repository, **more)


def review(repository: Any, number: int, author: Any, by: Any, state: str, moment: str, /, **fields: Any) -> Told:
    pull = {**simple(pull_request(number, user=author, **fields)), "updated_at": at(moment)}
    written = {"id": next(identities), "user": by, "state": state, "submitted_at": at(moment)}
    return "pull_request_review", payload("submitted", review=written, pull_request=pull, repository=repository)


def labels(*names: str) -> dict[str, Any]:
    return {"labels": [{"name": name} for name in names]}


def ended(moment: str, *, merged: bool = True) -> dict[str, Any]:
    return {"state": "closed", "closed_at": at(moment), "merged_at": at(moment) if merged else None}


# ── Teams and maintainers ─────────────────────────────────────────────────────────────────────────────────────────

TWO = labels("bug", "sig-storage", "sig-network")
KERNEL, IN_TOOLS = labels("SIG-Kernel"), labels("sig-storage")
ACROSS: list[Told] = [
    # Of two labels the first of the payload counts: storage. So of these only eve's review is across teams; dave and
    # the bot are of no team, and bob is of storage too.
    review(HELLO, 1, CAROL, ALICE, "approved", "10:00", **TWO),
    review(HELLO, 1, CAROL, BOT, "commented", "10:05", **TWO),
    review(HELLO, 1, CAROL, BOB, "commented", "10:10", **TWO),
    review(HELLO, 1, CAROL, DAVE, "approved", "10:20", **TWO),
    review(HELLO, 1, CAROL, EVE, "approved", "10:30", **TWO),
    review(HELLO, 1, CAROL, CAROL, "commented", "10:40", **TWO),
    # Without a label it is of its author's team, storage: eve's is across, bob's is not.
    review(HELLO, 2, ALICE, EVE, "changes_requested", "11:00"),
    review(HELLO, 2, ALICE, BOB, "commented", "11:10"),
    # Its author is in two teams, and so are these reviewers in one of them.
    review(HELLO, 3, BOB, EVE, "approved", "11:20"),
    review(HELLO, 3, BOB, ALICE, "approved", "11:30"),
    # Neither a label nor an author in a team.
    review(HELLO, 4, DAVE, ALICE, "approved", "11:40"),
    # A label of a team that the file does not have, in another case.
    review(HELLO, 5, DAVE, ALICE, "commented", "11:50", **KERNEL),
    # octo/tools, which the file calls by its old name, has a team of its own and no other.
    told("opened", {**TOOLS, "full_name": "octo/old-tools"}, 1, ALICE, "09:00"),
    review(TOOLS, 1, ALICE, CAROL, "approved", "12:00"),
    review(TOOLS, 2, CAROL, ALICE, "approved", "12:10", **IN_TOOLS),
]

# ── Reviewers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def asks(number: int, moment: str, of: Any, listed: tuple[Any, ...], *, taken_back: bool = False) -> Told:
    action = "review_request_removed" if taken_back else "review_requested"
    return told(action, ASKS, number, OCTOCAT, moment, requested_reviewer=of, requested_reviewers=list(listed))


def asks_team(number: int, moment: str, slug: str, listed: tuple[Any, ...] = ()) -> Told:
    team = {"id": 77, "slug": slug, "name": slug}
    return told(
        "review_requested",
        ASKS,
        number,
        OCTOCAT,
        moment,
        requested_team=team,
        requested_teams=[team],
        requested_reviewers=list(listed),
    )


def answers(number: int, by: Any, state: str, moment: str, **fields: Any) -> Told:
    return review(ASKS, number, OCTOCAT, by, state, moment, **fields)


STORAGE_LISTED = {"requested_teams": [{"id": 77, "slug": "storage", "name": "storage"}]}
ASKED: list[Told] = [
    # 1: alice is asked, answers after half an hour, again after a push, and once more out of the blue.
    asks(1, "09:10", ALICE, (ALICE,)),
    answers(1, ALICE, "commented", "09:40"),
    told("synchronize", ASKS, 1, OCTOCAT, "10:00"),
    answers(1, ALICE, "approved", "10:20"),
    answers(1, ALICE, "commented", "10:30"),
    told("closed", ASKS, 1, OCTOCAT, "11:00", **ended("11:00")),
    # 2: alice is asked, not any more, and asked again; bob and the team of storage wait too.
    asks(2, "09:05", ALICE, (ALICE,)),
    asks(2, "09:06", BOB, (ALICE, BOB)),
    asks(2, "09:15", ALICE, (BOB,), taken_back=True),
    asks_team(2, "09:20", "storage", (BOB,)),
    told(
        "review_requested",
        ASKS,
        2,
        OCTOCAT,
        "09:30",
        requested_reviewer=ALICE,
        requested_reviewers=[BOB, ALICE],
        **STORAGE_LISTED,
    ),
    # 3: carol never answers; dave was not asked.
    asks(3, "09:20", CAROL, (CAROL,)),
    answers(3, DAVE, "approved", "10:00", requested_reviewers=[CAROL]),
    told("closed", ASKS, 3, OCTOCAT, "12:00", **ended("12:00")),
    # 4: a bot answers at once; the team of storage is answered by alice, asked again, and answered by bob.
    asks(4, "09:05", BOT, (BOT,)),
    answers(4, BOT, "commented", "09:06"),
    asks_team(4, "09:10", "sig-storage"),
    answers(4, ALICE, "commented", "09:50"),
    asks_team(4, "10:00", "storage"),
    answers(4, BOB, "approved", "10:05"),
    # 5: that dave was asked was missed, but he is listed. 6: that erin is not any more was missed, but she is not.
    told("edited", ASKS, 5, OCTOCAT, "10:00", requested_reviewers=[DAVE]),
    asks(6, "09:30", ERIN, (ERIN,)),
    told("edited", ASKS, 6, OCTOCAT, "10:00"),
]

# ── Team dynamics ─────────────────────────────────────────────────────────────────────────────────────────────────

APPROVED = labels("approved-alice")
DYNAMICAL: list[Told] = [
    told("opened", DYNAMIC, 1, ALICE, "09:00"),
    review(DYNAMIC, 1, ALICE, BOB, "commented", "10:00"),
    review(DYNAMIC, 1, ALICE, BOB, "approved", "12:00"),
    review(DYNAMIC, 1, ALICE, CAROL, "approved", "04 10:00"),
    told("closed", DYNAMIC, 1, ALICE, "04 11:00", **ended("04 11:00")),
    # Reviewed as a draft, ready an hour later, and approved again after it was merged.
    told("opened", DYNAMIC, 2, ALICE, "09:00", draft=True),
    review(DYNAMIC, 2, ALICE, BOB, "approved", "09:30", draft=True),
    told("ready_for_review", DYNAMIC, 2, ALICE, "10:00"),
    review(DYNAMIC, 2, ALICE, BOB, "approved", "13:00"),
    told("closed", DYNAMIC, 2, ALICE, "14:00", **ended("14:00")),
    review(DYNAMIC, 2, ALICE, CAROL, "approved", "03 10:00", **ended("14:00")),
    # Approved by label.
    told("opened", DYNAMIC, 3, BOB, "09:00"),
    told("labeled", DYNAMIC, 3, BOB, "03 10:00", label={"name": "approved-alice"}, **APPROVED),
    # A draft; one that only a bot has approved; one that was closed.
    told("opened", DYNAMIC, 4, CAROL, "09:00", draft=True),
    told("opened", DYNAMIC, 5, CAROL, "09:00"),
    review(DYNAMIC, 5, CAROL, BOT, "approved", "09:01"),
    told("opened", DYNAMIC, 6, DAVE, "09:00"),
    told("closed", DYNAMIC, 6, DAVE, "20:00", **ended("20:00", merged=False)),
    # The same number in another repository.
    told("opened", OTHER, 1, ALICE, "09:00"),
    review(OTHER, 1, ALICE, BOB, "commented", "11:00"),
]


def history() -> list[Delivery]:
    told = ACROSS + ASKED + DYNAMICAL
    return [delivery(of, "03-10T12:00", kind, body) for of, (kind, body) in enumerate(told, start=1)]


@pytest.fixture(scope="module")
def teams_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teams") / "teams.yaml"
    path.write_text(TEAMS)
    return path


@pytest.fixture(scope="module")
def api(server: str, template: str, teams_file: Path) -> Iterator[Service]:
    """Delivered in the order opposite to that in which it happened."""
    with clone(server, template) as database:
        last = fill(database, history()[::-1])
        with running(database, METRICS_TEAMS_FILE=str(teams_file)) as service:
            service.get(REVIEWERS, min_position=last)
            yield service


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def page(total: int, page_size: int) -> dict[str, Any]:
    pages = 1 if total else 0
    shape = {"total_pages": pages, "has_next": False, "has_prev": False}
    return {"total": total, "page": 1, "page_size": page_size, **shape}


def statistics(count: int, *values: float | None) -> dict[str, Any]:
    """median, p75, p90, mean"""
    return dict(zip(("count", "median", "p75", "p90", "mean"), (count, *(values or (None,) * 4)), strict=True))


# ── Maintainers ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_maintainers_are_those_of_the_file_by_present_names(api: Service) -> None:
    """carol maintains a team of all repositories, and octo/tools has none of these."""
    assert api.get(MAINTAINERS) == {
        "maintainers": {"octo/tools": ["erin", "grace"]},
        "all_maintainers": ["carol", "erin", "grace"],
        "teams": [
            {"team": "storage", "repository": None, "members": ["Alice", "bob"], "maintainers": []},
            {"team": "sig-network", "repository": None, "members": ["bob", "carol", "eve"], "maintainers": ["carol"]},
            {"team": "docs", "repository": "octo/old-tools", "members": ["alice"], "maintainers": []},
        ],
        "teams_file": {"state": "ok", "fault": None},
    }


def test_maintainers_of_the_repositories_that_are_asked_for(api: Service) -> None:
    asked = api.get(MAINTAINERS, repositories=["OCTO/hello", "octo/tools", "octo/nowhere\x00"])
    assert asked["maintainers"] == {
        "octo/hello": ["carol", "erin"],
        "octo/nowhere\ufffd": ["carol", "erin"],
        "octo/tools": ["erin", "grace"],
    }
    assert rows(api.client.get(MAINTAINERS, params={"format": "csv"}).text) == [
        {"repository": "octo/tools", "login": "erin"},
        {"repository": "octo/tools", "login": "grace"},
    ]


# ── Cross-team reviews ────────────────────────────────────────────────────────────────────────────────────────────


def across(number: int, reviewer: str, team: str, of: str, state: str, clock: str, **more: Any) -> dict[str, Any]:
    return {
        "pr_number": number,
        "repository": "octo/hello",
        "reviewer": reviewer,
        "reviewer_team": team,
        "reviewer_teams": [team],
        "pr_team": of,
        "pr_teams": [of],
        "pr_sig_label": None,
        "review_type": state,
        "created_at": at(clock),
        **more,
    }


OF_TOOLS = {"repository": "octo/tools", "pr_sig_label": "sig-storage"}
LISTED = [
    across(2, "alice", "docs", "storage", "approved", "12:10", **OF_TOOLS),
    across(5, "alice", "storage", "sig-kernel", "commented", "11:50", pr_sig_label="SIG-Kernel"),
    across(2, "eve", "sig-network", "storage", "changes_requested", "11:00"),
    across(1, "eve", "sig-network", "storage", "approved", "10:30", pr_sig_label="sig-storage"),
]
HERE = ["octo/hello", "octo/tools"]


def test_reviews_across_teams(api: Service) -> None:
    assert api.get(CROSS, repositories=HERE) == {
        "time_range": {"start_time": None, "end_time": None},
        "data": LISTED,
        "summary": {
            "total_cross_team_reviews": 4,
            "total_reviews": 9,
            "reviews_without_team": 3,
            "by_reviewer_team": {"docs": 1, "sig-network": 2, "storage": 1},
            "by_pr_team": {"sig-kernel": 1, "storage": 3},
            "by_teams": [
                {"reviewer_team": reviewers, "pr_team": of, "reviews": reviews}
                for reviewers, of, reviews in [
                    ("docs", "storage", 1),
                    ("sig-network", "sig-network", 1),
                    ("sig-network", "storage", 2),
                    ("storage", "sig-kernel", 1),
                    ("storage", "storage", 4),
                ]
            ],
        },
        "pagination": page(4, 25),
        "teams_file": {"state": "ok", "fault": None},
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"reviewer_team": "network"}, [2, 3]),
        ({"reviewer_team": "SIG-Network"}, [2, 3]),
        ({"reviewer_team": "network\x00"}, []),
        ({"reviewer_team": "' OR true --"}, []),
        ({"pr_team": "sig-storage"}, [0, 2, 3]),
        ({"pr_team": "kernel"}, [1]),
        ({"pr_team": "storage", "reviewer_team": "docs"}, [0]),
        ({"users": "ALICE"}, [0, 1]),
        ({"exclude_users": "alice"}, [2, 3]),
        ({"repositories": "octo/old-tools"}, [0]),
        ({"start_time": at("10:30"), "end_time": at("11:50")}, [2, 3]),
        ({"actors": "bot"}, []),
    ],
)
def test_those_that_are_asked_for(api: Service, parameters: dict[str, Any], expected: list[int]) -> None:
    found = api.get(CROSS, **{"repositories": HERE} | parameters)
    assert found["data"] == [LISTED[index] for index in expected]
    assert found["pagination"]["total"] == found["summary"]["total_cross_team_reviews"] == len(expected)
    of_teams = (sum(found["summary"][by].values()) for by in ("by_reviewer_team", "by_pr_team"))
    assert list(of_teams) == [len(expected)] * 2


def test_a_bots_review_is_of_no_team(api: Service) -> None:
    found = api.get(CROSS, repositories=HERE, actors="bot")["summary"]
    assert (found["total_reviews"], found["reviews_without_team"]) == (0, 1)


def test_pages_and_csv_of_reviews_across_teams(api: Service) -> None:
    pages = [api.client.get(CROSS, params={"repositories": HERE, "page_size": 3, "page": of}) for of in (1, 2, 3)]
    assert [len(answer.json()["data"]) for answer in pages] == [3, 1, 0]
    assert [one for answer in pages for one in answer.json()["data"]] == LISTED
    assert {answer.json()["pagination"]["total"] for answer in pages} == {4}
    assert links(pages[0]).keys() == {"first", "next", "last"}
    listed = rows(api.client.get(CROSS, params={"repositories": HERE, "format": "csv"}).text)
    assert [row["reviewer_team"] for row in listed] == ["docs", "storage", "sig-network", "sig-network"]


def test_contributors_count_the_same_reviews_across_teams(api: Service) -> None:
    """Null for who is of no team where they reviewed: dave, and carol in octo/tools."""
    found = api.get(CONTRIBUTORS, repositories=HERE)["pr_reviewers"]["data"]
    assert {one["user"]: one["cross_team_reviews"] for one in found} == {
        "alice": 2,
        "bob": 0,
        "carol": None,
        "dave": None,
        "eve": 2,
    }


# ── Reviewers ─────────────────────────────────────────────────────────────────────────────────────────────────────


def load(
    reviewer: str,
    now: int,
    asked: tuple[int, int, int, int],
    waits: dict[str, Any],
    did: tuple[int, int, int],
    *each: Any,
) -> dict[str, Any]:
    """`asked`: answered, pending, withdrawn, unanswered; `did`: reviews, pull requests, rounds; `each`: of these."""
    return {
        "reviewer": reviewer,
        "open_requests": now,
        "requests": sum(asked),
        **dict(zip(("answered", "pending", "withdrawn", "unanswered"), asked, strict=True)),
        "response_time": waits,
        **dict(zip(("reviews", "prs_reviewed", "rounds"), did, strict=True)),
        "rounds_per_pr": statistics(did[1], *each),
    }


NONE = statistics(0)


def test_reviewers_by_what_is_asked_of_them_now(api: Service) -> None:
    found = api.get(REVIEWERS, repositories="octo/asks")
    assert found["data"] == [
        load("alice", 1, (1, 1, 1, 0), statistics(1, *[1800.0] * 4), (4, 2, 2), 1.0, 1.5, 1.8, 1.0),
        load("bob", 1, (0, 1, 0, 0), NONE, (1, 1, 0), *[0.0] * 4),
        load("dave", 1, (0, 0, 0, 0), NONE, (1, 1, 0), *[0.0] * 4),
        load("carol", 0, (0, 0, 0, 1), NONE, (0, 0, 0)),
        load("erin", 0, (0, 0, 1, 0), NONE, (0, 0, 0)),
    ]
    assert found["summary"] == {
        "reviewers": 5,
        "open_requests": 3,
        "requests": 6,
        "answered": 1,
        "pending": 2,
        "withdrawn": 2,
        "unanswered": 1,
        "response_time": statistics(1, *[1800.0] * 4),
        "reviews": 6,
        "review_gini": 0.6,
        "review_rounds": statistics(3, 0.0, 1.0, 1.6, 0.7),
    }
    assert (found["kind"], found["pagination"]) == ("user", page(5, 10))


def test_a_bot_that_reviews_is_apart(api: Service) -> None:
    (found,) = api.get(REVIEWERS, repositories="octo/asks", actors="bot")["data"]
    assert found == load("ci[bot]", 0, (1, 0, 0, 0), statistics(1, *[60.0] * 4), (1, 1, 1), *[1.0] * 4)
    everyone = api.get(REVIEWERS, repositories="octo/asks", actors="all")
    assert (everyone["summary"]["reviewers"], everyone["summary"]["reviews"]) == (6, 7)


def test_a_request_to_a_team_is_answered_by_any_member(api: Service) -> None:
    found = api.get(REVIEWERS, repositories="octo/asks", kind="team")
    assert found["data"] == [
        load("storage", 1, (2, 1, 0, 0), statistics(2, 1350.0, 1875.0, 2190.0, 1350.0), (5, 2, 3), 1.5, 1.8, 1.9, 1.5),
        load("sig-network", 0, (0, 0, 0, 0), NONE, (1, 1, 0), *[0.0] * 4),
    ]
    assert (found["summary"]["review_gini"], found["summary"]["pending"]) == (0.333, 1)
    for name in ("users", "exclude_users"):
        problem(api.client.get(REVIEWERS, params={"kind": "team", name: "alice"}), 400, "bad_parameter")


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (["alice"], None),
        (["alice", "carol"], 0.5),
        (["bob", "dave"], 0.0),
        (["carol", "erin"], None),
        (["alice", "bob", "carol"], 0.533),
        (["nobody"], None),
    ],
)
def test_gini_is_null_of_one_and_of_nothing(api: Service, people: list[str], expected: float | None) -> None:
    """[4], [0, 4], [1, 1], [0, 0], [0, 1, 4]"""
    assert api.get(REVIEWERS, repositories="octo/asks", users=people)["summary"]["review_gini"] == expected


@pytest.mark.parametrize("kind", ["user", "team"])
@pytest.mark.parametrize("clock", ["09:10", "09:40", "10:00", "10:05", "10:21"])
def test_two_windows_that_meet_add_up(api: Service, clock: str, kind: str) -> None:
    def counts(**window: str) -> dict[str, int]:
        found = api.get(REVIEWERS, repositories="octo/asks", kind=kind, **window)
        names = ("requests", "answered", "pending", "withdrawn", "unanswered", "reviews")
        assert {name: sum(one[name] for one in found["data"]) for name in names} == {
            name: found["summary"][name] for name in names
        }
        return {
            **{name: found["summary"][name] for name in names},
            "rounds": sum(one["rounds"] for one in found["data"]),
        }

    earlier, later, whole = counts(end_time=at(clock)), counts(start_time=at(clock)), counts()
    assert {name: earlier[name] + later[name] for name in whole} == whole


def test_what_is_asked_now_does_not_depend_on_the_window(api: Service) -> None:
    found = api.get(REVIEWERS, repositories="octo/asks", start_time=at("20:00"))
    assert [(one["reviewer"], one["open_requests"], one["requests"]) for one in found["data"]] == [
        ("alice", 1, 0),
        ("bob", 1, 0),
        ("dave", 1, 0),
    ]


def test_pages_and_csv_of_reviewers(api: Service) -> None:
    asked = {"repositories": "octo/asks", "page_size": 2}
    pages = [api.get(REVIEWERS, **asked, page=of) for of in (1, 2, 3, 4)]
    assert [one["reviewer"] for found in pages for one in found["data"]] == ["alice", "bob", "dave", "carol", "erin"]
    assert {found["pagination"]["total"] for found in pages} == {5}
    listed = rows(api.client.get(REVIEWERS, params={**asked, "format": "csv"}).text)
    assert list(listed[0])[:2] == ["reviewer", "open_requests"]
    assert [(row["reviewer"], row["response_time_median"]) for row in listed][:2] == [("alice", "1800.0"), ("bob", "")]


# ── Team dynamics ─────────────────────────────────────────────────────────────────────────────────────────────────

THERE = {"repositories": ["octo/dynamic", "octo/other"]}


def hours(name: str, count: int, *values: float) -> dict[str, Any]:
    """avg, median, p75, p90"""
    names = [f"{of}_{name}" for of in ("avg", "median", "p75", "p90")]
    return dict(zip(names, values or (None,) * 4, strict=True)) | {f"{name}_count": count}


def did(login: str, created: int, reviewed: int, approved: int, wip: int = 1) -> dict[str, Any]:
    counts = {"prs_created": created, "prs_reviewed": reviewed, "prs_approved": approved, "wip": wip}
    return {"user": login, **counts}


def test_the_workload_is_counted_by_pull_request_and_repository(api: Service) -> None:
    assert api.get(DYNAMICS, **THERE)["workload"] == {
        "summary": {
            "total_contributors": 4,
            **hours("prs_per_contributor", 4, 1.8, 1.5, 2.2, 2.7),
            "top_contributor": {"user": "alice", "total_prs": 3},
            "workload_gini": 0.25,
        },
        "by_contributor": [
            did("alice", 3, 0, 1),
            did("carol", 2, 2, 2),
            did("bob", 1, 3, 2),
            did("dave", 1, 0, 0, wip=0),
        ],
        "pagination": page(4, 25),
    }


def speed(login: str, reviews: int, count: int, *values: float, low: bool) -> dict[str, Any]:
    """`values`: avg, median, p75, p90."""
    sample = {"total_reviews": reviews, "review_time_hours_count": count, "low_sample_size": low}
    names = ("avg_hours", "median_hours", "p75_hours", "p90_hours")
    return {"user": login, **dict(zip(names, values, strict=True)), **sample}


def test_review_time_is_from_ready_to_each_ones_first_review(api: Service) -> None:
    assert api.get(DYNAMICS, **THERE)["review_efficiency"] == {
        "summary": {
            **hours("review_time_hours", 4, 13.8, 2.5, 14.5, 35.2),
            "fastest_reviewer": speed("bob", 4, 3, 2.0, 2.0, 2.5, 2.8, low=True),
            "slowest_reviewer": speed("bob", 4, 3, 2.0, 2.0, 2.5, 2.8, low=True),
            "min_reviews_threshold": 5,
        },
        "by_reviewer": [
            {"user": "bob", "total_reviews": 4, **hours("review_time_hours", 3, 2.0, 2.0, 2.5, 2.8)},
            {"user": "carol", "total_reviews": 1, **hours("review_time_hours", 1, *[49.0] * 4)},
        ],
        "pagination": page(2, 25),
    }


@pytest.mark.parametrize(("least", "slowest", "low"), [(1, "carol", False), (2, "bob", False), (4, "bob", True)])
def test_the_fastest_and_the_slowest_have_reviewed_enough(api: Service, least: int, slowest: str, low: bool) -> None:
    found = api.get(DYNAMICS, **THERE, min_reviews=least)["review_efficiency"]["summary"]
    extremes = [found[name] for name in ("fastest_reviewer", "slowest_reviewer")]
    assert [(one["user"], one["low_sample_size"]) for one in extremes] == [("bob", low), (slowest, low)]


def approver(login: str, count: int, of: float) -> dict[str, Any]:
    return {"approver": login, "total_approvals": count, **hours("approval_hours", count, *[of] * 4)}


def test_approvals_that_take_more_than_a_day_or_two_are_alerts(api: Service) -> None:
    assert api.get(DYNAMICS, **THERE)["bottlenecks"] == {
        "summary": {**hours("approval_hours", 4, 20.0, 14.0, 31.0, 41.8), "pending_count": 2},
        "alerts": [
            {**approver("carol", 1, 49.0), "severity": "critical", "team_pending_count": 2},
            {**approver("alice", 1, 25.0), "severity": "warning", "team_pending_count": 2},
        ],
        "alerts_pagination": page(2, 25),
        "by_approver": [approver("bob", 2, 3.0), approver("alice", 1, 25.0), approver("carol", 1, 49.0)],
        "pagination": page(3, 25),
    }


def test_what_nobody_has_approved_is_everyones(api: Service) -> None:
    """octo/dynamic#5, which a bot has approved, and octo/other#1; drafts and closed ones do not wait."""

    def pending(**asked: Any) -> int:
        count: int = api.get(DYNAMICS, **THERE | asked)["bottlenecks"]["summary"]["pending_count"]
        return count

    assert pending(actors="all") == 1
    assert pending(users="carol", start_time="2026-03-09") == 2
    assert pending(repositories="octo/other") == 1


def test_every_list_of_dynamics_has_pages_and_a_total_of_its_own(api: Service) -> None:
    pages = [api.get(DYNAMICS, **THERE, page_size=1, page=of) for of in (1, 2, 3, 4, 5)]

    def told(section: str, name: str, key: str) -> list[str]:
        return [one[key] for found in pages for one in found[section][name]]

    assert told("workload", "by_contributor", "user") == ["alice", "carol", "bob", "dave"]
    assert told("review_efficiency", "by_reviewer", "user") == ["bob", "carol"]
    assert told("bottlenecks", "by_approver", "approver") == ["bob", "alice", "carol"]
    assert told("bottlenecks", "alerts", "approver") == ["carol", "alice"]
    last = pages[-1]
    sections = [last["workload"], last["review_efficiency"], last["bottlenecks"]]
    assert [section["pagination"]["total"] for section in sections] == [4, 2, 3]
    assert last["bottlenecks"]["alerts_pagination"]["total"] == 2
    assert last["workload"]["summary"] == pages[0]["workload"]["summary"]
    for name, first in (("workload", "alice"), ("review_efficiency", "bob"), ("bottlenecks", "bob")):
        listed = rows(api.client.get(DYNAMICS, params={**THERE, "list": name, "format": "csv"}).text)
        assert next(iter(listed[0].values())) == first
        assert len(listed) == {"workload": 4, "review_efficiency": 2, "bottlenecks": 3}[name]


def test_alerts_are_a_list_like_the_others(api: Service) -> None:
    asked = {**THERE, "list": "alerts"}
    assert [one["approver"] for one in rows(api.client.get(DYNAMICS, params={**asked, "format": "csv"}).text)] == [
        "carol",
        "alice",
    ]
    (first, second) = (
        api.get(DYNAMICS, **asked, sort="approver", page_size=1, page=of)["bottlenecks"] for of in (1, 2)
    )
    assert [one["approver"] for one in first["alerts"] + second["alerts"]] == ["alice", "carol"]
    assert first["by_approver"] == [approver("bob", 2, 3.0)], "the other lists keep their order"
    (told, _) = rows(api.client.get(DYNAMICS, params={**asked, "sort": "-total_approvals", "format": "csv"}).text)
    assert (told["severity"], told["team_pending_count"]) == ("critical", "2")


def test_dynamics_of_a_window_and_of_some_people(api: Service) -> None:
    """From 09:30 on only octo/dynamic#2 became ready."""
    late = api.get(DYNAMICS, **THERE, start_time=at("09:30"), end_time=at("10:01"))
    assert late["review_efficiency"]["by_reviewer"] == [
        {"user": "bob", "total_reviews": 1, **hours("review_time_hours", 1, *[3.0] * 4)}
    ]
    assert late["workload"]["by_contributor"] == [did("bob", 0, 2, 1)]
    assert late["workload"]["summary"] == {
        "total_contributors": 1,
        **hours("prs_per_contributor", 0),
        "top_contributor": None,
        "workload_gini": None,
    }
    some = api.get(DYNAMICS, **THERE, users=["BOB", "carol"], exclude_users="carol")
    assert some["workload"]["by_contributor"] == [did("bob", 1, 3, 2)]
    assert [one["approver"] for one in some["bottlenecks"]["by_approver"]] == ["bob"]


# ── Whatever the file ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "parameters", "named"),
    [
        (CROSS, {"reviewer_team": "x" * 201}, "reviewer_team"),
        (CROSS, {"page": 2**63}, "page"),
        (REVIEWERS, {"kind": "cats"}, "kind"),
        (DYNAMICS, {"min_reviews": 0}, "min_reviews"),
        (DYNAMICS, {"list": "cats", "format": "csv"}, "list"),
        (MAINTAINERS, {"repositories": ["a/b"] * 501}, "repositories"),
    ],
)
def test_parameters_out_of_bounds_are_named(api: Service, path: str, parameters: dict[str, Any], named: str) -> None:
    (fault,) = problem(api.client.get(path, params=parameters), 422, "invalid_parameter")
    assert fault["loc"] == ["query", named]


def test_answers_follow_the_file_and_tell_when_it_cannot_be_used(
    api: Service, teams_file: Path, server: str, template: str
) -> None:
    """Until it is looked at again, within a second, an answer may be that of before."""
    tagged = api.client.get(CROSS, params={"repositories": HERE})
    assert (
        api.client.get(
            CROSS, params={"repositories": HERE}, headers={"If-None-Match": tagged.headers["ETag"]}
        ).status_code
        == 304
    )
    assert api.get("/health")["teams_file"] == "ok"
    try:
        teams_file.write_text("teams: [")
        until(lambda: api.get("/health")["teams_file"] == "bad")
        found = api.client.get(CROSS, params={"repositories": HERE})
        assert found.headers["ETag"] != tagged.headers["ETag"]
        assert found.json()["data"] == LISTED
        assert found.json()["teams_file"]["state"] == api.get("/health")["teams_file"] == "bad"
        assert "line 1" in found.json()["teams_file"]["fault"]
        teams_file.write_text("teams: {everyone: [alice, bob, carol, eve]}")
        until(lambda: api.get("/health")["teams_file"] == "ok")
        assert [one["pr_team"] for one in api.get(CROSS, repositories="octo/hello")["data"]] == [
            "sig-kernel",
            "sig-storage",
            "sig-storage",
            "sig-storage",
        ]
    finally:
        teams_file.write_text(TEAMS)
        until(lambda: len(api.get(MAINTAINERS)["teams"]) > 1)
    assert api.get(CROSS, repositories=HERE)["data"] == LISTED


def test_without_a_file_nothing_is_known_of_teams(database: str) -> None:
    last = fill(database, history())
    with running(database) as service:
        found = service.get(CROSS, min_position=last)
        assert (found["data"], found["teams_file"]) == ([], {"state": "none", "fault": None})
        assert found["summary"] == {
            "total_cross_team_reviews": None,
            "total_reviews": None,
            "reviews_without_team": 25,
            "by_reviewer_team": {},
            "by_pr_team": {},
            "by_teams": [],
        }
        reviewers = service.get(CONTRIBUTORS)["pr_reviewers"]["data"]
        assert {one["cross_team_reviews"] for one in reviewers} == {None}
        assert service.get(MAINTAINERS)["maintainers"] == {}
        assert service.get("/health")["teams_file"] == "none"
        teams = service.get(REVIEWERS, kind="team", repositories="octo/asks")["data"]
        assert [(one["reviewer"], one["requests"], one["answered"]) for one in teams] == [("sig-storage", 3, 0)]


@pytest.mark.parametrize("kind", ["user", "team"])
def test_a_window_is_found_by_index(connection: psycopg.Connection[Any], kind: Kind) -> None:
    """Requests by their time, and pushes without the rest of the timeline."""
    schemas = "SELECT set_config('search_path', string_agg(schema_name, ','), false) FROM projection_generations"
    connection.execute(schemas)
    connection.execute("SET enable_seqscan = off")
    asked = People(start=datetime(2026, 3, 2, tzinfo=UTC), end=datetime(2026, 3, 9, tzinfo=UTC))
    none = {"team_members": Jsonb({}), "team_repositories": [], "team_prefix": "sig-"}
    query = reviewers(asked, kind).whole(arguments(asked, none, kind))
    plan = connection.execute(sql.SQL("EXPLAIN ") + query.select, query.arguments).fetchall()
    told = " ".join(line for (line,) in plan)
    for index in ("review_requests_at", "pr_events_pushed", "pr_reviews_submitted"):
        assert index in told
