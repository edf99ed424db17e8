"""pr_reviews: one row for each review, whatever was told of it and in whatever order."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import at, make_event, moment, payload, pull_request, row, rows, simple, user


def told(action: str, position: int, *, updated: str = "10:00", sender: Any = None, **review: Any) -> Event[Any]:
    told_review = {
        "id": 50,
        "user": user("monalisa", 2),
        "state": "approved",
        "submitted_at": at("10:00"),
        "body": "Good",
        "commit_id": "a" * 40,
        **review,
    }
    pull = simple(pull_request(4, updated=updated))
    body = payload(action, review=told_review, pull_request=pull, sender=sender or user("octocat", 5))
    return make_event("pull_request_review", body, position)


SUBMITTED = told("submitted", 1, state="APPROVED")
DISMISSED = told("dismissed", 2, updated="11:00", state="dismissed", sender=user("boss", 8))


def test_a_submitted_review() -> None:
    found = row("pr_reviews", SUBMITTED)
    assert {name: value for name, value in found.items() if not name.endswith("_version")} == {
        "repository_id": 7,
        "review_id": 50,
        "number": 4,
        "state": "approved",
        "submitted_at": moment("10:00"),
        "dismissed_at": None,
        "dismissed_by": None,
        "reviewer": "monalisa",
        "reviewer_id": 2,
        "reviewer_type": "User",
        "body": "Good",
        "html_url": None,
        "commit_id": "a" * 40,
    }


def test_a_dismissed_review_keeps_the_state_of_its_submission() -> None:
    for order in permutations([SUBMITTED, DISMISSED]):
        found = row("pr_reviews", *order)
        assert (found["state"], found["submitted_at"]) == ("approved", moment("10:00"))
        assert (found["dismissed_at"], found["dismissed_by"]) == (moment("11:00"), "boss")


def test_a_dismissal_seen_alone_has_no_state() -> None:
    found = row("pr_reviews", DISMISSED)
    assert (found["state"], found["submitted_at"], found["dismissed_at"]) == (None, moment("10:00"), moment("11:00"))


def test_the_first_dismissal_stands() -> None:
    later = told("dismissed", 3, updated="12:00", state="dismissed", sender=user("another", 9))
    for order in permutations([SUBMITTED, DISMISSED, later]):
        found = row("pr_reviews", *order)
        assert (found["dismissed_at"], found["dismissed_by"]) == (moment("11:00"), "boss")


def test_an_edited_review_is_the_same_review() -> None:
    edited = told("edited", 3, updated="10:00", body="Better", updated_at=at("10:40"))
    for order in permutations([SUBMITTED, edited]):
        (found,) = rows("pr_reviews", *order)
        assert (found["body"], found["state"], found["submitted_at"]) == ("Better", "approved", moment("10:00"))


def test_an_edit_in_the_second_of_its_submission_wins() -> None:
    for text in map(str, range(20)):
        edited = told("edited", 3, body=text)
        for order in permutations([SUBMITTED, edited]):
            assert row("pr_reviews", *order)["body"] == text


def test_the_reviewer_survives_the_ghost() -> None:
    ghost = told("edited", 3, updated_at=at("12:00"), user=None)
    for order in permutations([SUBMITTED, ghost]):
        assert row("pr_reviews", *order)["reviewer"] == "monalisa"


def test_two_reviews_by_one_person_are_two() -> None:
    assert [found["review_id"] for found in rows("pr_reviews", SUBMITTED, told("submitted", 2, id=51))] == [50, 51]


def test_a_review_without_id_or_number_states_nothing() -> None:
    body = payload("submitted", review={"id": 50}, pull_request={"title": "no number"})
    assert rows("pr_reviews", told("submitted", 1, id=None), make_event("pull_request_review", body)) == []
