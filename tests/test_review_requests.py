"""review_requests: when a review was asked of whom, and when that was taken back."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import make_event, moment, payload, pull_request, row, rows, user
from tests.example_payloads import example_payloads


def told(action: str, position: int, updated: str, **parts: Any) -> Event[Any]:
    body = payload(action, pull_request=pull_request(4, updated=updated), **parts)
    return make_event("pull_request", body, position)


MONALISA = {"requested_reviewer": user("monalisa", 2)}
CORE = {"requested_team": {"id": 30, "slug": "core", "name": "Core"}}
ASKED = told("review_requested", 1, "10:00", **MONALISA)
TAKEN_BACK = told("review_request_removed", 2, "11:00", **MONALISA)
TEAM = told("review_requested", 3, "10:00", **CORE)


def shown(*events: Event[Any]) -> list[tuple[Any, ...]]:
    return [(found["reviewer"], found["requested"], found["at"]) for found in rows("review_requests", *events)]


def test_a_request() -> None:
    assert row("review_requests", ASKED) == {
        "repository_id": 7,
        "number": 4,
        "reviewer": "monalisa",
        "team": False,
        "at": moment("10:00"),
        "requested": True,
        "reviewer_id": 2,
        "reviewer_type": "User",
        "actor": "octocat",
        "actor_id": 5,
    }


def test_a_team_is_asked_by_its_slug() -> None:
    found = row("review_requests", TEAM)
    assert (found["reviewer"], found["team"]) == ("core", True)
    assert (found["reviewer_id"], found["reviewer_type"]) == (30, "Team")


def test_a_team_beside_an_empty_person() -> None:
    for person in (None, {}, {"id": 2, "login": None}):
        found = row("review_requests", told("review_requested", 1, "10:00", requested_reviewer=person, **CORE))
        assert (found["reviewer"], found["team"]) == ("core", True)


def test_asking_taking_back_and_asking_again_are_three_in_any_order() -> None:
    again = told("review_requested", 4, "12:00", **MONALISA)
    for order in permutations([ASKED, TAKEN_BACK, again]):
        assert shown(*order) == [
            ("monalisa", True, moment("10:00")),
            ("monalisa", False, moment("11:00")),
            ("monalisa", True, moment("12:00")),
        ]


def test_the_same_request_told_twice_is_one() -> None:
    again = told("review_requested", 5, "10:00", **MONALISA, installation={"id": 1})
    assert len(rows("review_requests", ASKED, again)) == 1


def test_a_person_and_a_team_of_the_same_name_are_two() -> None:
    person = {"requested_reviewer": user("core", 31)}
    assert len(rows("review_requests", TEAM, told("review_requested", 6, "10:00", **person))) == 2


def test_other_actions_and_requests_of_nobody_state_nothing() -> None:
    others = [told("labeled", 1, "10:00", **MONALISA), told("review_requested", 2, "10:00")]
    numberless = payload("review_requested", pull_request={"updated_at": "2026-03-02T10:00:00Z"}, **MONALISA)
    assert rows("review_requests", *others, make_event("pull_request", numberless)) == []


def test_the_examples_of_github() -> None:
    """Codertocat asks octocat, and takes it back in the same second."""
    found = rows("review_requests", *(make_event(kind, body) for kind, body in example_payloads()))
    assert [(one["number"], one["reviewer"], one["reviewer_id"], one["requested"], one["actor"]) for one in found] == [
        (2, "octocat", 5346, False, "Codertocat"),
        (2, "octocat", 5346, True, "Codertocat"),
    ]
    assert {one["at"].isoformat() for one in found} == {"2019-05-15T15:20:33+00:00"}
