"""pr_heads: which commits were the head of which pull requests."""

from itertools import permutations

from tests.events import REPOSITORY, make_event, moment, payload, pull_request, rows, simple, user


def head(sha: str) -> dict[str, object]:
    return {"ref": "change", "sha": sha * 40, "repo": {"id": REPOSITORY}}


OPENED = make_event("pull_request", payload("opened", pull_request=pull_request(1, updated="09:00")), 1)
PUSHED = make_event(
    "pull_request",
    payload("synchronize", before="c" * 40, pull_request=pull_request(1, updated="11:00", head=head("d"))),
    2,
)
REVIEWED = make_event(
    "pull_request_review",
    payload("submitted", review={"id": 1, "user": user("x")}, pull_request=simple(pull_request(1, updated="10:00"))),
    3,
)


def test_every_head_with_the_time_at_which_it_was_first_seen_in_any_order() -> None:
    """The push from c to d shows a head whose own push was missed."""
    for order in permutations([OPENED, PUSHED, REVIEWED]):
        assert [(one["number"], one["head_sha"], one["first_seen_at"]) for one in rows("pr_heads", *order)] == [
            (1, "a" * 40, moment("09:00")),
            (1, "c" * 40, None),
            (1, "d" * 40, moment("11:00")),
        ]


def test_one_commit_may_be_the_head_of_two() -> None:
    second = make_event("pull_request", payload("opened", pull_request=pull_request(2, updated="09:30")), 4)
    assert [(one["number"], one["head_sha"]) for one in rows("pr_heads", OPENED, second)] == [
        (1, "a" * 40),
        (2, "a" * 40),
    ]


def test_without_a_head_nothing_is_stated() -> None:
    bare = pull_request(1, head=None)
    assert rows("pr_heads", make_event("pull_request", payload("edited", pull_request=bare))) == []
    numberless = {**pull_request(1), "number": None}
    assert rows("pr_heads", make_event("pull_request", payload("edited", pull_request=numberless))) == []
