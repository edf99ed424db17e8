"""commit_statuses: what was said of a commit, each saying by itself."""

from typing import Any

from replay.event import Event
from tests.events import at, make_event, moment, payload, row, rows
from tests.example_payloads import example_payloads


def told(position: int, **status: Any) -> Event[Any]:
    said = {
        "id": 80,
        "sha": "a" * 40,
        "context": "ci/build",
        "state": "pending",
        "created_at": at("10:00"),
        "updated_at": at("10:00"),
    }
    return make_event("status", payload(**{**said, **status}), position)


def test_a_status() -> None:
    assert row("commit_statuses", told(1)) == {
        "repository_id": 7,
        "status_id": 80,
        "sha": "a" * 40,
        "context": "ci/build",
        "state": "pending",
        "at": moment("10:00"),
    }


def test_another_state_is_another_status() -> None:
    failed = told(2, id=81, state="failure", created_at=at("10:05"), updated_at=at("10:05"))
    shown = [(found["state"], found["at"]) for found in rows("commit_statuses", failed, told(1))]
    assert shown == [("pending", moment("10:00")), ("failure", moment("10:05"))]


def test_the_same_status_told_twice_is_one() -> None:
    assert len(rows("commit_statuses", told(1), told(2, installation={"id": 1}))) == 1


def test_a_status_without_id_or_commit_states_nothing() -> None:
    assert rows("commit_statuses", told(1, id=None), told(2, sha=None)) == []


def test_the_examples_of_github() -> None:
    found = row("commit_statuses", *(make_event(kind, body) for kind, body in example_payloads()))
    assert (found["status_id"], found["context"], found["state"]) == (6805126730, "default", "success")
    assert found["sha"] == "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    assert found["at"].isoformat() == "2019-05-15T15:20:55+00:00"
