"""review_threads: where a thread began, and whether it is resolved."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import at, make_event, moment, payload, pull_request, row, rows, simple, user
from tests.example_payloads import example_payloads

PULL = simple(pull_request(4, updated="10:00"))


def comment(number: int = 60, created: str = "10:00", **fields: Any) -> dict[str, Any]:
    by = user("monalisa", 2)
    return {
        "id": number,
        "user": by,
        "path": "README.md",
        "created_at": at(created),
        "updated_at": at(created),
        **fields,
    }


def said(position: int, **fields: Any) -> Event[Any]:
    body = payload("created", comment=comment(**fields), pull_request=PULL)
    return make_event("pull_request_review_comment", body, position)


def told(action: str, position: int, updated: str, *comments: dict[str, Any], by: str = "octocat") -> Event[Any]:
    thread = {"node_id": "PRRT_1", "comments": list(comments or (comment(),))}
    body = payload(action, thread=thread, pull_request=PULL, updated_at=at(updated), sender=user(by))
    return make_event("pull_request_review_thread", body, position)


BEGUN = said(1)
RESOLVED = told("resolved", 2, "11:00")
REOPENED = told("unresolved", 3, "12:00")
AGAIN = told("resolved", 4, "13:00", by="monalisa")


def shown(*events: Event[Any]) -> tuple[Any, ...]:
    found = row("review_threads", *events)
    return found["resolved"], found["resolved_at"], found["resolver"]


def test_a_thread_that_was_resolved() -> None:
    for order in permutations([BEGUN, RESOLVED]):
        found = row("review_threads", *order)
        assert {name: value for name, value in found.items() if not name.endswith("_version")} == {
            "repository_id": 7,
            "first_comment_id": 60,
            "number": 4,
            "path": "README.md",
            "node_id": "PRRT_1",
            "first_comment_at": moment("10:00"),
            "first_comment_deleted_at": None,
            "author": "monalisa",
            "author_type": "User",
            "author_id": 2,
            "resolved": True,
            "resolved_at": moment("11:00"),
            "resolver": "octocat",
        }


def test_a_thread_of_which_only_the_beginning_was_seen() -> None:
    assert shown(BEGUN) == (None, None, None)


def test_a_reopened_thread_is_unresolved_until_it_is_resolved_again() -> None:
    for order in permutations([BEGUN, RESOLVED, REOPENED]):
        assert shown(*order) == (False, None, None)
    for order in permutations([BEGUN, RESOLVED, REOPENED, AGAIN]):
        assert shown(*order) == (True, moment("13:00"), "monalisa")


def test_of_both_in_one_second_reopening_is_the_later() -> None:
    """Only what was resolved can be reopened."""
    for position in range(10, 30):
        at_once = told("unresolved", position, "11:00", comment(body=str(position)))
        for order in permutations([RESOLVED, at_once]):
            assert shown(*order) == (False, None, None)


def test_a_reply_belongs_to_the_thread_of_the_first_comment() -> None:
    reply = said(5, number=61, created="10:30", in_reply_to_id=60)
    for order in permutations([BEGUN, reply]):
        assert row("review_threads", *order)["first_comment_at"] == moment("10:00")
    alone = row("review_threads", reply)
    assert (alone["first_comment_id"], alone["first_comment_at"]) == (60, None)


def test_a_thread_whose_first_comment_is_deleted_is_the_same_thread() -> None:
    shrunk = told("resolved", 6, "14:00", comment(61, "10:30", in_reply_to_id=60))
    for order in permutations([BEGUN, shrunk]):
        found = row("review_threads", *order)
        assert (found["first_comment_at"], found["resolved_at"]) == (moment("10:00"), moment("14:00"))


def test_who_began_it_outlives_the_account_and_the_comment() -> None:
    ghost = told("resolved", 7, "14:00", comment(user=None))
    body = payload("deleted", comment=comment(), pull_request=simple(pull_request(4, updated="15:00")))
    for order in permutations([BEGUN, ghost, make_event("pull_request_review_comment", body, 8)]):
        found = row("review_threads", *order)
        assert (found["author"], found["first_comment_deleted_at"]) == ("monalisa", moment("15:00"))


def test_of_a_reply_alone_nobody_is_known_to_have_begun_it() -> None:
    assert row("review_threads", said(5, number=61, in_reply_to_id=60))["author"] is None


def test_a_thread_without_comments_states_nothing() -> None:
    body = payload("resolved", thread={"node_id": "PRRT_1", "comments": []}, pull_request=PULL)
    assert rows("review_threads", make_event("pull_request_review_thread", body), said(2, id=None)) == []


def test_the_examples_of_github() -> None:
    """Two threads; that of README.md was resolved, and reopened in the same second."""
    reopened, resolved = rows("review_threads", *(make_event(kind, body) for kind, body in example_payloads()))
    assert (reopened["first_comment_id"], reopened["number"], reopened["path"]) == (284312630, 2, "README.md")
    assert (reopened["resolved"], reopened["resolved_at"]) == (False, None)
    assert (resolved["first_comment_id"], resolved["number"], resolved["resolver"]) == (820867280, 118, "octocat")
    assert resolved["resolved_at"].isoformat() == "2022-03-07T16:16:58+00:00"
