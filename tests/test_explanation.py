"""GET /api/metrics/explain: the life of tests/told.py led back to its deliveries by hand, and what is odd about others."""

import statistics
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from projections.queries.lifecycle import OF_REPOSITORIES, lifecycle
from replay.event import Delivery
from tests import histories
from tests.deliveries import delivery, fill
from tests.events import at, payload, pull_request, simple, user
from tests.service import Service, clone, running
from tests.test_api import problem
from tests.told import LIFE, Told

EXPLAIN = "/api/metrics/explain/octo/hello/1"
HOUR = 3600.0
OCTOCAT, MONALISA, ALICE = user("octocat", 5), user("monalisa", 2), user("alice", 9)
BOT = user("ci[bot]", 10, "Bot")


def sent(*told: Told) -> list[Delivery]:
    return [delivery(of, "03-02T12:30", *one) for of, one in enumerate(told, start=1)]


def traced(one: Any) -> int | None:
    """The position of a source."""
    return None if one is None else int(one["position"])


@pytest.fixture(scope="module")
def api(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database:
        last = fill(database, sent(*LIFE))
        with running(database) as service:
            service.get("/api/metrics/summary", min_position=last)
            yield service


@pytest.fixture(scope="module")
def explained(api: Service) -> Any:
    return api.get(EXPLAIN, min_position=len(LIFE))


def explain(database: str, *deliveries: Delivery, number: int = 1) -> Any:
    last = fill(database, list(deliveries))
    with running(database) as service:
        return service.get(f"/api/metrics/explain/octo/hello/{number}", min_position=last)


def boundaries(found: Any) -> dict[str, Any]:
    return {one["name"]: one for one in found["boundaries"]}


def facts(found: Any) -> dict[str, Any]:
    return {one["name"]: (one["value"], [traced(told) for told in one["sources"]]) for one in found["facts"]}


def passed_over(boundary: Any) -> list[tuple[Any, ...]]:
    names = ("at", "kind", "actor", "reason")
    told = [(*(one[name] for name in names), traced(one["source"])) for one in boundary["passed_over"]]
    assert boundary["passed_over_total"] == len(told)
    return told


def test_every_boundary_names_the_delivery_that_set_it(explained: Any) -> None:
    shown = [(one["name"], one["value"], traced(one["source"])) for one in explained["boundaries"]]
    assert shown == [
        ("opened_at", at("09:00"), 1),
        ("ready_at", at("10:00"), 10),
        ("first_review_at", at("10:21"), 14),
        ("approved_at", at("11:10"), 27),
        ("merged_at", at("12:00"), 37),
        ("closed_at", at("12:00"), 37),
        ("first_response_at", at("10:20"), 13),
    ]
    delivery_ids = [one["source"]["delivery_id"] for one in explained["boundaries"]]
    assert delivery_ids == [str(uuid.UUID(int=position)) for _, _, position in shown]
    assert [one["raw_value"] for one in explained["boundaries"]] == [value for _, value, _ in shown]
    assert not any(one["clamped"] or one["imputed"] for one in explained["boundaries"])
    assert explained["clamped"] is False


def test_what_was_passed_over_says_why(explained: Any) -> None:
    found = boundaries(explained)
    bot = (at("09:10"), "review", "ci[bot]", "by a bot", 4)
    assert passed_over(found["first_review_at"]) == [bot]
    assert passed_over(found["first_response_at"]) == [bot]
    assert passed_over(found["approved_at"]) == [
        bot,
        (at("10:21"), "review", "monalisa", "does not approve: commented", 14),
        (at("11:07"), "review", "octocat", "the author's own", 26),
    ]
    assert passed_over(found["ready_at"]) == [(at("11:06"), "ready_for_review", None, "not the first", 25)]


def test_phases_are_the_times_between_boundaries(explained: Any) -> None:
    assert {one["name"]: one["seconds"] for one in explained["phases"]} == {
        "draft_time": 3600.0,
        "pickup_time": 1260.0,
        "review_time": 2940.0,
        "merge_time": 3000.0,
        "cycle_time": 10800.0,
        "publish_to_merge": 7200.0,
        "time_to_first_review": 1260.0,
        "time_to_approval": 4200.0,
        "time_to_first_response": 4800.0,
    }
    assert not any(one["imputed"] or one["clamped"] for one in explained["phases"])
    moments = {one["name"]: datetime.fromisoformat(one["value"]) for one in explained["boundaries"]}
    for one in explained["phases"]:
        assert (moments[one["ends"]] - moments[one["begins"]]).total_seconds() == one["seconds"]


def test_facts_are_led_back_to_the_telling_that_was_taken_over(explained: Any) -> None:
    assert facts(explained) == {
        "size": (42, [37]),
        "additions": (40, [37]),
        "deletions": (2, [37]),
        "changed_files": (1, [37]),
        "commits": (3, [37]),
        "state": ("closed", [37]),
        "draft": (False, [37]),
        "author": ("octocat", [37]),
        "opened_as_draft": (True, [1]),
        "draft_history_known": (True, [1]),
        "reopened": (1, [30]),
        "bot_reviews": (1, [4]),
        "reviewed_in_draft": (False, []),
        "merged_without_review": (False, []),
        # monalisa answered a request, and a push since.
        "review_rounds": (2, [12, 14, 17, 27]),
        "age": (None, [1, 37]),
        "last_activity_at": (at("12:00"), [37]),
        "stale": (False, [1, 37, 37]),
    }
    assert explained["as_of"] is None


def asked_of(reviewer: dict[str, Any], clock: str, action: str = "review_requested") -> Told:
    parts = {"pull_request": pull_request(1, updated=clock), "requested_reviewer": reviewer}
    return "pull_request", payload(action, **parts)


def test_a_round_is_a_request_or_a_push_and_its_answer_of_the_person_with_the_most(database: str) -> None:
    found = explain(
        database,
        *sent(
            pull("opened", "09:00"),  # 1
            asked_of(ALICE, "09:10"),  # 2
            asked_of(ALICE, "09:20", "review_request_removed"),  # 3
            review(1, ALICE, "commented", "09:30"),  # 4: of nothing
            pull("synchronize", "09:40"),  # 5
            pull("synchronize", "09:50"),  # 6
            review(2, ALICE, "approved", "10:00"),  # 7: of 5
            review(3, ALICE, "commented", "10:10"),  # 8: of nothing
            asked_of(MONALISA, "10:20"),  # 9
            review(4, MONALISA, "approved", "10:20"),  # 10: of 9, in the same second
            asked_of(MONALISA, "10:30"),  # 11
            pull("synchronize", "10:40"),  # 12
            review(5, MONALISA, "approved", "10:50"),  # 13: of 11, the request comes before pushes
            *(asked_of(BOT, f"11:0{of}") for of in range(3)),
            *(review(10 + of, BOT, "approved", f"11:0{of}") for of in range(3)),
            *(review(20 + of, OCTOCAT, "commented", f"11:1{of}") for of in range(3)),
        ),
    )
    assert facts(found)["review_rounds"] == (2, [9, 10, 11, 13])


def test_what_is_open_is_as_old_as_it_is_now_and_stale_when_nobody_else_came(database: str) -> None:
    told = sent(
        pull("opened", "09:00"),
        pull("labeled", "10:00", label={"name": "bug"}, sender=ALICE),
        pull("labeled", "11:00", label={"name": "ui"}, sender=BOT),
        pull("synchronize", "12:00"),
    )
    last = fill(database, told)
    with running(database) as service:
        before = service.client.get(EXPLAIN, params={"min_position": last})
        found = before.json()
        again = service.client.get(EXPLAIN, headers={"If-None-Match": '"", W/""'})
    as_of = datetime.fromisoformat(found["as_of"])
    age = (as_of - datetime.fromisoformat(at("09:00"))).total_seconds()
    assert facts(found)["age"] == (age, [1])
    assert facts(found)["last_activity_at"] == (at("10:00"), [2])
    assert facts(found)["stale"] == (True, [1, 2])
    assert "ETag" not in before.headers
    assert again.status_code == 200


def test_the_draft_history_is_told_in_full(explained: Any) -> None:
    shown = [(one["at"], one["draft"], traced(one["source"])) for one in explained["draft_history"]]
    assert shown == [
        (at("09:00"), True, 1),
        (at("10:00"), False, 10),
        (at("11:05"), True, 24),
        (at("11:06"), False, 25),
    ]


def test_it_says_which_pull_request_it_is(explained: Any) -> None:
    url = "https://github.com/octo/hello/pull/1"
    assert explained["pr"] == {"number": 1, "repository": "octo/greetings", "title": "New", "url": url}


def pull(action: str, clock: str, **fields: Any) -> Told:
    parts = {name: fields.pop(name) for name in ("label", "installation", "sender") if name in fields}
    return "pull_request", payload(action, pull_request=pull_request(1, updated=clock, **fields), **parts)


def merged(clock: str, **fields: Any) -> Told:
    return pull("closed", clock, state="closed", closed_at=at(clock), merged_at=at(clock), **fields)


def review(identity: int, by: Any, state: str, clock: str, **fields: Any) -> Told:
    told = {"id": identity, "user": by, "state": state, "submitted_at": at(clock)}
    about = simple(pull_request(1, updated=clock, **fields))
    return "pull_request_review", payload("submitted", review=told, pull_request=about)


def test_what_was_moved_between_its_neighbours_is_clamped(database: str) -> None:
    """Ready only at 11:30, after the merge at 11:00: no phase is negative, and a label approved nothing."""
    label = {"name": "approved-alice"}
    found = explain(
        database,
        *sent(
            pull("opened", "09:00", draft=True),
            pull("labeled", "10:30", label=label, labels=[label], draft=True, sender=ALICE),
            merged("11:00", draft=True),
            pull("ready_for_review", "11:30", state="closed", closed_at=at("11:00"), merged_at=at("11:00")),
        ),
    )
    ready = boundaries(found)["ready_at"]
    assert (ready["value"], ready["raw_value"], ready["clamped"]) == (at("11:00"), at("11:30"), True)
    assert (ready["imputed"], traced(ready["source"])) == (False, 4)
    assert found["clamped"] is True
    phases = {one["name"]: (one["seconds"], one["clamped"]) for one in found["phases"]}
    assert phases["draft_time"] == (2 * HOUR, True)
    assert phases["pickup_time"] == (0.0, True)
    assert phases["cycle_time"] == (2 * HOUR, False)
    assert passed_over(boundaries(found)["approved_at"]) == [
        (at("10:30"), "label", "alice", "a label ends no phase", 2),
    ]


def lost_ready(*more: Told) -> list[Told]:
    """Opened as a draft at 09:00; that it became ready was not delivered; a push at 10:00 finds it so."""
    return [
        pull("opened", "09:00", draft=True),
        pull("synchronize", "10:00"),
        review(1, MONALISA, "approved", "11:00"),
        *more,
    ]


@pytest.mark.parametrize("more", [[merged("12:00")], [pull("labeled", "11:30", label={"name": "a"})]])
def test_a_lost_ready_for_review_is_inferred_from_the_first_payload_that_says_so(
    database: str, more: list[Told]
) -> None:
    last = fill(database, sent(*lost_ready(*more)))
    with running(database) as service:
        found = service.get(EXPLAIN, min_position=last)
        story = service.get("/api/metrics/pr-story/octo/hello/1")
        (listed,) = service.get("/api/metrics/pull-requests")["data"]
    ready = boundaries(found)["ready_at"]
    assert (ready["value"], ready["raw_value"], ready["imputed"], traced(ready["source"])) == (
        *(at("10:00"), at("10:00"), True),
        2,
    )
    assert ready["rule"] == (
        "opened as a draft, its ready_for_review was not seen: the first payload that says it is no draft"
    )
    assert [(one["at"], one["draft"], one["inferred"], traced(one["source"])) for one in found["draft_history"]] == [
        (at("09:00"), True, False, 1),
        (at("10:00"), False, True, 2),
    ]
    assert (facts(found)["draft_history_known"], facts(found)["draft"][0]) == ((True, [1]), False)
    assert boundaries(found)["approved_at"]["value"] == at("11:00")
    assert listed["ready_at"] == at("10:00")
    told = [(one["event_type"], one["timestamp"], one.get("inferred")) for one in story["events"][:3]]
    assert told == [
        ("pr_opened", at("09:00"), None),
        ("ready_for_review", at("10:00"), True),
        ("commit", at("10:00"), None),
    ]


def test_what_never_was_is_imputed_and_has_no_source(database: str) -> None:
    """Merged as a draft, unreviewed; its author and a bot had said something, and somebody came too late."""
    found = explain(
        database,
        *sent(
            pull("opened", "09:00", draft=True),
            review(1, OCTOCAT, "commented", "09:10", draft=True),
            review(2, BOT, "approved", "09:20", draft=True),
            review(3, MONALISA, "approved", "09:30", draft=True),
            merged("10:00", draft=True),
            review(4, ALICE, "approved", "10:00", draft=True),
        ),
    )
    of = boundaries(found)
    ready, first, approval = of["ready_at"], of["first_review_at"], of["approved_at"]
    assert (ready["value"], ready["imputed"], traced(ready["source"])) == (at("10:00"), True, 5)
    assert [
        (one["value"], one["raw_value"], one["imputed"], one["clamped"], one["source"]) for one in (first, approval)
    ] == [(at("10:00"), None, True, False, None)] * 2
    assert [(actor, why) for _, _, actor, why, _ in passed_over(first)] == [
        ("octocat", "the author's own"),
        ("ci[bot]", "by a bot"),
        ("monalisa", "during the draft"),
        ("alice", "not before the merge"),
    ]
    assert traced(of["first_response_at"]["source"]) == 4
    assert facts(found)["reviewed_in_draft"] == (True, [4])
    imputed = {one["name"] for one in found["phases"] if one["imputed"]}
    assert imputed == {"pickup_time", "review_time", "merge_time"}


def test_what_was_never_seen_says_so(database: str) -> None:
    """It was opened before the webhook existed."""
    found = explain(database, *sent(pull("edited", "10:00")))
    of = boundaries(found)
    assert (of["opened_at"]["value"], traced(of["opened_at"]["source"])) == (at("09:00"), 1)
    assert (of["ready_at"]["value"], of["ready_at"]["imputed"]) == (at("09:00"), True)
    assert "not seen" in of["ready_at"]["rule"]
    assert (of["merged_at"]["value"], of["closed_at"]["value"]) == (None, None)
    assert facts(found)["draft_history_known"] == (False, [])
    assert {one["seconds"] for one in found["phases"]} == {None}


def test_a_number_told_by_a_second_body_under_one_id_is_traced_to_it(database: str) -> None:
    """Both are of the same second: that with the greater hash stands."""
    first = delivery(1, "03-02T12:30", *pull("opened", "09:00"))
    others = (delivery(1, "03-02T12:31", *pull("opened", "09:00", installation=n, additions=7)) for n in count())
    found = explain(database, first, next(one for one in others if one.body_sha256 > first.body_sha256))
    assert facts(found)["size"] == (9, [2])
    (told,) = next(one["sources"] for one in found["facts"] if one["name"] == "size")
    assert told["delivery_id"] == str(first.delivery_id)


def test_what_only_a_second_body_under_one_id_told_has_no_source(database: str) -> None:
    """A review of a bot, one in the draft and one since, none of which a first body told."""
    bodies = [
        pull("opened", "09:00", draft=True),
        review(1, BOT, "approved", "09:10", draft=True),
        review(2, MONALISA, "approved", "09:20", draft=True),
        pull("ready_for_review", "10:00"),
        review(3, ALICE, "commented", "10:30"),
        review(3, ALICE, "commented", "10:30"),
        review(4, BOT, "commented", "10:40"),
    ]
    ids = [1, 1, 1, 2, 1, 3, 4]
    found = explain(database, *[delivery(of, "03-02T12:30", *one) for of, one in zip(ids, bodies, strict=True)])
    told = facts(found)
    assert told["bot_reviews"] == (2, [7])
    assert told["reviewed_in_draft"] == (True, [])
    of = boundaries(found)
    assert (of["first_review_at"]["value"], traced(of["first_review_at"]["source"])) == (at("10:30"), 6)
    assert (of["first_response_at"]["value"], of["first_response_at"]["source"]) == (at("09:20"), None)


def test_told_twice_the_first_delivery_counts_and_order_of_arrival_does_not(database: str) -> None:
    opened = pull("opened", "09:00")
    told = [merged("12:00"), review(1, MONALISA, "approved", "10:00"), opened, (opened[0], {**opened[1], "other": 1})]
    of = boundaries(explain(database, *sent(*told)))
    assert {name: traced(one["source"]) for name, one in of.items()} == {
        "opened_at": 3,
        "ready_at": 3,
        "first_review_at": 2,
        "approved_at": 2,
        "merged_at": 1,
        "closed_at": 1,
        "first_response_at": 2,
    }


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("octo/hello/2", 404, "not_found"),
        ("octo%2Fhello/1", 400, "bad_parameter"),
        ("octo/hello/x", 422, "invalid_parameter"),
        (f"octo/hello/{2**63}", 422, "invalid_parameter"),
        ("octo/%00/1", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_refused(api: Service, path: str, status: int, reason: str) -> None:
    problem(api.client.get(f"/api/metrics/explain/{path}"), status, reason)


def test_what_is_known_by_comments_only_has_no_numbers(database: str) -> None:
    told = payload("created", issue={"number": 3, "pull_request": {}}, comment={"id": 6, "created_at": at("10:05")})
    last = fill(database, sent(("issue_comment", told)))
    with running(database) as service:
        answer = service.client.get("/api/metrics/explain/octo/hello/3", params={"min_position": last})
    assert "comments only" in problem(answer, 404, "not_found")


def lives(database: str) -> list[dict[str, Any]]:
    """What all other endpoints take the numbers from."""
    query = sql.SQL(
        "WITH {} SELECT lifecycle.*, full_name FROM lifecycle JOIN repositories USING (repository_id)"
        " ORDER BY repository_id, number"
    ).format(lifecycle(OF_REPOSITORIES))
    people = {"repository_ids": None, "bot_logins": []}
    with (
        psycopg.connect(database, options="-c timezone=UTC") as connection,
        connection.cursor(row_factory=dict_row) as at,
    ):
        return at.execute(query, people).fetchall()


def test_every_number_of_a_simulated_history_is_explained_and_the_same(database: str) -> None:
    """Whatever is known is led back to a delivery, and nothing differs from what the other endpoints tell."""
    with psycopg.connect(database, autocommit=True) as connection:
        histories.fill(connection, 1500)
        histories.project(database, connection)
    with running(database, projector=False) as service:
        checked = lives(database)
        rounds: dict[str, list[int]] = defaultdict(list)
        told = listed(service)
        for life in checked:
            found = service.get(f"/api/metrics/explain/{life['full_name']}/{life['number']}")
            for boundary in found["boundaries"]:
                raw = boundary["raw_value"]
                assert (raw and datetime.fromisoformat(raw)) == life[boundary["name"]], boundary
                assert raw is None or boundary["source"] is not None, boundary
            for phase in found["phases"]:
                assert phase["seconds"] == life[phase["name"]], phase
            of = {one["name"]: one["value"] for one in found["facts"]}
            if of["review_rounds"] is not None:
                rounds[life["full_name"]].append(of["review_rounds"])
            row = told[life["full_name"], life["number"]]
            assert of["stale"] == row["stale"]
            # The list was asked for earlier.
            assert (of["age"] is None) == (row["age"] is None)
            assert of["age"] is None or of["age"] == pytest.approx(row["age"], abs=600)
            for fact in found["facts"]:
                assert fact["name"] in DERIVED or fact["value"] == life[fact["name"]], fact
                assert fact["value"] in (None, False, 0) or fact["sources"] or fact["name"] in SOURCELESS, fact
        assert rounds
        for name, of_each in rounds.items():
            known = service.get("/api/metrics/reviewers", repositories=name)["summary"]["review_rounds"]
            assert (known["count"], known["median"]) == (len(of_each), round(statistics.median(of_each), 1))
            assert known["mean"] == pytest.approx(statistics.mean(of_each), abs=0.051)
    assert len(checked) > 20
    assert any(life["merged"] and life["first_review_at"] for life in checked)


def listed(service: Service) -> dict[tuple[str, int], Any]:
    """The list of pull requests, by name of the repository and number."""
    found: dict[tuple[str, int], Any] = {}
    for page in count(1):
        answer = service.get("/api/metrics/pull-requests", actors="all", page=page, page_size=100)
        found |= {(one["repository"], one["number"]): one for one in answer["data"]}
        if not answer["pagination"]["has_next"]:
            break
    return found


DERIVED = {"review_rounds", "age", "last_activity_at", "stale"}
"""What is no column of a life."""
SOURCELESS = {"merged_without_review"}
"""What is so because nothing happened."""
