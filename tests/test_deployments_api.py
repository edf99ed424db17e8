"""GET /api/metrics/deployments, on one day of two repositories, counted by hand from docs/metrics.md, "Deployments"."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from projections.queries.deployment_queries import PROXIES, pattern
from tests.deliveries import told_backwards
from tests.events import REPOSITORY, at, moment, payload, pull_request, user
from tests.service import Service, running

DEPLOYMENTS = "/api/metrics/deployments"
DAY = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
HELLO = {"id": 7, "full_name": "octo/hello"}
TOOLS = {"id": 8, "full_name": "octo/tools"}
OCTOCAT, ROBOT = user("octocat", 5), user("deployer[bot]", 10, "Bot")
Told = tuple[str, dict[str, Any]]


def merged(number: int, opened: str, clock: str, sha: str, base: str = "main", repository: Any = HELLO) -> Told:
    ended = {"state": "closed", "closed_at": at(clock), "merged_at": at(clock), "created_at": at(opened)}
    commits = {
        "merge_commit_sha": sha * 40,
        "head": {"ref": "change", "sha": f"{number}{repository['id']}" * 20, "repo": {"id": REPOSITORY}},
        "base": {"ref": base, "sha": "b" * 40, "repo": {"id": REPOSITORY}},
    }
    return "pull_request", payload(
        "closed", pull_request=pull_request(number, updated=clock, **ended, **commits), repository=repository
    )


def push(clock: str, branch: str, *commits: tuple[str, str]) -> Told:
    """Commits as (sha, committed at); the last is the head that it leaves."""
    told = [{"id": sha, "timestamp": at(committed)} for sha, committed in commits]
    repository = {**HELLO, "pushed_at": int(moment(clock).timestamp())}
    after = {"after": told[-1]["id"], "head_commit": told[-1]}
    return "push", payload(ref=f"refs/heads/{branch}", commits=told, repository=repository, **after)


def deployed(
    number: int,
    sha: str,
    *statuses: tuple[str, str],
    environment: str = "Production",
    creator: Any = OCTOCAT,
    repository: Any = HELLO,
) -> Iterator[Told]:
    """A deployment and its statuses as (state, at)."""
    about = {"id": number, "sha": sha * 40, "ref": "main", "environment": environment, "creator": creator}
    for place, (state, clock) in enumerate(statuses):
        told = {**about, "created_at": at(statuses[0][1]), "updated_at": at(clock)}
        status = {"id": 10 * number + place, "state": state, "environment": environment, "created_at": at(clock)}
        yield "deployment_status", payload("created", deployment=told, deployment_status=status, repository=repository)


TOLD: list[Told] = [
    push("08:00", "main", ("0" * 40, "07:59")),
    # #1 was begun at 08:30, half an hour before it was opened; the push of its merge was seen.
    push("08:55", "change", ("d" * 40, "08:30"), ("17" * 20, "08:50")),
    merged(1, "09:00", "10:00", "1"),
    push("10:00:01", "main", ("1" * 40, "10:00")),
    # Of #2 no commit was seen before its merge, of #3 not even that.
    merged(2, "09:30", "10:30", "2"),
    push("10:30", "main", ("2" * 40, "10:30")),
    merged(3, "11:00", "11:30", "3"),
    # Merged into another branch; and not deployed yet.
    merged(4, "11:00", "11:10", "4", base="feature"),
    merged(5, "13:00", "13:30", "5"),
    # What the first deployment holds beside its own commit is not known.
    *deployed(1, "0", ("in_progress", "08:29"), ("success", "08:30")),
    # Fails; #1 comes with the next, together with #2.
    *deployed(2, "1", ("failure", "10:12")),
    *deployed(3, "2", ("in_progress", "10:40"), ("success", "10:45"), ("inactive", "11:41")),
    # Deploys #3, is rolled back, and rolled out again.
    *deployed(4, "3", ("success", "11:40")),
    *deployed(5, "2", ("success", "11:55")),
    *deployed(6, "3", ("success", "12:30")),
    # Another environment of production, by a bot: #3 is there already.
    *deployed(7, "3", ("success", "12:40"), environment="prod-eu", creator=ROBOT),
    # Nobody saw this commit pushed.
    *deployed(8, "f", ("success", "13:00")),
    # Not mended yet; and not finished.
    *deployed(9, "e", ("error", "13:20")),
    *deployed(10, "5", ("in_progress", "13:40")),
    # No production.
    *deployed(11, "5", ("failure", "13:45"), environment="staging"),
    *deployed(12, "5", ("success", "13:50"), environment="pre-prod"),
    *deployed(13, "5", ("success", "13:55"), environment="production2"),
    # Another repository: a deployment that failed at first, of the merge commit of #2. That of #1 may be older.
    merged(1, "06:00", "07:30", "6", repository=TOOLS),
    merged(2, "07:00", "08:00", "7", repository=TOOLS),
    *deployed(20, "7", ("failure", "09:00"), ("success", "09:10"), environment="prod", repository=TOOLS),
]


def statistics(count: int, median: float, p75: float, p90: float, mean: float) -> dict[str, Any]:
    return {"count": count, "median": median, "p75": p75, "p90": p90, "mean": mean}


NOTHING = {"count": 0, "median": None, "p75": None, "p90": None, "mean": None}
OF_HELLO = {
    "bucket": None,
    "repository": "octo/hello",
    # 1, 3, 4, 5, 6, 7 and 8.
    "deployments": 7,
    "deployment_frequency": 7.0,
    "unattributed": 1,
    # #3 from 11:00 to 11:40, #2 from 09:30 to 10:45, #1 from 08:30 to 10:45.
    "change_lead_time": statistics(3, 4500.0, 6300.0, 7380.0, 5000.0) | {"basis": {"first_commit": 1, "opened_at": 2}},
    # Those and 2 and 9, of which 2, 4 and 9 failed.
    "finished": 9,
    "failed": 3,
    "rolled_back": 1,
    "change_fail_rate": 33.33,
    # From 10:12 to 10:45, and from 11:40 to 11:55.
    "failed_deployment_recovery_time": statistics(2, 1440.0, 1710.0, 1872.0, 1440.0) | {"open_count": 1},
    # 3 and 5.
    "reworks": 2,
    "deployment_rework_rate": 22.22,
}
OF_TOOLS = {
    "bucket": None,
    "repository": "octo/tools",
    "deployments": 1,
    "deployment_frequency": 1.0,
    "unattributed": 0,
    "change_lead_time": statistics(1, 7800.0, 7800.0, 7800.0, 7800.0) | {"basis": {"first_commit": 0, "opened_at": 1}},
    "finished": 1,
    "failed": 1,
    "rolled_back": 0,
    "change_fail_rate": 100.0,
    "failed_deployment_recovery_time": statistics(1, 600.0, 600.0, 600.0, 600.0) | {"open_count": 0},
    "reworks": 0,
    "deployment_rework_rate": 0.0,
}


@pytest.fixture(scope="module")
def database(server: str, template: str) -> Iterator[tuple[str, int]]:
    with told_backwards(server, template, TOLD) as told:
        yield told


@pytest.fixture(scope="module")
def api(database: tuple[str, int]) -> Iterator[Service]:
    with running(database[0]) as service:
        service.get(DEPLOYMENTS, min_position=database[1])
        yield service


def test_the_five_keys_of_each_repository(api: Service) -> None:
    found = api.get(DEPLOYMENTS, **DAY)
    assert found["data"] == [OF_HELLO, OF_TOOLS]
    assert found["pagination"]["total"] == 2
    assert found["environments"] == ["production", "prod"]
    assert found["proxies"] == PROXIES
    assert list(PROXIES) == [
        "deployment_frequency",
        "change_lead_time",
        "change_fail_rate",
        "failed_deployment_recovery_time",
        "deployment_rework_rate",
    ]


def test_of_all_repositories_together(api: Service) -> None:
    (found,) = api.get(DEPLOYMENTS, **DAY, group="all")["data"]
    counts = ("deployments", "finished", "failed", "rolled_back", "reworks", "unattributed")
    assert {name: found[name] for name in counts} == {name: OF_HELLO[name] + OF_TOOLS[name] for name in counts}
    assert (found["repository"], found["change_fail_rate"], found["deployment_frequency"]) == (None, 40.0, 8.0)
    # 2400, 4500, 7800 and 8100; 600, 900 and 1980.
    assert found["change_lead_time"]["median"] == 6150.0
    assert found["failed_deployment_recovery_time"]["median"] == 900.0


def test_without_deployments_nothing_is_known(api: Service) -> None:
    assert api.get(DEPLOYMENTS, repositories="octo/nothing")["data"] == []
    for parameters in ({"repositories": "octo/nothing"}, {"end_time": "2020-01-01", "start_time": "2019-01-01"}):
        (found,) = api.get(DEPLOYMENTS, group="all", **parameters)["data"]
        assert found == {
            **dict.fromkeys(("deployments", "unattributed", "finished", "failed", "rolled_back", "reworks"), 0),
            **dict.fromkeys(("bucket", "repository", "change_fail_rate", "deployment_rework_rate"), None),
            "deployment_frequency": None if "end_time" not in parameters else 0.0,
            "change_lead_time": NOTHING | {"basis": {"first_commit": 0, "opened_at": 0}},
            "failed_deployment_recovery_time": NOTHING | {"open_count": 0},
        }


def test_every_hour_of_a_window_empty_ones_too(api: Service) -> None:
    window = {"start_time": at("08:15"), "end_time": at("12:00"), "bucket": "hour", "repositories": "octo/hello"}
    found = api.get(DEPLOYMENTS, **window, tz="Europe/Prague")["data"]
    keys = ("deployments", "finished", "failed", "reworks")
    assert [(one["bucket"], *(one[key] for key in keys)) for one in found] == [
        ("2026-03-02T09:00:00+01:00", 1, 1, 0, 0),
        ("2026-03-02T10:00:00+01:00", 0, 0, 0, 0),
        ("2026-03-02T11:00:00+01:00", 1, 2, 1, 1),
        ("2026-03-02T12:00:00+01:00", 2, 2, 1, 1),
    ]
    # Three quarters of the first hour are in the window.
    assert [one["deployment_frequency"] for one in found] == [32.0, 0.0, 24.0, 48.0]
    assert [one["change_lead_time"]["count"] for one in found] == [0, 0, 2, 1]
    assert [one["failed_deployment_recovery_time"]["median"] for one in found] == [None, None, 1980.0, 900.0]
    assert [one["change_fail_rate"] for one in found] == [0.0, None, 50.0, 50.0]


@pytest.mark.parametrize("clock", ["08:30", "10:12", "10:45", "11:40", "11:55", "12:40", "13:20"])
def test_two_windows_that_meet_add_up(api: Service, clock: str) -> None:
    def counts(**window: str) -> dict[str, int]:
        (found,) = api.get(DEPLOYMENTS, **{**DAY, **window}, group="all")["data"]
        recovery = found["failed_deployment_recovery_time"]
        names = ("deployments", "finished", "failed", "rolled_back", "reworks", "unattributed")
        return {
            **{name: found[name] for name in names},
            "changes": found["change_lead_time"]["count"],
            "incidents": recovery["count"] + recovery["open_count"],
        }

    earlier, later, whole = counts(end_time=at(clock)), counts(start_time=at(clock)), counts()
    assert {name: earlier[name] + later[name] for name in whole} == whole
    assert (whole["changes"], whole["incidents"]) == (4, 4)


@pytest.mark.parametrize(
    ("parameters", "deployments", "changes"),
    [
        ({"users": "Deployer[bot]"}, 1, 0),
        ({"actors": "bot"}, 1, 0),
        ({"actors": "human"}, 7, 4),
        ({"exclude_users": "octocat"}, 1, 0),
        ({"users": "octocat", "repositories": ["octo/tools", "octo/nothing"]}, 1, 1),
    ],
)
def test_users_are_those_who_deployed(api: Service, parameters: dict[str, Any], deployments: int, changes: int) -> None:
    """What a deployment holds does not depend on who is asked for."""
    (found,) = api.get(DEPLOYMENTS, **DAY, **parameters, group="all")["data"]
    assert (found["deployments"], found["change_lead_time"]["count"]) == (deployments, changes)


def test_a_window_that_is_not_over_is_as_long_as_it_has_lasted(api: Service) -> None:
    """One without a start begins with the first deployment."""
    before = datetime.now(UTC)
    found = {one["repository"]: one["deployment_frequency"] for one in api.get(DEPLOYMENTS)["data"]}
    days = (before - moment("08:30")).total_seconds() / 86400
    assert found["octo/hello"] == pytest.approx(7 / days, abs=0.001)
    # From its first failure on; but one period is meant for all of them.
    assert found["octo/tools"] == pytest.approx(1 / days, abs=0.001)
    ahead = api.get(DEPLOYMENTS, start_time=at("08:30"), end_time="2126-01-01T00:00:00Z")["data"]
    assert ahead[0]["deployment_frequency"] == pytest.approx(7 / days, abs=0.001)


def test_the_whole_list_as_csv(api: Service) -> None:
    answer = api.client.get(DEPLOYMENTS, params={**DAY, "format": "csv"})
    header, *lines = answer.text.splitlines()
    assert header.startswith("bucket,repository,deployments,deployment_frequency,unattributed,change_lead_time_count,")
    assert [line.split(",")[1:4] for line in lines] == [["octo/hello", "7", "7.0"], ["octo/tools", "1", "1.0"]]


def test_which_environments_are_production_is_a_setting(database: tuple[str, int], api: Service) -> None:
    with running(database[0], projector=False, METRICS_PRODUCTION_ENVIRONMENTS="*-prod,stag?ng") as service:
        found = service.get(DEPLOYMENTS, **DAY)
    assert found["environments"] == ["*-prod", "stag?ng"]
    (one,) = found["data"]
    assert (one["deployments"], one["finished"], one["failed"]) == (1, 2, 1)


@pytest.mark.parametrize(
    ("setting", "names", "others"),
    [
        ("prod", ["prod", "Prod", "prod-eu", "prod_1", "prod (EU)", "prod/eu"], ["product", "pre-prod", "prod2", ""]),
        ("production", ["Production", "PRODUCTION.eu"], ["prod", "productions"]),
        ("*prod*", ["prod", "pre-prod", "product"], ["stage"]),
        ("live?", ["live1"], ["live", "live12"]),
        ("a.b", ["a.b"], ["axb"]),
    ],
)
def test_names_match_as_a_whole_or_with_more_behind_a_separator(
    setting: str, names: list[str], others: list[str]
) -> None:
    """In the database's regular expressions; Python knows no [:alnum:]."""
    expression = re.compile(pattern(setting).replace("[^[:alnum:]]", "[^A-Za-z0-9]"), re.IGNORECASE)
    assert [name for name in names if not expression.search(name)] == []
    assert [name for name in others if expression.search(name)] == []
