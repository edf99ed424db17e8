"""pr_labels and pr_label_sightings."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import make_event, moment, payload, pull_request, row, rows


def told(action: str, label: str | None, clock: str, position: int, labels: list[str] | None = None) -> Event[Any]:
    pull = pull_request(1, updated=clock, labels=[{"name": name} for name in labels or []])
    return make_event("pull_request", payload(action, pull_request=pull, label={"name": label}), position)


def test_a_labelling_is_a_transition() -> None:
    assert row("pr_labels", told("labeled", "bug", "10:00", 1)) == {
        "repository_id": 7,
        "number": 1,
        "label": "bug",
        "at": moment("10:00"),
        "added": True,
        "actor": "octocat",
        "actor_id": 5,
    }


def test_a_transition_told_twice_is_one() -> None:
    again = told("labeled", "bug", "10:00", 2, labels=["bug"])
    assert len(rows("pr_labels", told("labeled", "bug", "10:00", 1), again)) == 1


def test_on_and_off_and_on_again_are_three() -> None:
    events = [
        told("labeled", "bug", "10:00", 1),
        told("unlabeled", "bug", "11:00", 2),
        told("labeled", "bug", "12:00", 3),
    ]
    for order in permutations(events):
        assert [(found["at"], found["added"]) for found in rows("pr_labels", *order)] == [
            (moment("10:00"), True),
            (moment("11:00"), False),
            (moment("12:00"), True),
        ]


def test_sightings_tell_of_labels_whose_labelling_was_missed() -> None:
    events = [
        told("edited", None, "10:00", 1, ["old", "kept"]),
        told("edited", None, "11:00", 2, ["kept"]),
        told("edited", None, "12:00", 3, ["kept", "new"]),
    ]
    for order in permutations(events):
        found = rows("pr_label_sightings", *order)
        assert [(one["label"], one["first_seen_at"], one["last_seen_at"]) for one in found] == [
            ("kept", moment("10:00"), moment("12:00")),
            ("new", moment("12:00"), moment("12:00")),
            ("old", moment("10:00"), moment("10:00")),
        ]
    assert rows("pr_labels", *events) == []


def test_sightings_tell_when_a_label_was_first_and_last_put_on_and_taken_off() -> None:
    events = [
        told("labeled", "bug", "10:00", 1, ["bug"]),
        told("unlabeled", "bug", "11:00", 2),
        told("labeled", "bug", "12:00", 3, ["bug"]),
        told("unlabeled", "gone", "13:00", 4, ["bug"]),
    ]
    for order in permutations(events):
        assert rows("pr_label_sightings", *order) == [
            {
                "repository_id": 7,
                "number": 1,
                "label": "bug",
                "first_seen_at": moment("10:00"),
                "last_seen_at": moment("13:00"),
                "first_added_at": moment("10:00"),
                "last_added_at": moment("12:00"),
                "first_removed_at": moment("11:00"),
                "last_removed_at": moment("11:00"),
            },
            {
                "repository_id": 7,
                "number": 1,
                "label": "gone",
                **dict.fromkeys(("first_seen_at", "last_seen_at", "first_added_at", "last_added_at")),
                "first_removed_at": moment("13:00"),
                "last_removed_at": moment("13:00"),
            },
        ]


def test_what_tells_no_label_or_no_time_states_nothing() -> None:
    nameless = told("labeled", None, "10:00", 1)
    body = payload("labeled", pull_request=pull_request(1) | {"updated_at": None}, label={"name": "bug"})
    for name in ("pr_labels", "pr_label_sightings"):
        assert rows(name, nameless, make_event("pull_request", body)) == []
