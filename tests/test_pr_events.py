"""pr_events: the timeline of a pull request."""

import uuid

from tests.events import make_event, moment, payload, pull_request, row, rows, simple, user

PULL = pull_request(4)


def test_an_event_of_a_pull_request() -> None:
    body = payload("synchronize", pull_request=pull_request(4, draft=True), before="9" * 40)
    told = make_event("pull_request", body, 8, body_sha256=bytes([255] * 8 + [0] * 24))
    assert row("pr_events", told) == {
        "repository_id": 7,
        "number": 4,
        "delivery_id": uuid.UUID(int=8),
        "position": 8,
        "body_hash": -1,
        "at": moment("10:00"),
        "event_type": "pull_request",
        "action": "synchronize",
        "actor": "octocat",
        "actor_id": 5,
        "actor_type": "User",
        "label": None,
        "requested_reviewer": None,
        "requested_team": None,
        "review_id": None,
        "review_state": None,
        "comment_id": None,
        "thread_id": None,
        "requested_team_name": None,
        "assignee": None,
        "milestone": None,
        "changed": None,
        "previous_title": None,
        "draft": True,
        "opened_at": moment("09:00"),
        "merged_at": None,
        "before_sha": "9" * 40,
        "head_sha": "a" * 40,
    }


def test_what_an_event_is_about() -> None:
    about = [
        ("pull_request", {"label": {"name": "bug"}}, {"label": "bug"}),
        ("pull_request", {"requested_reviewer": user("monalisa", 2)}, {"requested_reviewer": "monalisa"}),
        (
            "pull_request",
            {"requested_team": {"slug": "core", "name": "The core"}},
            {"requested_team": "core", "requested_team_name": "The core"},
        ),
        ("pull_request", {"assignee": user("monalisa", 2)}, {"assignee": "monalisa"}),
        ("pull_request", {"milestone": {"title": "1.0"}}, {"milestone": "1.0"}),
        ("pull_request", {"changes": {"title": {"from": "Old"}}}, {"changed": "title", "previous_title": "Old"}),
        ("pull_request", {"changes": {"body": {"from": None}, "base": {}}}, {"changed": "body, base"}),
        ("pull_request", {"changes": {"unheard_of": 1}}, {"changed": None}),
        (
            "pull_request_review",
            {"review": {"id": 5, "state": "APPROVED"}},
            {"review_id": 5, "review_state": "approved"},
        ),
        ("pull_request_review_comment", {"comment": {"id": 6}}, {"comment_id": 6}),
        ("pull_request_review_thread", {"thread": {"node_id": "T"}}, {"thread_id": "T"}),
    ]
    for event_type, parts, told in about:
        found = row("pr_events", make_event(event_type, payload("told", pull_request=simple(PULL), **parts)))
        assert found.items() >= told.items()


def test_a_comment_on_the_conversation_is_part_of_the_timeline() -> None:
    issue = {"number": 4, "pull_request": {"html_url": "https://github.com/octo/hello/pull/4"}}
    comment = payload("created", issue=issue, comment={"id": 6, "created_at": "2026-03-02T10:05:00Z"})
    found = row("pr_events", make_event("issue_comment", comment))
    assert (found["number"], found["comment_id"], found["at"]) == (4, 6, moment("10:05"))
    assert rows("pr_events", make_event("issue_comment", comment | {"issue": {"number": 4}})) == []


def test_a_repeat_tells_no_event_again_but_leaves_its_hash() -> None:
    repeat = {"repeat": True, "delivery_id": uuid.UUID(int=1), "body_sha256": bytes([0] * 7 + [9] + [0] * 24)}
    first = make_event("pull_request", payload("opened", pull_request=PULL), 1)
    again = make_event("pull_request", payload("opened", pull_request=PULL, installation={}), 2, **repeat)
    assert [found["position"] for found in rows("pr_events", first, again)] == [1]
    assert row("pr_event_repeats", first, again) == {
        "repository_id": 7,
        "number": 4,
        "position": 2,
        "delivery_id": uuid.UUID(int=1),
        "body_hash": 9,
    }


def test_a_ghost_acts_as_ghost() -> None:
    found = row("pr_events", make_event("pull_request", payload("closed", pull_request=PULL, sender=None)))
    assert (found["actor"], found["actor_id"]) == ("ghost", None)


def test_the_same_number_in_another_repository_is_another_timeline() -> None:
    other = payload("opened", pull_request=PULL, repository={"id": 8, "full_name": "octo/other"})
    events = [make_event("pull_request", payload("opened", pull_request=PULL), 1), make_event("pull_request", other, 2)]
    assert [(found["repository_id"], found["position"]) for found in rows("pr_events", *events)] == [(7, 1), (8, 2)]
