"""Law 12: the phases of every merged pull request sum to its cycle time, whatever was told of it, in any order."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from github_metrics.simulator import simulate
from projections.decode import decode
from tests.events import at, make_event, payload, pull_request, simple
from tests.service import clone
from tests.test_lifecycle import ALICE, CI, MONALISA, OCTOCAT, PHASES, Told, enter, lives, tell

Connection = psycopg.Connection[Any]
BOUNDED = settings(max_examples=40, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
BOUNDARIES = ("opened_at", "ready_boundary", "review_boundary", "approval_boundary", "merge_boundary")
RAW = ("ready_at", "first_review_at", "approved_at", "merged_at")


@pytest.fixture(scope="module")
def connection(server: str, template: str) -> Iterator[Connection]:
    with clone(server, template) as database, psycopg.connect(database, autocommit=True) as opened:
        opened.execute("SET timezone TO 'UTC'")
        yield opened


def assert_phases_sum(one: dict[str, Any]) -> None:
    """The law, of one pull request, with what follows from it."""
    boundaries = [one[name] for name in BOUNDARIES]
    lengths = [one[name] for name in PHASES]
    if one["merged_at"] is None:
        assert lengths == [None] * 4
        assert (one["cycle_time"], one["publish_to_merge"], one["clamped"]) == (None, None, False)
        assert not any(one[f"{name}_imputed"] for name in ("pickup", "review", "merge"))
        return
    assert boundaries == sorted(boundaries)
    assert lengths == [(after - before).total_seconds() for before, after in pairwise(boundaries)]
    assert min(lengths) >= 0
    assert sum(lengths) == one["cycle_time"]
    assert sum(lengths[1:]) == one["publish_to_merge"]
    if one["merged_at"] >= one["opened_at"]:
        assert one["cycle_time"] == (one["merged_at"] - one["opened_at"]).total_seconds()
    known = [(one[raw], one[used]) for raw, used in zip(RAW, BOUNDARIES[1:], strict=True) if one[raw] is not None]
    assert one["clamped"] is any(raw != used for raw, used in known)
    assert one["pickup_imputed"] is (one["first_review_at"] is None)
    assert one["review_imputed"] is one["merge_imputed"] is (None in (one["first_review_at"], one["approved_at"]))


# ── Made up: any telling of anything at any of a few times, so that they often meet ────────────────────────────────

CLOCK = st.integers(0, 9).map(lambda minute: f"09:0{minute}")
BY = st.sampled_from([OCTOCAT, MONALISA, ALICE, CI, None])
LABEL = st.sampled_from(["approved-alice", "approved-octocat", "approved-ci[bot]", "bug"])
STATE = st.sampled_from(["approved", "changes_requested", "commented", "dismissed"])


@st.composite
def tellings(draw: st.DrawFn, kinds: list[str], number: int) -> Told:
    clock, by = draw(CLOCK), draw(BY)
    fields = {"draft": draw(st.booleans()), "created_at": at("09:01"), "updated_at": at(clock)}
    match draw(st.sampled_from(kinds)):
        case "review":
            about = simple(pull_request(number, **fields))
            told = {"id": draw(st.integers(1, 99)), "user": by, "state": draw(STATE), "submitted_at": at(clock)}
            return "pull_request_review", payload("submitted", review=told, pull_request=about)
        case "comment":
            issue = {"number": number, "pull_request": {}, "updated_at": at(clock)}
            told = {"id": draw(st.integers(1, 99)), "user": by, "created_at": at(clock)}
            return "issue_comment", payload("created", comment=told, issue=issue)
        case "label":
            label = {"name": draw(LABEL)}
            about = pull_request(number, **fields, labels=[label])
            return "pull_request", payload("labeled", pull_request=about, label=label)
        case "closed":
            ended = {"state": "closed", "closed_at": at(clock), "merged_at": at(clock)}
            return "pull_request", payload("closed", pull_request=pull_request(number, **{**fields, **ended}))
        case action:
            return "pull_request", payload(action, pull_request=pull_request(number, **fields))


@st.composite
def histories(draw: st.DrawFn) -> list[Told]:
    """Of a few pull requests; most are opened and merged, and most of the rest is reviews."""
    middle = ["review", "review", "label", "comment", "ready_for_review", "converted_to_draft", "reopened"]
    told = []
    for number in range(1, 7):
        told += draw(st.lists(tellings(["opened"], number), max_size=1))
        told += draw(st.lists(tellings(middle, number), max_size=6))
        told += draw(st.lists(tellings(["closed"], number), max_size=2))
    return draw(st.permutations(told))


@BOUNDED
@given(told=histories())
def test_the_phases_of_every_merged_pull_request_sum_to_its_cycle_time(
    connection: Connection, told: list[Told]
) -> None:
    tell(connection, told)
    for one in lives(connection):
        assert_phases_sum(one)


# ── Simulated: a year of an organisation in small ──────────────────────────────────────────────────────────────────


def simulated(seed: int) -> Iterable[tuple[str, bytes, int]]:
    for delivery in simulate(seed=seed, until=datetime(2026, 9, 1, tzinfo=UTC), days=60, pull_requests=80):
        read = decode(delivery.event_type, delivery.body).payload
        repository = getattr(read, "repository", None)
        yield delivery.event_type, delivery.body, (repository.id or 0) if repository is not None else 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_phases_sum_in_any_simulated_history(connection: Connection, seed: int) -> None:
    enter(
        connection,
        [
            make_event(kind, body, position, repository_id=repository)
            for position, (kind, body, repository) in enumerate(simulated(seed), start=1)
        ],
    )
    found = lives(connection)
    for one in found:
        assert_phases_sum(one)
    merged = [one for one in found if one["merged"]]
    assert len(merged) > 30
    assert sum(not one["merge_imputed"] and one["review_time"] > 0 for one in merged) > 5
    assert any(one["draft_time"] > 0 for one in merged)
    assert any(one["pickup_imputed"] for one in found)
