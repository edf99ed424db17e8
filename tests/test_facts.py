"""What projections read alike: the time of an event, line by line as the metric definitions have it, and versions."""

from typing import Any

import pytest

from projections.event_times import event_time, told_at
from projections.facts import checked_pull_request, pull_request_key
from tests.events import REPOSITORY, at, make_event, moment, payload, pull_request

PULL = pull_request(1, updated="10:00", created_at=at("09:00"))
COMMENT = {"id": 1, "created_at": at("10:01"), "updated_at": at("10:02")}
ISSUE = {"number": 1, "created_at": at("09:30"), "updated_at": at("10:00")}
RUN = {"started_at": at("10:01"), "completed_at": at("10:02")}
JOB = {"created_at": at("10:00"), **RUN}
DATED = {"created_at": at("10:01"), "published_at": at("10:02"), "updated_at": at("10:03")}
PUSHED = 1772445600
"""10:00 of the same day, as a push tells it."""


def without(of: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in of.items() if name not in names}


OTHER_ACTIONS = [
    *("synchronize", "labeled", "review_requested", "ready_for_review", "converted_to_draft", "reopened", "edited"),
    *("enqueued", "an_action_of_tomorrow", None),
]
TIMES: list[tuple[str, str | None, dict[str, Any], str | None]] = [
    ("pull_request", "opened", {"pull_request": PULL}, "09:00"),
    ("pull_request", "closed", {"pull_request": PULL | {"merged_at": at("11:00"), "closed_at": at("11:01")}}, "11:00"),
    ("pull_request", "closed", {"pull_request": PULL | {"closed_at": at("11:01")}}, "11:01"),
    *(("pull_request", action, {"pull_request": PULL}, "10:00") for action in OTHER_ACTIONS),
    ("pull_request_review", "submitted", {"review": {"submitted_at": at("10:05")}, "pull_request": PULL}, "10:05"),
    *(
        ("pull_request_review", action, {"review": review, "pull_request": PULL}, clock)
        for action in ("edited", "dismissed")
        for review, clock in [
            ({"submitted_at": at("09:05"), "updated_at": at("10:06")}, "10:06"),
            ({"submitted_at": at("09:05")}, "10:00"),
        ]
    ),
    *(
        (event_type, action, {"comment": COMMENT, **about}, clock)
        for event_type, about in [
            ("pull_request_review_comment", {"pull_request": PULL}),
            ("issue_comment", {"issue": ISSUE}),
        ]
        for action, clock in [("created", "10:01"), ("edited", "10:02"), ("deleted", "10:00")]
    ),
    (
        "pull_request_review_thread",
        "resolved",
        {"updated_at": at("10:09"), "thread": {"comments": [COMMENT]}, "pull_request": PULL},
        "10:09",
    ),
    (
        "pull_request_review_thread",
        "resolved",
        {"thread": {"comments": [COMMENT, COMMENT | {"updated_at": at("10:07")}]}, "pull_request": PULL},
        "10:07",
    ),
    ("pull_request_review_thread", "resolved", {"thread": {"comments": []}, "pull_request": PULL}, "10:00"),
    ("check_run", "completed", {"check_run": RUN}, "10:02"),
    ("check_run", "created", {"check_run": without(RUN, "completed_at")}, "10:01"),
    ("check_suite", "completed", {"check_suite": DATED}, "10:03"),
    ("workflow_run", "completed", {"workflow_run": DATED}, "10:03"),
    ("workflow_job", "completed", {"workflow_job": JOB}, "10:02"),
    ("workflow_job", "in_progress", {"workflow_job": without(JOB, "completed_at")}, "10:01"),
    ("workflow_job", "queued", {"workflow_job": {"created_at": at("10:00")}}, "10:00"),
    ("status", None, {"sha": "a", "updated_at": at("10:02"), "created_at": at("10:01")}, "10:02"),
    ("status", None, {"sha": "a", "created_at": at("10:01")}, "10:01"),
    ("deployment", "created", {"deployment": DATED}, "10:01"),
    ("deployment_status", "created", {"deployment_status": DATED, "deployment": {"created_at": at("09:00")}}, "10:01"),
    ("push", None, {"after": "a", "head_commit": {"timestamp": "2026-03-02T12:04:00+02:00"}}, "10:04"),
    ("push", None, {"after": "a", "repository": {"id": REPOSITORY, "pushed_at": PUSHED}}, "10:00"),
    ("issues", "opened", {"issue": ISSUE}, "10:00"),
    ("discussion", "created", {"discussion": DATED}, "10:03"),
    ("release", "published", {"release": without(DATED, "updated_at")}, "10:02"),
    ("release", "created", {"release": without(DATED, "updated_at", "published_at")}, "10:01"),
    ("star", "created", {"starred_at": at("10:00")}, None),
    ("an_event_of_tomorrow", None, {"updated_at": at("10:00")}, None),
]


@pytest.mark.parametrize(("event_type", "action", "parts", "clock"), TIMES)
def test_the_time_of_an_event(event_type: str, action: str | None, parts: dict[str, Any], clock: str | None) -> None:
    assert event_time(make_event(event_type, payload(action, **parts))) == (moment(clock) if clock else None)


@pytest.mark.parametrize("event_type", sorted({event_type for event_type, *_ in TIMES}))
def test_an_empty_payload_has_no_time(event_type: str) -> None:
    for action in (None, "opened", "closed", "submitted", "edited", "created", "resolved"):
        assert event_time(make_event(event_type, payload(action))) is None
    assert event_time(make_event(event_type, b"not JSON")) is None


def test_names_are_not_ordered_by_a_committers_or_an_apps_clock() -> None:
    future = "2190-01-01T00:00:00Z"
    named = {"id": REPOSITORY, "full_name": "octo/hello", "updated_at": at("08:00"), "pushed_at": PUSHED}
    push = payload(after="a", head_commit={"timestamp": future}, repository=named)
    assert told_at(make_event("push", push)) == moment("10:00")
    assert told_at(make_event("check_run", payload(check_run={"completed_at": future}))) == moment("08:00")
    assert told_at(make_event("pull_request", payload("edited", pull_request=PULL))) == moment("10:00")


def test_the_pull_request_of_an_event() -> None:
    on_pull = {"number": 3, "pull_request": {"html_url": "https://github.com/octo/hello/pull/3"}}
    assert pull_request_key(make_event("pull_request", payload("opened", pull_request=PULL))) == (REPOSITORY, 1)
    assert pull_request_key(make_event("issue_comment", payload("created", issue=on_pull, comment={}))) == (7, 3)
    assert pull_request_key(make_event("issue_comment", payload("created", issue={"number": 3}, comment={}))) is None
    assert pull_request_key(make_event("push", payload(after="a"))) is None


@pytest.mark.parametrize(
    ("references", "number"),
    [
        ([], None),
        (None, None),
        ([{"number": 4, "base": {"repo": {"id": REPOSITORY}}}], 4),
        ([{"number": 9, "base": {"repo": {"id": 8}}}], None),
        ([{"number": 9, "base": {"repo": {"id": 8}}}, {"number": 4, "base": {"repo": {"id": REPOSITORY}}}], 4),
        ([{"number": None}, {"number": 5}], 5),
    ],
    ids=["fork", "null", "own", "another repository's", "both", "without base"],
)
def test_the_pull_request_of_a_check(references: Any, number: int | None) -> None:
    for event_type in ("check_run", "check_suite"):
        body = payload("completed", **{event_type: {"id": 1, "pull_requests": references}})
        assert checked_pull_request(make_event(event_type, body)) == number
