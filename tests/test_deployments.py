"""deployments and deployment_statuses."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import at, make_event, moment, payload, row, rows, user
from tests.example_payloads import example_payloads


def deployment(updated: str = "10:00", **fields: Any) -> dict[str, Any]:
    told = {"id": 90, "sha": "a" * 40, "ref": "main", "environment": "staging", "creator": user("octocat", 5)}
    return {**told, "created_at": at("10:00"), "updated_at": at(updated), **fields}


def told(position: int, state: str, created: str, number: int, environment: str | None = "staging") -> Event[Any]:
    status = {"id": number, "state": state, "environment": environment, "created_at": at(created)}
    of = deployment(created, environment=environment or "staging")
    body = payload("created", deployment=of, deployment_status=status)
    return make_event("deployment_status", body, position)


CREATED = make_event("deployment", payload("created", deployment=deployment()), 1)
RUNNING = told(2, "in_progress", "10:01", 91)
FAILED = told(3, "failure", "10:05", 92)


def test_a_deployment_in_any_order() -> None:
    for order in permutations([CREATED, RUNNING, FAILED]):
        found = row("deployments", *order)
        assert {name: value for name, value in found.items() if not name.endswith("_version")} == {
            "repository_id": 7,
            "deployment_id": 90,
            "sha": "a" * 40,
            "ref": "main",
            "creator": "octocat",
            "created_at": moment("10:00"),
            "environment": "staging",
        }


def test_everything_that_was_said_of_it() -> None:
    for order in permutations([CREATED, RUNNING, FAILED]):
        assert rows("deployment_statuses", *order) == [
            {
                "repository_id": 7,
                "deployment_status_id": number,
                "deployment_id": 90,
                "environment": "staging",
                "state": state,
                "created_at": moment(clock),
            }
            for number, state, clock in ((91, "in_progress", "10:01"), (92, "failure", "10:05"))
        ]


def test_a_status_may_move_it_to_another_environment() -> None:
    moved = told(4, "success", "10:09", 93, environment="production")
    for order in permutations([CREATED, RUNNING, moved]):
        assert row("deployments", *order)["environment"] == "production"


def test_the_creator_survives_the_ghost() -> None:
    ghost = make_event("deployment", payload("created", deployment=deployment("11:00", creator=None)), 5)
    for order in permutations([CREATED, ghost]):
        assert row("deployments", *order)["creator"] == "octocat"


def test_a_status_without_an_environment_is_of_that_of_its_deployment() -> None:
    assert row("deployment_statuses", told(2, "success", "10:01", 91, environment=None))["environment"] == "staging"


def test_without_ids_nothing_is_stated() -> None:
    nameless = make_event("deployment", payload("created", deployment=deployment(id=None)))
    lone = make_event("deployment_status", payload("created", deployment_status={"id": 91}))
    assert rows("deployments", nameless, lone) == rows("deployment_statuses", nameless, lone) == []


def test_the_examples_of_github() -> None:
    """One deployment, told with two sets of values: the one with the later `updated_at` names the environment."""
    events = [make_event(kind, body) for kind, body in example_payloads()]
    found = row("deployments", *events)
    assert (found["deployment_id"], found["environment"]) == (145988746, "github-pages")
    assert found["created_at"].isoformat() == "2019-05-15T15:20:53+00:00"
    assert found["sha"] == "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
    status = row("deployment_statuses", *events)
    assert (status["deployment_status_id"], status["deployment_id"]) == (209916254, 145988746)
