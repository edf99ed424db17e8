"""pull_requests: what each column means, in events made by hand."""

from itertools import permutations
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from replay import load
from replay.event import Event
from replay.fold import fold
from tests.events import REPOSITORY, at, make_event, moment, payload, projection, pull_request, row, rows, simple, user

PULL_REQUESTS = projection("pull_requests")


def told(action: str, position: int, *, sender: Any = None, **pull: Any) -> Event[Any]:
    body = payload(action, pull_request=pull_request(1, **pull), sender=sender or user("octocat", 5))
    return make_event("pull_request", body, position)


def opened(**pull: Any) -> Event[Any]:
    return told("opened", 1, updated="09:00", **pull)


def merged(position: int, clock: str = "12:00", **pull: Any) -> Event[Any]:
    ended = {"closed_at": at(clock), "merged_at": at(clock), "merged_by": user("hubot", 9, "Bot")}
    pull.setdefault("updated", clock)
    return told("closed", position, state="closed", merge_commit_sha="c" * 40, **ended, **pull)


def stored(connection: psycopg.Connection[Any], *events: Event[Any]) -> dict[str, Any]:
    """The row in PostgreSQL, with its generated columns."""
    connection.execute("TRUNCATE pull_requests_g1.pull_requests")
    ((folded,), _last) = fold([PULL_REQUESTS], events)
    with connection.transaction():
        load.load(connection, PULL_REQUESTS, "pull_requests_g1", folded.rows)
    with connection.cursor(row_factory=dict_row) as cursor:
        (found,) = cursor.execute("SELECT * FROM pull_requests").fetchall()
    return found


READY = [
    ("opened, not a draft", [opened()], "09:00", True),
    ("opened as a draft", [opened(draft=True)], None, True),
    (
        "a draft, then ready",
        [opened(draft=True), told("ready_for_review", 2, updated="10:00")],
        "10:00",
        True,
    ),
    (
        "a draft, ready, a draft again, ready again",
        [
            opened(draft=True),
            told("ready_for_review", 2, updated="10:00"),
            told("converted_to_draft", 3, updated="10:30", draft=True),
            told("ready_for_review", 4, updated="11:00"),
        ],
        "10:00",
        True,
    ),
    (
        "opened ready, a draft, ready again",
        [
            opened(),
            told("converted_to_draft", 2, updated="10:00", draft=True),
            told("ready_for_review", 3, updated="11:00"),
        ],
        "09:00",
        True,
    ),
    ("merged while a draft", [opened(draft=True), merged(2, draft=True)], "12:00", True),
    (
        "ready_for_review was lost",
        [
            opened(draft=True),
            told("labeled", 2, updated="09:30", draft=True),
            told("synchronize", 3, updated="10:00"),
            told("labeled", 4, updated="11:00"),
            merged(5),
        ],
        "10:00",
        True,
    ),
    (
        "the first ready_for_review was lost, the second not",
        [
            opened(draft=True),
            told("synchronize", 2, updated="10:00"),
            told("converted_to_draft", 3, updated="10:30", draft=True),
            told("ready_for_review", 4, updated="11:00"),
        ],
        "10:00",
        True,
    ),
    (
        "ready_for_review was lost, the merge says it first",
        [opened(draft=True), merged(2, updated="12:01")],
        "12:00",
        True,
    ),
    ("a draft whose payloads tell no time", [opened(draft=True), told("edited", 2, updated_at=None)], None, True),
    ("first seen later, no draft", [told("synchronize", 2)], "09:00", False),
    ("first seen when it became ready", [told("ready_for_review", 2, updated="10:00")], "09:00", False),
]


@pytest.mark.parametrize(("events", "ready", "known"), [case[1:] for case in READY], ids=[case[0] for case in READY])
def test_ready_at(
    connection: psycopg.Connection[Any], events: list[Event[Any]], ready: str | None, known: bool
) -> None:
    for order in [events, events[::-1]]:
        found = stored(connection, *order)
        assert found["ready_at"] == (moment(ready) if ready else None)
        assert found["draft_history_known"] is known


def test_every_column_of_a_merged_pull_request(connection: psycopg.Connection[Any]) -> None:
    pull = {
        "labels": [{"name": "sig-cli"}, {"name": "bug"}],
        "requested_reviewers": [user("monalisa", 2), None],
        "requested_teams": [{"id": 1, "slug": "core"}],
        "author_association": "MEMBER",
        "html_url": "https://github.com/octo/hello/pull/1",
    }
    found = stored(connection, opened(), merged(2, **pull))
    assert {name: value for name, value in found.items() if not name.endswith("_version")} == {
        "repository_id": REPOSITORY,
        "number": 1,
        "pull_request_id": 101,
        "title": "A change",
        "state": "closed",
        "draft": False,
        "author": "octocat",
        "author_id": 5,
        "author_type": "User",
        "author_association": "MEMBER",
        "created_at": moment("09:00"),
        "updated_at": moment("12:00"),
        "closed_at": moment("12:00"),
        "merged_at": moment("12:00"),
        "merged": True,
        "merge_commit_sha": "c" * 40,
        "merged_by": "hubot",
        "merged_by_id": 9,
        "opened_as_draft": False,
        "first_ready_at": None,
        "first_seen_ready_at": moment("09:00"),
        "ready_at": moment("09:00"),
        "draft_history_known": True,
        "head_ref": "change",
        "head_sha": "a" * 40,
        "head_repository_id": REPOSITORY,
        "base_ref": "main",
        "base_sha": "b" * 40,
        "labels": ["sig-cli", "bug"],
        "requested_reviewers": ["monalisa"],
        "requested_teams": ["core"],
        "html_url": "https://github.com/octo/hello/pull/1",
        "additions": 3,
        "deletions": 2,
        "size": 5,
        "changed_files": 1,
        "commits": 1,
    }


def test_merged_then_closed_then_open_within_one_second() -> None:
    still_open = told("labeled", 1, updated="12:00")
    closed = told("closed", 2, updated="12:00", state="closed", closed_at=at("12:00"))
    for order in permutations([still_open, closed]):
        assert row("pull_requests", *order)["state"] == "closed"
    for order in permutations([still_open, merged(3, title="merged"), closed]):
        found = row("pull_requests", *order)
        assert (found["title"], found["merged_at"]) == ("merged", moment("12:00"))


def test_closed_at_is_the_last_close_and_null_while_reopened() -> None:
    closed = told("closed", 2, updated="10:00", state="closed", closed_at=at("10:00"))
    reopened = told("reopened", 3, updated="11:00")
    again = told("closed", 4, updated="12:00", state="closed", closed_at=at("12:00"))
    for order in permutations([opened(), closed, reopened]):
        assert row("pull_requests", *order)["closed_at"] is None
    for order in permutations([opened(), closed, reopened, again]):
        assert row("pull_requests", *order)["closed_at"] == moment("12:00")


def test_the_simple_form_overwrites_no_size_and_no_merger() -> None:
    pull = simple(pull_request(1, updated="13:00", title="renamed", merged_at=at("12:00")))
    review = make_event("pull_request_review", payload("submitted", pull_request=pull, review={"id": 1}), 3)
    for order in permutations([opened(additions=30, commits=4), merged(2, additions=40, commits=5), review]):
        found = row("pull_requests", *order)
        assert (found["title"], found["additions"], found["commits"]) == ("renamed", 40, 5)
        assert (found["merged_by"], found["merged_by_id"]) == ("hubot", 9)


def test_a_form_without_a_draft_flag_overwrites_none() -> None:
    pull = {name: value for name, value in simple(pull_request(1, updated="13:00")).items() if name != "draft"}
    comment = make_event("pull_request_review_comment", payload("created", pull_request=pull, comment={"id": 1}), 2)
    for order in permutations([opened(draft=True), comment]):
        assert row("pull_requests", *order)["draft"] is True


def test_the_author_survives_the_ghost() -> None:
    ghost = told("synchronize", 2, updated="13:00", user=None)
    for order in permutations([opened(), ghost]):
        found = row("pull_requests", *order)
        assert (found["author"], found["author_id"], found["updated_at"]) == ("octocat", 5, moment("13:00"))
    assert row("pull_requests", ghost)["author"] is None


def test_a_ghost_that_merged() -> None:
    found = row("pull_requests", told("closed", 1, merged_at=at("12:00"), merged_by={"id": None, "login": None}))
    assert found["merged_by"] == "ghost"


def test_a_deleted_fork_has_no_repository() -> None:
    found = row("pull_requests", opened(head={"ref": "change", "sha": "a" * 40, "repo": None}))
    assert (found["head_ref"], found["head_repository_id"]) == ("change", None)


def test_the_same_number_in_two_repositories_is_two_pull_requests() -> None:
    other = {**payload("opened", pull_request=pull_request(1)), "repository": {"id": 8, "full_name": "octo/other"}}
    found = rows("pull_requests", opened(), make_event("pull_request", other, 2))
    assert [(one["repository_id"], one["number"]) for one in found] == [(7, 1), (8, 1)]


def test_hostile_sizes_read_as_unknown(connection: psycopg.Connection[Any]) -> None:
    for size in (2**63 - 1, -1, 2**70, True, "many"):
        found = stored(connection, opened(additions=size))
        assert (found["additions"], found["deletions"], found["size"]) == (None, None, None)
        assert found["title"] == "A change"


@pytest.mark.parametrize("missing", ["number", "repository", "pull_request"])
def test_without_a_key_there_is_no_row(missing: str) -> None:
    body = payload("opened", pull_request=pull_request(1))
    if missing == "number":
        body["pull_request"]["number"] = None
    else:
        del body[missing]
    assert rows("pull_requests", make_event("pull_request", body)) == []
