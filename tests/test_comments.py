"""comments: each comment on a pull request, however often it was edited."""

from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import at, make_event, moment, payload, pull_request, row, rows, simple, user
from tests.example_payloads import example_payloads


def on_code(action: str, position: int, updated: str = "10:00", **comment: Any) -> Event[Any]:
    told = {
        "id": 60,
        "user": user("monalisa", 2),
        "body": "Why?",
        "path": "README.md",
        "pull_request_review_id": 50,
        "created_at": at("10:00"),
        "updated_at": at(updated),
        **comment,
    }
    pull = simple(pull_request(4, updated=updated))
    return make_event("pull_request_review_comment", payload(action, comment=told, pull_request=pull), position)


def in_conversation(position: int, **issue: Any) -> Event[Any]:
    told = {"id": 60, "user": user("alice", 9), "body": "Hello", "created_at": at("10:30"), "updated_at": at("10:30")}
    about = {"number": 4, "pull_request": {}, "updated_at": at("10:30"), **issue}
    return make_event("issue_comment", payload("created", comment=told, issue=about), position)


def in_thread(position: int, *comments: dict[str, Any]) -> Event[Any]:
    thread = {"node_id": "PRRT_1", "comments": list(comments)}
    pull = simple(pull_request(4, updated="12:00"))
    return make_event("pull_request_review_thread", payload("resolved", thread=thread, pull_request=pull), position)


CREATED = on_code("created", 1)
EDITED = on_code("edited", 2, "10:20", body="Why so?")
DELETED = on_code("deleted", 3, "10:40", body="Why so?")


def test_a_comment_on_code() -> None:
    found = row("comments", CREATED)
    assert {name: value for name, value in found.items() if not name.endswith("_version")} == {
        "repository_id": 7,
        "on_code": True,
        "comment_id": 60,
        "number": 4,
        "in_reply_to_id": None,
        "review_id": 50,
        "path": "README.md",
        "created_at": moment("10:00"),
        "deleted_at": None,
        "author": "monalisa",
        "author_type": "User",
        "author_id": 2,
        "body": "Why?",
        "html_url": None,
    }


def test_edited_and_deleted_in_any_order() -> None:
    for order in permutations([CREATED, EDITED, DELETED]):
        found = row("comments", *order)
        assert (found["body"], found["created_at"]) == ("Why so?", moment("10:00"))
        assert found["deleted_at"] == moment("10:40")


def test_an_edit_in_the_second_of_its_creation_wins() -> None:
    for text in map(str, range(20)):
        for order in permutations([CREATED, on_code("edited", 2, body=text)]):
            assert row("comments", *order)["body"] == text


def test_a_comment_in_the_conversation_has_a_number_of_its_own() -> None:
    conversation, code = rows("comments", CREATED, in_conversation(2))
    assert (conversation["on_code"], conversation["author"], conversation["number"]) == (False, "alice", 4)
    assert (code["on_code"], code["author"]) == (True, "monalisa")


def test_the_author_survives_the_ghost() -> None:
    for order in permutations([CREATED, on_code("edited", 2, "12:00", user=None)]):
        assert row("comments", *order)["author"] == "monalisa"


def test_comments_on_issues_and_without_id_state_nothing() -> None:
    assert rows("comments", in_conversation(1, pull_request=None), on_code("created", 2, id=None)) == []


def test_a_thread_shows_comments_that_are_older_than_the_webhook() -> None:
    first = {
        "id": 60,
        "user": user("monalisa", 2),
        "body": "Why?",
        "created_at": at("10:00"),
        "updated_at": at("10:00"),
    }
    reply = {**first, "id": 61, "in_reply_to_id": 60, "user": user("alice", 9), "created_at": at("10:10")}
    found = rows("comments", in_thread(1, first, reply, {"id": None}))
    assert [(told["comment_id"], told["on_code"], told["number"], told["author"]) for told in found] == [
        (60, True, 4, "monalisa"),
        (61, True, 4, "alice"),
    ]
    assert [(told["in_reply_to_id"], told["created_at"]) for told in found] == [
        (None, moment("10:00")),
        (60, moment("10:10")),
    ]


def test_a_thread_does_not_undo_an_edit() -> None:
    """Its comments are as they were at their own time, though it is told later."""
    before = {"id": 60, "user": None, "body": "Why?", "created_at": at("10:00"), "updated_at": at("10:00")}
    for order in permutations([CREATED, EDITED, in_thread(3, before)]):
        found = row("comments", *order)
        assert (found["body"], found["author"], found["review_id"]) == ("Why so?", "monalisa", 50)


def test_the_examples_of_github() -> None:
    """Their comment 492700400 is on an issue; 284312630 is on the code of pull request 2, and 820867280 in a thread."""
    found, told_by_its_thread = rows("comments", *(make_event(kind, body) for kind, body in example_payloads()))
    assert (told_by_its_thread["comment_id"], told_by_its_thread["number"]) == (820867280, 118)
    assert (found["comment_id"], found["review_id"], found["number"]) == (284312630, 237895671, 2)
    assert (found["author"], found["path"]) == ("Codertocat", "README.md")
    assert found["body"] == "Maybe you should use more emoji on this line."
    assert found["created_at"].isoformat() == "2019-05-15T15:20:37+00:00"
    assert found["deleted_at"].isoformat() == "2019-05-15T15:20:38+00:00"
