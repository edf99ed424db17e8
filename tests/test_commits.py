"""commits: when a commit was made, and which push brought it first."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from replay.event import Event
from tests.events import REPOSITORY, at, make_event, moment, payload, rows
from tests.example_payloads import example_payloads

A, B, C = "a" * 40, "b" * 40, "c" * 40


def commit(sha: str, clock: str) -> dict[str, str]:
    return {"id": sha, "timestamp": at(clock)}


def push(position: int, pushed: str | None, *seen: dict[str, str], ref: str = "refs/heads/change") -> Event[Any]:
    repository = {"id": REPOSITORY, "full_name": "octo/hello"}
    if pushed is not None:
        repository["pushed_at"] = int(moment(pushed).timestamp())
    last = seen[-1] if seen else None
    told = {"ref": ref, "after": last["id"] if last else "0" * 40, "commits": list(seen), "head_commit": last}
    return make_event("push", payload(repository=repository, **told), position)


FIRST = push(1, "10:00", commit(A, "09:00"), commit(B, "09:50"))
SECOND = push(2, "11:00", commit(C, "10:40"))
MERGED = push(3, "12:00", commit(A, "09:00"), commit(B, "09:50"), commit(C, "10:40"), ref="refs/heads/main")


def test_a_commit_is_of_the_push_that_brought_it_first_in_any_order() -> None:
    for order in permutations([FIRST, SECOND, MERGED]):
        found = rows("commits", *order)
        assert [(one["sha"], one["committed_at"], one["pushed_at"], one["after"]) for one in found] == [
            (A, moment("09:00"), moment("10:00"), B),
            (B, moment("09:50"), moment("10:00"), B),
            (C, moment("10:40"), moment("11:00"), C),
        ]
        assert {one["ref"] for one in found} == {"refs/heads/change"}


def test_a_tag_names_its_commit_without_listing_it() -> None:
    body = {"ref": "refs/tags/v1", "after": A, "commits": [], "head_commit": commit(A, "09:00")}
    tag = make_event("push", payload(**body), 4)
    assert [one["sha"] for one in rows("commits", tag)] == [A]


def test_the_push_of_a_tag_is_later_than_that_of_its_branch() -> None:
    tag = push(4, "13:00", commit(B, "09:50"), ref="refs/tags/v1")
    for order in permutations([FIRST, tag]):
        assert rows("commits", *order)[1]["ref"] == "refs/heads/change"


def test_without_githubs_clock_the_time_of_the_head_stands_for_the_push() -> None:
    assert [one["pushed_at"] for one in rows("commits", push(1, None, commit(A, "09:00"), commit(B, "09:50")))] == [
        moment("09:50")
    ] * 2


def test_deleting_a_branch_names_no_commit() -> None:
    assert rows("commits", push(1, "10:00")) == []


def test_the_examples_of_github() -> None:
    """One commit, told with two timestamps; branch and tag were pushed in the same second."""
    (found,) = rows("commits", *(make_event(kind, body) for kind, body in example_payloads()))
    assert found["sha"] == found["after"] == "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
    assert found["committed_at"].isoformat() == "2019-05-15T15:19:25+00:00"
    assert found["pushed_at"] == datetime.fromtimestamp(1557933657, UTC)
