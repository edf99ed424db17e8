"""actors: everyone seen doing something, under the login that was told last."""

from itertools import permutations

from tests.events import make_event, payload, pull_request, rows, user


def test_everyone_in_a_payload_is_an_actor() -> None:
    pull = pull_request(1, user=user("author", 2), merged_by=user("merger[bot]", 3, "Bot"))
    review = make_event(
        "pull_request_review",
        payload("submitted", pull_request=pull, review={"user": user("reviewer", 4)}, sender=user("sender", 1)),
        1,
    )
    request = make_event("pull_request", payload("review_requested", requested_reviewer=user("asked", 6)), 2)
    comment = make_event("issue_comment", payload("created", comment={"user": user("talker", 7)}), 3)
    assert [(actor["actor_id"], actor["login"], actor["type"]) for actor in rows("actors", review, comment)] == [
        (1, "sender", "User"),
        (2, "author", "User"),
        (3, "merger[bot]", "Bot"),
        (4, "reviewer", "User"),
        (5, "octocat", "User"),
        (7, "talker", "User"),
    ]
    assert [actor["login"] for actor in rows("actors", request)] == ["octocat", "asked"]


def test_the_login_that_was_told_last_stands() -> None:
    events = [
        make_event(
            "pull_request", payload("edited", pull_request=pull_request(1, updated=clock, user=None), sender=who)
        )
        for clock, who in [("10:00", user("old", 1)), ("11:00", user("new", 1)), ("10:30", user("between", 1))]
    ]
    for order in permutations(events):
        assert [actor["login"] for actor in rows("actors", *order)] == ["new"]


def test_ghosts_are_no_actors() -> None:
    ghosts = [None, {"id": None, "login": "x"}, {"id": 3, "login": None}, {"id": "3", "login": "x"}]
    assert (
        rows("actors", *(make_event("star", payload("created", sender=ghost), n) for n, ghost in enumerate(ghosts)))
        == []
    )
