"""repositories, repository_names and actors: what is told last is the name."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import REPOSITORY, at, make_event, moment, payload, pull_request, row, rows, user


def told(name: str | None, clock: str, position: int, **repository: Any) -> Event[Any]:
    body = payload("edited", pull_request=pull_request(1, updated=clock))
    body["repository"] |= {"full_name": name, **repository}
    return make_event("pull_request", body, position)


BEFORE = told("octo/old", "10:00", 1, private=True, default_branch="main", created_at=at("07:00"))
RENAMED = make_event(
    "repository",
    payload("renamed", repository={"id": REPOSITORY, "full_name": "octo/new", "updated_at": at("11:00")}),
    2,
)
AFTER = told("octo/new", "12:00", 3, private=False, archived=True, html_url="https://github.com/octo/new")


def test_a_renamed_repository_keeps_its_id_and_both_names() -> None:
    for order in permutations([BEFORE, RENAMED, AFTER]):
        found = row("repositories", *order)
        assert {name: value for name, value in found.items() if name != "naming_version"} == {
            "repository_id": REPOSITORY,
            "full_name": "octo/new",
            "default_branch": None,
            "html_url": "https://github.com/octo/new",
            "private": False,
            "archived": True,
            "created_at": moment("07:00"),
        }
        assert [tuple(name.values()) for name in rows("repository_names", *order)] == [
            (REPOSITORY, "octo/new", moment("11:00"), moment("12:00")),
            (REPOSITORY, "octo/old", moment("10:00"), moment("10:00")),
        ]


def test_a_delivery_that_is_late_does_not_bring_the_old_name_back() -> None:
    assert row("repositories", RENAMED, BEFORE)["full_name"] == "octo/new"


def test_a_commit_dated_in_the_future_does_not_pin_a_name() -> None:
    repository = {"id": REPOSITORY, "full_name": "octo/old", "pushed_at": 1772445600, "created_at": 1772434800}
    body = payload(after="a", head_commit={"timestamp": "2190-01-01T00:00:00Z"}, repository=repository)
    push = make_event("push", body, 4)
    for order in permutations([push, RENAMED]):
        found = row("repositories", *order)
        assert (found["full_name"], found["created_at"]) == ("octo/new", moment("07:00"))


def test_a_repository_without_id_or_name_states_nothing() -> None:
    nameless = told(None, "10:00", 1)
    without_id = make_event("star", payload("created", repository={"full_name": "octo/hello"}))
    organisation = make_event("organization", {"action": "renamed", "organization": user("octo", 1, "Organization")})
    assert rows("repositories", nameless, without_id, organisation) == []
    assert rows("repository_names", nameless, without_id, organisation) == []
