"""LIFECYCLE: the boundaries and phases of pull requests made by hand, with what docs/metrics.md says of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from projections.queries.lifecycle import OF_REPOSITORIES, ONE, READS, lifecycle
from replay import load
from replay.event import Event
from replay.fold import fold
from tests.events import REPOSITORY, at, make_event, moment, payload, projection, pull_request, simple, user
from tests.service import clone

Connection = psycopg.Connection[Any]
Told = tuple[str, dict[str, Any]]

HOUR = 3600.0
OCTOCAT, MONALISA, ALICE = user("octocat", 5), user("monalisa", 2), user("alice", 9)
CI, HUBOT = user("ci[bot]", 10, "Bot"), user("hubot", 11)
OTHER = {"id": 8, "full_name": "octo/other"}


def pull(action: str, clock: str, *, repository: Any = None, sender: Any = OCTOCAT, **fields: Any) -> Told:
    body = payload(action, pull_request=pull_request(1, updated=clock, **fields), sender=sender)
    return "pull_request", body if repository is None else {**body, "repository": repository}


def opened(**fields: Any) -> Told:
    return pull("opened", "09:00", **fields)


def ready(clock: str, **fields: Any) -> Told:
    return pull("ready_for_review", clock, **fields)


def closed(clock: str, **fields: Any) -> Told:
    return pull("closed", clock, **{"state": "closed", "closed_at": at(clock), **fields})


def merged(clock: str = "12:00", **fields: Any) -> Told:
    return closed(clock, **{"merged_at": at(clock), **fields})


def review(state: str, by: Any, clock: str, /, *, identity: int = 0, action: str = "submitted", **fields: Any) -> Told:
    told = {"id": identity or int(clock.replace(":", "")), "user": by, "state": state, "submitted_at": at(clock)}
    about = simple(pull_request(1, updated=fields.pop("updated", clock), **fields))
    return "pull_request_review", payload(action, review=told, pull_request=about, sender=by)


def comment(by: Any, clock: str) -> Told:
    told = {"id": int(clock.replace(":", "")), "user": by, "created_at": at(clock), "body": "?"}
    issue = {"number": 1, "pull_request": {}, "updated_at": at(clock)}
    return "issue_comment", payload("created", comment=told, issue=issue, sender=by)


def code_comment(by: Any, clock: str, **fields: Any) -> Told:
    told = {"id": int(clock.replace(":", "")), "user": by, "created_at": at(clock), "body": "?"}
    about = simple(pull_request(1, updated=clock, **fields))
    return "pull_request_review_comment", payload("created", comment=told, pull_request=about, sender=by)


def labeled(label: str, clock: str, **fields: Any) -> Told:
    kind, body = pull("labeled", clock, labels=[{"name": label}], sender=CI, **fields)
    return kind, {**body, "label": {"name": label}}


@pytest.fixture(scope="module")
def connection(server: str, template: str) -> Iterator[Connection]:
    with clone(server, template) as database, psycopg.connect(database, autocommit=True) as opened:
        opened.execute("SET timezone TO 'UTC'")
        yield opened


def tell(connection: Connection, told: Iterable[Told]) -> None:
    """Put these events, and no others, into the tables that LIFECYCLE reads."""
    enter(connection, [make_event(kind, body, position) for position, (kind, body) in enumerate(told, start=1)])


def enter(connection: Connection, events: list[Event[Any]]) -> None:
    for name in READS:
        connection.execute(f"TRUNCATE {name}_g1.{name}".encode())
    declared = [projection(name) for name in READS]
    folded, _last = fold(declared, events)
    with connection.transaction():
        for one, held in zip(declared, folded, strict=True):
            assert held.parks == []
            load.load(connection, one, f"{one.name}_g1", held.rows)


def lives(connection: Connection, condition: Any = OF_REPOSITORIES, **arguments: Any) -> list[dict[str, Any]]:
    """What LIFECYCLE says of the pull requests, by repository and number."""
    given = {"repository_ids": None, "bot_logins": ["hubot"], **arguments}
    query = sql.SQL("WITH {} SELECT * FROM lifecycle ORDER BY repository_id, number").format(lifecycle(condition))
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, given).fetchall()


PHASES = ("draft_time", "pickup_time", "review_time", "merge_time")


def phases(draft: float, pickup: float, review_: float, merge: float, imputed: str = "") -> dict[str, Any]:
    """Hours of each phase; `imputed` names those that are."""
    named = dict(zip(PHASES, (draft * HOUR, pickup * HOUR, review_ * HOUR, merge * HOUR), strict=True))
    flags = {f"{name}_imputed": name in imputed.split() for name in ("pickup", "review", "merge")}
    return {**named, **flags, "cycle_time": sum(named.values())}


NEVER_REVIEWED = {"first_review_at": None, "time_to_first_review": None, "merged_without_review": True}
NEVER_APPROVED = {"approved_at": None, "time_to_approval": None}
UNMERGED = {
    **dict.fromkeys((*PHASES, "cycle_time", "publish_to_merge", "ready_boundary", "merge_boundary")),
    **dict.fromkeys(("pickup_imputed", "review_imputed", "merge_imputed", "clamped", "merged_without_review"), False),
}

CASES: dict[str, tuple[list[Told], dict[str, Any]]] = {
    "reviewed, approved, merged": (
        [opened(), review("commented", MONALISA, "10:00"), review("approved", ALICE, "11:00"), merged()],
        {
            **phases(0, 1, 1, 1),
            "opened_at": "09:00",
            "ready_at": "09:00",
            "first_review_at": "10:00",
            "first_response_at": "10:00",
            "approved_at": "11:00",
            "merged_at": "12:00",
            "ready_boundary": "09:00",
            "review_boundary": "10:00",
            "approval_boundary": "11:00",
            "merge_boundary": "12:00",
            "publish_to_merge": 3 * HOUR,
            "time_to_first_review": HOUR,
            "time_to_first_response": HOUR,
            "time_to_approval": 2 * HOUR,
            "draft_history_known": True,
            "reviewed_in_draft": False,
            "merged_without_review": False,
            "clamped": False,
            "bot_reviews": 0,
            "reopened": 0,
        },
    ),
    "merged without a review": (
        [opened(), merged()],
        {
            **phases(0, 3, 0, 0, "pickup review merge"),
            **NEVER_REVIEWED,
            **NEVER_APPROVED,
            "first_response_at": None,
            "clamped": False,
        },
    ),
    "reviewed, never approved": (
        [opened(), review("changes_requested", MONALISA, "10:00"), merged()],
        {**phases(0, 1, 2, 0, "review merge"), **NEVER_APPROVED, "merged_without_review": False},
    ),
    "changes are requested": (
        [
            opened(draft=True),
            review("changes_requested", MONALISA, "09:30", draft=True),
            ready("10:00"),
            review("commented", MONALISA, "10:30"),
            review("changes_requested", ALICE, "11:00"),
        ],
        {"changes_requested_at": "11:00", "time_to_changes_requested": HOUR, "time_to_first_review": HOUR / 2},
    ),
    "a draft": (
        [opened(draft=True), ready("10:00"), review("approved", MONALISA, "11:00"), merged()],
        {**phases(1, 1, 0, 1), "publish_to_merge": 2 * HOUR, "time_to_first_review": HOUR, "time_to_approval": HOUR},
    ),
    "a draft, ready, a draft again: the first ready counts, and so does a review since": (
        [
            opened(draft=True),
            ready("09:30"),
            pull("converted_to_draft", "10:00", draft=True),
            review("commented", MONALISA, "10:30", draft=True),
            ready("11:00"),
            review("approved", MONALISA, "11:30"),
            merged(),
        ],
        {**phases(0.5, 1, 1, 0.5), "ready_at": "09:30", "reviewed_in_draft": False},
    ),
    "ready_for_review was lost: ready from the first payload that says so": (
        [
            opened(draft=True),
            review("commented", MONALISA, "09:15", draft=True),
            pull("synchronize", "09:30"),
            review("approved", MONALISA, "10:30"),
            merged(),
        ],
        {
            **phases(0.5, 1, 0, 1.5),
            "ready_at": "09:30",
            "first_review_at": "10:30",
            "approved_at": "10:30",
            "reviewed_in_draft": True,
            "draft_history_known": True,
            "clamped": False,
            "time_to_first_review": HOUR,
        },
    ),
    "merged while a draft": (
        [opened(draft=True), review("approved", MONALISA, "10:00", draft=True), merged(draft=True)],
        {
            **phases(3, 0, 0, 0, "pickup review merge"),
            **NEVER_APPROVED,
            "ready_at": "12:00",
            "first_review_at": None,
            "reviewed_in_draft": True,
            "merged_without_review": False,
            "first_response_at": "10:00",
        },
    ),
    "reviewed before it was ready": (
        [
            opened(draft=True),
            review("approved", MONALISA, "09:30", draft=True),
            ready("10:00"),
            review("commented", MONALISA, "11:00"),
            merged(),
        ],
        {
            **phases(1, 1, 1, 0, "review merge"),
            **NEVER_APPROVED,
            "first_review_at": "11:00",
            "reviewed_in_draft": True,
            "time_to_first_response": HOUR / 2,
        },
    ),
    "reviewed at the second in which it became ready": (
        [opened(draft=True), ready("10:00"), review("approved", MONALISA, "10:00"), merged()],
        {**phases(1, 0, 0, 2), "reviewed_in_draft": False},
    ),
    "the author's own review and comments": (
        [opened(), review("commented", OCTOCAT, "09:10"), comment(OCTOCAT, "09:20"), merged()],
        {**phases(0, 3, 0, 0, "pickup review merge"), **NEVER_REVIEWED, "first_response_at": None, "bot_reviews": 0},
    ),
    "the author under a new name": (
        [opened(), review("approved", user("octodog", 5), "09:10"), merged()],
        {**phases(0, 3, 0, 0, "pickup review merge"), **NEVER_REVIEWED},
    ),
    "a bot, and one that the settings name, review first": (
        [
            opened(),
            review("approved", CI, "09:10"),
            review("approved", HUBOT, "09:20"),
            comment(CI, "09:30"),
            review("approved", MONALISA, "10:00"),
            merged(),
        ],
        {**phases(0, 1, 0, 2), "bot_reviews": 2, "first_response_at": "10:00", "approved_at": "10:00"},
    ),
    "an approval that is dismissed was one": (
        [
            opened(),
            review("approved", MONALISA, "10:00", identity=1),
            review("dismissed", MONALISA, "10:00", identity=1, action="dismissed", updated="10:30"),
            review("approved", MONALISA, "11:00", identity=2),
            merged(),
        ],
        {**phases(0, 1, 0, 2), "approved_at": "10:00"},
    ),
    "a review of which only the dismissal was seen is a review, of unknown state": (
        [
            opened(),
            review("dismissed", MONALISA, "10:00", identity=1, action="dismissed", updated="10:30"),
            merged(),
        ],
        {**phases(0, 1, 2, 0, "review merge"), **NEVER_APPROVED, "first_review_at": "10:00"},
    ),
    "an edited review is the same review": (
        [
            opened(),
            review("commented", MONALISA, "10:00", identity=1),
            review("commented", MONALISA, "10:00", identity=1, action="edited", updated="11:30"),
            merged(),
        ],
        {"first_review_at": "10:00", "first_response_at": "10:00"},
    ),
    "a label approves nothing here": (
        [opened(), review("commented", MONALISA, "10:00"), labeled("approved-alice", "11:00"), merged()],
        {**phases(0, 1, 2, 0, "review merge"), **NEVER_APPROVED},
    ),
    "opened before the webhook existed, as a draft for all we know": (
        [ready("10:00"), review("approved", MONALISA, "11:00"), merged()],
        {**phases(0, 2, 0, 1), "opened_at": "09:00", "ready_at": "09:00", "draft_history_known": False},
    ),
    "first seen through a review": (
        [review("approved", MONALISA, "10:00")],
        {
            **UNMERGED,
            "opened_at": "09:00",
            "ready_at": "09:00",
            "draft_history_known": False,
            "time_to_first_review": HOUR,
            "time_to_approval": HOUR,
        },
    ),
    "reopened, told twice, then merged": (
        [
            opened(),
            closed("10:00"),
            pull("reopened", "10:30"),
            pull("reopened", "10:30", title="the same, told again"),
            review("approved", MONALISA, "11:00"),
            merged(),
        ],
        {**phases(0, 2, 0, 1), "reopened": 1, "closed_at": "12:00", "merged_at": "12:00"},
    ),
    "closed unmerged, reopened, closed again": (
        [
            opened(),
            closed("10:00"),
            pull("reopened", "10:30"),
            closed("11:00"),
            review("approved", MONALISA, "11:30", state="closed", closed_at=at("11:00")),
        ],
        {**UNMERGED, "closed_at": "11:00", "reopened": 1, "first_review_at": "11:30", "time_to_approval": 2.5 * HOUR},
    ),
    "open": ([opened()], {**UNMERGED, **NEVER_APPROVED, "closed_at": None, "first_response_at": None}),
    "a draft that never was ready": (
        [opened(draft=True), review("approved", MONALISA, "10:00", draft=True)],
        {
            **UNMERGED,
            **NEVER_APPROVED,
            "ready_at": None,
            "first_review_at": None,
            "reviewed_in_draft": True,
            "time_to_first_response": HOUR,
        },
    ),
    "reviewed and approved after the merge only": (
        [
            opened(),
            merged(),
            review("approved", MONALISA, "12:30", state="closed", closed_at=at("12:00"), merged_at=at("12:00")),
        ],
        {
            **phases(0, 3, 0, 0, "pickup review merge"),
            **NEVER_REVIEWED,
            **NEVER_APPROVED,
            "first_response_at": "12:30",
        },
    ),
    "ready only after the merge, by what was told": (
        [
            opened(draft=True),
            merged(draft=True),
            ready("13:00", state="closed", closed_at=at("12:00"), merged_at=at("12:00")),
        ],
        {**phases(3, 0, 0, 0, "pickup review merge"), "ready_at": "13:00", "ready_boundary": "12:00", "clamped": True},
    ),
    "merged before it was opened, by what was told": (
        [opened(), merged("08:00")],
        {
            **phases(0, 0, 0, 0, "pickup review merge"),
            "merged_at": "08:00",
            "merge_boundary": "09:00",
            "clamped": True,
        },
    ),
    "a comment is a response, and no review": (
        [
            opened(draft=True),
            comment(ALICE, "09:15"),
            code_comment(MONALISA, "09:30", draft=True),
            ready("10:00"),
            merged(),
        ],
        {**phases(1, 2, 0, 0, "pickup review merge"), **NEVER_REVIEWED, "time_to_first_response": HOUR / 4},
    ),
    "a comment on the code is a response": (
        [opened(), code_comment(MONALISA, "09:30"), comment(ALICE, "09:45"), merged()],
        {"first_response_at": "09:30"},
    ),
    "a ghost reviews": (
        [opened(), review("approved", None, "10:00"), merged()],
        {**phases(0, 1, 0, 2), "merged_without_review": False},
    ),
    "a ghost reviews a ghost's: not known to be one person": (
        [opened(user=None), review("approved", None, "10:00", user=None), merged(user=None)],
        {**phases(0, 1, 0, 2)},
    ),
}


def shown(value: Any) -> Any:
    return f"{value:%H:%M}" if isinstance(value, datetime) else value


@pytest.mark.parametrize(("told", "expected"), CASES.values(), ids=CASES)
def test_the_life_of(connection: Connection, told: list[Told], expected: dict[str, Any]) -> None:
    tell(connection, told)
    (found,) = lives(connection)
    assert {name: shown(found[name]) for name in expected} == expected


@pytest.fixture
def two(connection: Connection) -> Connection:
    """Number 1 in two repositories."""
    about = {"repository": OTHER, "created_at": at("06:00")}
    tell(
        connection,
        [
            opened(),
            review("approved", MONALISA, "10:00"),
            pull("opened", "06:00", **about),
            merged(),
            merged("07:00", **about),
        ],
    )
    return connection


def test_the_same_number_in_two_repositories_is_two_lives(two: Connection) -> None:
    found = [(one["repository_id"], one["cycle_time"], one["first_review_at"]) for one in lives(two)]
    assert found == [(REPOSITORY, 3 * HOUR, moment("10:00")), (8, HOUR, None)]


def test_conditions(two: Connection) -> None:
    assert [one["repository_id"] for one in lives(two, repository_ids=[8])] == [8]
    assert [one["repository_id"] for one in lives(two, ONE, repository_id=REPOSITORY, number=1)] == [REPOSITORY]
    assert lives(two, ONE, repository_id=REPOSITORY, number=2) == []
    assert lives(two, repository_ids=[]) == []


def test_a_changed_list_of_bots_changes_history(connection: Connection) -> None:
    tell(connection, [opened(), review("approved", HUBOT, "10:00"), merged()])
    assert [one["first_review_at"] for one in lives(connection)] == [None]
    assert [one["first_review_at"] for one in lives(connection, bot_logins=[])] == [moment("10:00")]


# ── Cost ───────────────────────────────────────────────────────────────────────────────────────────────────────────

MANY = """
INSERT INTO pull_requests_g1.pull_requests (repository_id, number, opened_as_draft, created_at, merged_at, author)
SELECT 1 + i % 10, i / 10, false, timestamptz '2020-01-01' + i * interval '6 hours',
       timestamptz '2020-01-02' + i * interval '6 hours', 'octocat' FROM generate_series(1, 5000) AS i;
INSERT INTO pr_reviews_g1.pr_reviews (repository_id, review_id, number, state, submitted_at, reviewer)
SELECT repository_id, number, number, 'approved', created_at, 'monalisa' FROM pull_requests_g1.pull_requests;
INSERT INTO comments_g1.comments (repository_id, on_code, comment_id, number, created_at, author)
SELECT repository_id, false, number, number, created_at, 'monalisa' FROM pull_requests_g1.pull_requests;
INSERT INTO pr_events_g1.pr_events (repository_id, number, delivery_id, at, event_type, action)
SELECT repository_id, number, gen_random_uuid(), created_at, 'pull_request', action
FROM pull_requests_g1.pull_requests, unnest(ARRAY['opened', 'closed', 'reopened']) AS action;
INSERT INTO actors_g1.actors (actor_id, login, type)
SELECT i, 'user' || i, CASE WHEN i % 100 = 0 THEN 'Bot' ELSE 'User' END FROM generate_series(1, 5000) AS i;
"""
TABLES = {"pull_requests", "pr_reviews", "comments", "pr_events"}


@pytest.fixture(scope="module")
def many(connection: Connection) -> Connection:
    for name in READS:
        connection.execute(f"TRUNCATE {name}_g1.{name}".encode())
    connection.execute(MANY)
    connection.execute("ANALYZE")
    return connection


def scanned(node: dict[str, Any]) -> set[tuple[str, str]]:
    """(table, how it is read) of a plan."""
    found = {(node["Relation Name"], node["Node Type"])} if "Relation Name" in node else set()
    return found.union(*(scanned(child) for child in node.get("Plans", [])))


def plan(connection: Connection, condition: Any, columns: str) -> set[tuple[str, str]]:
    given = {"repository_ids": None, "bot_logins": [], "repository_id": 3, "number": 100, "at": moment("09:00")}
    query = sql.SQL("EXPLAIN (FORMAT JSON) WITH {} SELECT {} FROM lifecycle")
    told = connection.execute(query.format(lifecycle(condition), sql.SQL(columns)), given).fetchone()  # type: ignore[arg-type]
    assert told is not None
    return scanned(told[0][0]["Plan"])


EVERYTHING = "cycle_time, clamped, first_response_at, bot_reviews, reopened, merged_without_review"
RECENT = "p.merged_at >= timestamptz '2023-06-01'"


def test_one_pull_request_is_found_by_indexes_alone(many: Connection) -> None:
    found = plan(many, ONE, EVERYTHING)
    assert {table for table, _ in found} >= TABLES
    assert {how for table, how in found if table in TABLES} <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}


def test_what_was_merged_lately_is_found_by_indexes_alone(many: Connection) -> None:
    found = plan(many, RECENT, EVERYTHING)
    assert not {how for table, how in found if table in TABLES} & {"Seq Scan"}


def test_what_is_not_asked_for_is_not_read(many: Connection) -> None:
    def read(columns: str) -> set[str]:
        return {table for table, _ in plan(many, OF_REPOSITORIES, columns)} & TABLES

    assert read("cycle_time") == {"pull_requests"}
    assert read("pickup_time") == {"pull_requests", "pr_reviews"}
    assert read("reopened") == {"pull_requests", "pr_events"}
