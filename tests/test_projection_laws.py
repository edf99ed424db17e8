"""The laws that hold for every projection, whatever it is about: order, duplication and batching cannot be seen in
its table (law 4), nor can a second projector (law 6), nor a neighbour that cannot be applied.
"""

import ast
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import ARRAY

import projections
from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from projections import catalog
from projections.catalog import active_projections
from projections.decode import decode
from replay import generations, load, log, parking, projector
from replay.compression import Compressor
from replay.errors import ProjectorFenced
from replay.event import Delivery, Event, Source
from replay.fold import Folded, fold
from replay.merges import Key, Row, Total, Versioned, key, total
from replay.projection import Projection
from replay.projector import Projector
from tests.events import at, make_event, payload, pull_request, simple, user
from tests.example_payloads import example_payloads
from tests.service import running
from tests.stored import stored_rows

PROJECTIONS = active_projections()
BY_NAME = pytest.mark.parametrize("declared", PROJECTIONS, ids=lambda declared: declared.name)
BOUNDED = settings(max_examples=5, deadline=None, derandomize=True, database=None, phases=[Phase.generate])


# The history


def simulated() -> Iterator[tuple[str, bytes]]:
    until = datetime(2026, 9, 1, tzinfo=UTC)
    for delivery in simulate(seed=3, until=until, days=60, pull_requests=6):
        yield delivery.event_type, delivery.body


def adversarial() -> Iterator[tuple[str, Any]]:
    """Ties with different bodies, ghosts, partial and hostile payloads, and facts told out of order."""
    opened = pull_request(1, draft=True, updated="09:00")
    closed = pull_request(1, state="closed", closed_at=at("11:00"), updated="11:00")
    merged = {**closed, "merged_at": at("11:00"), "merged_by": user("hubot", 9, "Bot"), "merge_commit_sha": "c" * 40}
    for action, pull in [
        *(("closed", merged), ("closed", closed), ("reopened", pull_request(1, updated="11:00"))),
        *(("ready_for_review", pull_request(1, updated="10:00")), ("opened", opened)),
        *(("converted_to_draft", pull_request(1, draft=True, updated="10:00", title="another body, the same second")),),
        *(("ready_for_review", pull_request(1, updated="10:30")), ("edited", {**merged, "user": None})),
        *(("labeled", {**opened, "labels": [{"name": "é"}, {"name": None}]}), ("opened", {"number": 1})),
        *(("opened", {**opened, "number": None}), ("opened", {**opened, "head": None, "base": {"repo": None}})),
        *(("edited", {**merged, "title": "NUL \x00", "additions": 2**70}), ("edited", {**merged, "labels": {}})),
        *(("edited", {**merged, "updated_at": "0001-01-01T00:00:00Z"}), ("edited", {**merged, "updated_at": None})),
        *(("edited", {**merged, "id": -(2**63), "additions": 2**63 - 1, "deletions": 2**63 - 1}), ("edited", [])),
    ]:
        yield "pull_request", payload(action, pull_request=pull, label={"name": "é"})
        yield "pull_request", payload(action, pull_request=pull, sender=None)
        yield "pull_request_review_comment", payload(action, pull_request=pull, comment={"id": 1})
    for action, state in [("dismissed", "dismissed"), ("edited", "approved"), ("submitted", "APPROVED")]:
        for by in (user("monalisa", 2), None, {"id": 2, "login": None}):
            review = {"id": 50, "state": state, "user": by, "submitted_at": at("10:00"), "body": f"{action} {by}"}
            yield "pull_request_review", payload(action, review=review, pull_request=simple(opened))
    for status, ended in [("completed", "10:05"), ("completed", "10:09"), ("in_progress", None), ("queued", None)]:
        run = {
            "id": 3,
            "name": "test",
            "status": status,
            "started_at": at("10:00"),
            "completed_at": ended and at(ended),
        }
        yield "check_run", payload(check_run={**run, "conclusion": "success", "pull_requests": [{"number": 1}, {}]})
        yield "check_run", payload(check_run={**run, "conclusion": "failure", "check_suite": [], "app": {"id": "x"}})
        yield "workflow_job", payload(workflow_job={**run, "created_at": at("09:59"), "labels": ["x", None, 5]})
    yield "push", {**payload(), "after": "d" * 40, "head_commit": {"timestamp": "2190-01-01T00:00:00Z"}}
    yield "push", payload(after="d" * 40, repository={"id": 7, "full_name": "octo/new", "pushed_at": 1772500000})
    yield "pull_request", payload("opened", repository={"id": 7, "full_name": None}, pull_request=opened)
    yield "pull_request", {"action": "opened", "pull_request": opened}
    for body in (b"", b"null", b"[]", b"{", b'{"action": "\\ud800"}', b"\xff", b"[" * 5000, b'{"action": NaN}'):
        yield "pull_request", body
    yield "an_event_of_tomorrow", payload("unheard_of", pull_request=opened)


def reported() -> Iterator[dict[str, Any]]:
    for number, used in enumerate([40, 10, 25]):
        report = {"reporter": f"bot {number}", "delivery_id": str(uuid.UUID(int=number + 1)), "status": "partial"}
        yield {**report, "calls": 2 + number, "used": used, "remaining": 5000 - used, "reset_at": at("13:00")}
    yield {"reporter": "é", "report_id": "alone", "calls": 1}


@cache
def history() -> tuple[Event[Any], ...]:
    """Events at their positions, about half of them told again under a new delivery id or, with another body,
    under the same.
    """
    told: list[tuple[str, Any]] = [*simulated(), *example_payloads(), *adversarial()]
    chance = random.Random(5)
    told += [(event_type, body) for event_type, body in told if chance.random() < 0.25]
    events = []
    for position, (event_type, body) in enumerate(told, start=1):
        read = decode(event_type, body).payload if isinstance(body, bytes) else None
        known = {"repository_id": read.repository.id} if read is not None and read.repository is not None else {}
        events.append(make_event(event_type, body, position, **known))
    for event in chance.sample(events, 60):
        other = chance.choice(events)
        again = {"position": len(events) + 1, "repeat": True, "delivery_id": other.delivery_id}
        events.append(msgspec.structs.replace(event, **again))
    for report in reported():
        events.append(make_event("usage_report", report, len(events) + 1, source=Source.REPORT))
    return tuple(events)


def counts(declared: Projection) -> bool:
    """Whether it has totals, which count each event of the log once."""
    return any(isinstance(merge, Total) for merge in declared.columns)


def as_table(declared: Projection, rows: dict[Any, Row]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {row[: len(declared.key)]: row for row in load.values(declared, rows.values())}


def folded(declared: Projection, events: Sequence[Event[Any]]) -> dict[Any, Row]:
    ((one,), _last) = fold([declared], events)
    assert one.parks == []
    return one.rows


@cache
def expected(name: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    declared = next(declared for declared in PROJECTIONS if declared.name == name)
    return as_table(declared, folded(declared, history()))


def reordered(declared: Projection, seed: int) -> list[list[Event[Any]]]:
    """The history in another order, in batches, with events applied twice where nothing is counted."""
    chance = random.Random(seed)
    events = list(history())
    if not counts(declared):
        events += chance.sample(events, len(events) // 3)
    chance.shuffle(events)
    ends = [0, *sorted(chance.sample(range(1, len(events)), 5)), len(events)]
    return [events[start:end] for start, end in pairwise(ends)]


# Law 4


@BY_NAME
@BOUNDED
@given(seed=st.integers(0, 2**32))
def test_any_order_batching_and_duplication_gives_the_same_table(declared: Projection, seed: int) -> None:
    whole = Folded(declared)
    for batch in reordered(declared, seed):
        whole.merge((key, dict(row)) for key, row in folded(declared, batch).items())
    assert as_table(declared, whole.rows) == expected(declared.name)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "declared", [declared for declared in PROJECTIONS if declared.settled], ids=lambda declared: declared.name
)
def test_what_an_event_states_changes_nothing_once_it_is_settled(declared: Projection, seed: int) -> None:
    """Beginning anywhere: also with rows that are older than those to come, and of other names."""
    assert declared.settled is not None
    events = [event for batch in reordered(declared, seed) for event in batch]
    held, settled = Folded(declared), 0
    for event in events:
        stated = [(declared.key_of(row), row) for row in declared.rows(event)]
        before = [(key, dict(held.rows[key])) for key, _row in stated if key in held.rows]
        said = declared.settled(event, held.rows)
        held.merge((key, dict(row)) for key, row in stated)
        if said:
            settled += bool(stated)
            assert [(key, held.rows[key]) for key, _row in stated] == before
    assert settled > len(events) // 10


def test_the_history_speaks_of_every_projection() -> None:
    assert [declared.name for declared in PROJECTIONS if not declared.optional and not expected(declared.name)] == []


@pytest.mark.parametrize(("seed", "stage_from"), [(1, 200), (2, 1), (3, 10_000)])
def test_any_order_gives_the_same_table_in_postgresql(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, seed: int, stage_from: int
) -> None:
    monkeypatch.setattr(load, "STAGE_FROM", stage_from)
    for declared in PROJECTIONS:
        for batch in reordered(declared, seed):
            with connection.transaction():
                load.load(connection, declared, f"{declared.name}_g1", folded(declared, batch))
        assert stored(connection, declared) == expected(declared.name), declared.name


def stored(connection: psycopg.Connection[Any], declared: Projection) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    found = stored_rows(connection, declared, f"{declared.name}_g1")
    return {row[: len(declared.key)]: row for row in found}


# Odd payloads

ODD: list[Any] = [
    *(None, [], {}, "", "x", "NUL \x00", 0, -1, 2**63 - 1, -(2**63), 2**64, 1e300, True, [None], [[]], {"id": None}),
    *("0001-01-01T00:00:00Z", "2026-03-02T10:00:00", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00+14:00", "a" * 5000),
]


def mutated(value: Any, chance: random.Random, odds: float) -> Any:
    """The value with some of what is in it replaced by something odd."""
    if chance.random() < odds:
        return chance.choice(ODD)
    match value:
        case dict():
            return {name: mutated(inner, chance, odds) for name, inner in value.items()}
        case list():
            return [mutated(inner, chance, odds) for inner in value]
    return value


@cache
def odd_events() -> tuple[Event[Any], ...]:
    chance = random.Random(11)
    told = [(event_type, body) for event_type, body in example_payloads() for _ in range(2)]
    events = []
    for position, (event_type, body) in enumerate(told, start=1):
        odd = {name: mutated(part, chance, chance.choice([0.005, 0.05, 0.3])) for name, part in body.items()}
        events.append(make_event(event_type, odd, position, repository_id=chance.choice([0, 7])))
    return tuple(events)


@pytest.mark.parametrize("stage_from", [1, 10_000], ids=["copied", "inserted"])
def test_no_payload_is_so_odd_that_a_projection_cannot_apply_it(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, stage_from: int
) -> None:
    monkeypatch.setattr(load, "STAGE_FROM", stage_from)
    for declared in PROJECTIONS:
        rows = folded(declared, odd_events())
        with connection.transaction():
            load.load(connection, declared, f"{declared.name}_g1", rows)
        assert stored(connection, declared) == as_table(declared, rows), declared.name


# Purity


def moved(event: Event[Any]) -> Event[Any]:
    """The same body, delivered again: later, elsewhere in the log, under another id."""
    later = timedelta(days=40)
    return msgspec.structs.replace(
        event,
        position=event.position + 10_000,
        delivery_id=uuid.UUID(int=event.position + 10_000),
        hook_id=77,
        received_at=event.received_at + later,
        handed_over_at=event.handed_over_at + later,
        appended_at=event.appended_at + later,
    )


@BY_NAME
def test_versioned_groups_come_from_the_body_alone(declared: Projection) -> None:
    groups = [merge for merge in declared.columns if isinstance(merge, Versioned)]
    names = [name for group in groups for name in (group.version, *(column.name for column in group.columns))]

    def told(event: Event[Any]) -> list[list[Any]]:
        return [[row.get(name) for name in names] for row in declared.rows(event)]

    for event in history():
        if names and declared.wants(event.event_type):
            assert told(event) == told(moved(event))


@BY_NAME
def test_a_group_is_stated_with_its_version(declared: Projection) -> None:
    known = set(declared.names)
    for event in history():
        for row in declared.rows(event) if declared.wants(event.event_type) else ():
            assert set(row) <= known
            for merge in declared.columns:
                if isinstance(merge, Versioned) and any(column.name in row for column in merge.columns):
                    assert row[merge.version] is not None


@BY_NAME
def test_rows_do_not_depend_on_clock_zone_or_call(declared: Projection, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event for event in history() if declared.wants(event.event_type)]
    before = [list(declared.rows(event)) for event in events]
    try:
        for zone in ("Pacific/Kiritimati", "America/St_Johns"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert [list(declared.rows(event)) for event in events] == before
    finally:
        monkeypatch.undo()
        time.tzset()


IMPURE_MODULES = {
    *("random", "secrets", "socket", "ssl", "http", "urllib.request", "httpx2", "requests", "subprocess"),
    *("os", "time", "threading", "locale", "github_metrics"),
}
IMPURE_CALLS = {"now", "today", "utcnow", "localtime", "uuid1", "uuid4", "getenv", "open", "urandom", "monotonic"}


def impurities(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name in IMPURE_MODULES)
            case ast.ImportFrom(module=str(module)) if (
                module in IMPURE_MODULES or module.split(".")[0] in IMPURE_MODULES
            ):
                yield module
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in IMPURE_CALLS:
                yield f"{name}()"


@pytest.mark.parametrize("path", sorted(Path(projections.__path__[0]).rglob("*.py")), ids=lambda path: path.stem)
def test_lint_projections_know_no_clock_no_chance_and_no_network(path: Path) -> None:
    assert list(impurities(path.read_text())) == []


def test_lint_read_models_do_not_know_what_is_asked_of_them() -> None:
    """A change of a query changes no table, and a projector loads none."""
    read_models = Path(projections.__path__[0]).glob("*.py")
    assert [path.name for path in read_models if "projections.queries" in path.read_text()] == []


def test_the_lint_sees_what_it_forbids() -> None:
    source = "import random\nfrom os import environ\ndatetime.now(UTC)\nopen('x')\nimport re"
    assert sorted(impurities(source)) == ["now()", "open()", "os", "random"]


# Declarations

GLOBAL = {"actors", "api_usage", "usage_reports", "webhook_events"}
"""What belongs to no repository, or is told of by reports too, which name none."""


@BY_NAME
def test_rows_of_a_repository_are_keyed_by_it_first(declared: Projection) -> None:
    assert (declared.key[0] == "repository_id") is (declared.name not in GLOBAL)


@BY_NAME
def test_text_is_compared_by_its_bytes(declared: Projection) -> None:
    for column in declared.stored:
        kind = column.type.item_type if isinstance(column.type, ARRAY) else column.type
        assert not isinstance(kind, Text) or kind.collation == "C", column.name


@BY_NAME
def test_every_wanted_event_is_one_of_the_history(declared: Projection) -> None:
    told = {event.event_type for event in history()}
    assert declared.events is None or declared.events <= told
    assert isinstance(declared.columns[0], Key)


# The log and the projector


def append(connection: psycopg.Connection[Any], events: Sequence[Event[Any]]) -> None:
    """Deliver the bodies of events in the order given; positions and stamps are the log's own."""
    compressor = Compressor(current_dictionary())
    log.append(
        connection,
        [
            Delivery(
                event.delivery_id,
                event.event_type,
                event.body,
                event.body_sha256,
                event.received_at,
                event.handed_over_at,
                event.hook_id,
                event.repository_id,
                event.source,
            )
            for event in events
        ],
        compressor,
    )


def read_log(connection: psycopg.Connection[Any], until: int = 2**63 - 1) -> list[Event[Any]]:
    reader = log.LogReader(connection, decode)
    records = reader.records(0, until=until, limit=100_000, max_bytes=2**40)
    return list(reader.events(records, max_bytes=2**40))


def checkpoints(connection: psycopg.Connection[Any]) -> dict[str, int]:
    return {g.projection: g.position for g in generations.generations(connection)}


def states(connection: psycopg.Connection[Any]) -> dict[str, str]:
    return {g.projection: g.state for g in generations.generations(connection)}


def parked(connection: psycopg.Connection[Any]) -> list[tuple[str, int, str]]:
    found = connection.execute("SELECT projection, position, reason FROM parked_events ORDER BY projection, position")
    return [(name, position, reason) for name, position, reason in found.fetchall()]


def assert_tables_equal_the_fold(
    connection: psycopg.Connection[Any], declared: Sequence[Projection] = PROJECTIONS
) -> None:
    """Law 3: what is stored is the fold of the log up to the checkpoint."""
    reached = checkpoints(connection)
    events = read_log(connection)
    for one in declared:
        upto = [event for event in events if event.position <= reached[one.name]]
        assert stored(connection, one) == as_table(one, folded(one, upto)), one.name


def drain(conductor: Projector, connection: psycopg.Connection[Any]) -> None:
    """Run until no checkpoint moves any more."""
    while step(conductor, connection):
        pass


def step(conductor: Projector, connection: psycopg.Connection[Any]) -> bool:
    """One pass; whether a checkpoint moved."""
    before = checkpoints(connection)
    conductor.run_once(connection)
    return checkpoints(connection) != before


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "BATCH", 40)
    monkeypatch.setattr(projector, "CATCH_UP_BATCH", 40)


def test_tables_equal_the_fold_of_the_log_up_to_the_checkpoint(
    database: str, connection: psycopg.Connection[Any], small_batches: None
) -> None:
    append(connection, random.Random(1).sample(history(), 200))
    conductor = Projector(database, PROJECTIONS, decode)
    passes = 0
    while step(conductor, connection):
        passes += 1
        assert_tables_equal_the_fold(connection)
    assert passes >= 5
    assert set(checkpoints(connection).values()) == {generations.head(connection)}
    assert parked(connection) == []


def test_two_projectors_forced_to_run_have_no_double_effect(
    database: str, connection: psycopg.Connection[Any], small_batches: None
) -> None:
    """No election: both read the same checkpoint before either writes, so one of them must be fenced."""
    append(connection, history())
    head = generations.head(connection)
    both_have_read = threading.Barrier(2, timeout=30)
    fenced: list[str] = []
    faults: list[BaseException] = []

    def run() -> None:
        begun = False

        def meeting_decode(event_type: str, body: bytes) -> Any:
            nonlocal begun
            if not begun:
                begun = True
                both_have_read.wait()
            return decode(event_type, body)

        conductor = Projector(database, PROJECTIONS, meeting_decode)
        try:
            with psycopg.connect(database, autocommit=True) as own:
                while set(checkpoints(own).values()) != {head}:
                    try:
                        conductor.run_once(own)
                    except ProjectorFenced as error:
                        fenced.append(error.reason)
        except BaseException as error:
            faults.append(error)
            raise

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert fenced
    assert set(fenced) == {"projector_fenced"}
    assert set(checkpoints(connection).values()) == {generations.head(connection)}
    assert_tables_equal_the_fold(connection)


# A projection that fails on an event


def titled(event: Event[Any]) -> str | None:
    pull = event.payload.pull_request if event.payload is not None else None
    return pull.title if pull is not None else None


def raising_rows(event: Event[Any]) -> Iterator[Row]:
    yield {"number": 1, "events": 1}
    if titled(event) == "bad":
        raise ValueError("this event is\nnot\x00 for me")
    yield {"number": 2, "events": 1}


def overflowing_rows(event: Event[Any]) -> Iterator[Row]:
    yield {"number": event.position, "events": 1}
    yield {"number": 2**63 if titled(event) == "bad" else 0, "events": 1}


def declare(name: str, rows: Callable[[Event[Any]], Iterator[Row]]) -> Projection:
    return Projection(
        name=name,
        version=1,
        events=frozenset({"pull_request"}),
        columns=(key(Column("number", BigInteger)), total("events")),
        rows=rows,
    )


RAISING = declare("raising", raising_rows)
OVERFLOWING = declare("overflowing", overflowing_rows)


def pull_requests_told(number: int, bad: set[int]) -> list[Event[Any]]:
    return [
        make_event(
            "pull_request",
            payload("edited", pull_request=pull_request(n, title="bad" if n in bad else f"title {n}")),
            n,
        )
        for n in range(1, number + 1)
    ]


@pytest.fixture
def failing(database: str, connection: psycopg.Connection[Any]) -> Projector:
    conductor = Projector(database, [*PROJECTIONS, RAISING, OVERFLOWING], decode)
    conductor.prepare(connection)
    return conductor


def test_an_event_that_cannot_be_applied_is_parked_and_its_neighbours_are_not(
    failing: Projector, connection: psycopg.Connection[Any]
) -> None:
    append(connection, pull_requests_told(450, bad={7, 430}))
    drain(failing, connection)
    bad = [event.position for event in read_log(connection) if titled(event) == "bad"]
    assert parked(connection) == [
        *(("overflowing", position, "22003") for position in bad),
        *(("raising", position, "rows") for position in bad),
    ]
    assert set(checkpoints(connection).values()) == {generations.head(connection)}
    assert set(states(connection).values()) == {"live"}
    assert stored(connection, RAISING) == {(1,): (1, 448), (2,): (2, 448)}
    good = {event.position for event in read_log(connection)} - set(bad)
    # Half of the batch is staged before the other half fails: each event must count once all the same.
    assert stored(connection, OVERFLOWING) == {(0,): (0, 448)} | {(position,): (position, 1) for position in good}
    assert_tables_equal_the_fold(connection)
    (error,) = connection.execute("SELECT DISTINCT error FROM parked_events WHERE projection = 'raising'").fetchall()
    assert error == ("ValueError: this event is not\N{REPLACEMENT CHARACTER} for me",)


@pytest.mark.parametrize("name", ["raising", "overflowing"])
def test_a_burst_of_parks_halts_that_projection_alone(
    database: str, connection: psycopg.Connection[Any], name: str
) -> None:
    declared = RAISING if name == "raising" else OVERFLOWING
    conductor = Projector(database, [*PROJECTIONS, declared], decode)
    conductor.prepare(connection)
    append(connection, pull_requests_told(60, bad=set(range(1, parking.BURST + 2))))
    drain(conductor, connection)
    drain(conductor, connection)
    assert states(connection).pop(name) == "halted"
    assert {state for held, state in states(connection).items() if held != name} == {"live"}
    assert checkpoints(connection)[name] == 0
    assert parked(connection) == []
    assert stored(connection, declared) == {}
    others = {position for held, position in checkpoints(connection).items() if held != name}
    assert others == {generations.head(connection)}
    assert_tables_equal_the_fold(connection)


def test_a_lock_that_is_held_too_long_parks_nothing(
    database: str, failing: Projector, connection: psycopg.Connection[Any]
) -> None:
    append(connection, pull_requests_told(5, bad=set()))
    impatient = psycopg.connect(database, autocommit=True, options="-c lock_timeout=100ms")
    with impatient, connection.transaction():
        connection.execute("LOCK TABLE raising_g1.raising IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            failing.run_once(impatient)
    assert parked(connection) == []
    assert set(checkpoints(connection).values()) == {0}
    drain(failing, connection)
    assert set(states(connection).values()) == {"live"}
    assert stored(connection, RAISING) == {(1,): (1, 5), (2,): (2, 5)}


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
PROJECTOR = f"{ALL} AND application_name = 'projector'"
LISTENING = f"{PROJECTOR} AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"


@pytest.mark.parametrize("kill", [PROJECTOR, LISTENING], ids=["all its connections", "the one that listens"])
def test_a_projector_whose_connections_are_killed_goes_on(
    database: str, connection: psycopg.Connection[Any], kill: str
) -> None:
    conductor = Projector(database, PROJECTIONS, decode)
    stop = threading.Event()
    thread = threading.Thread(target=conductor.run, args=[stop])
    thread.start()
    try:
        told = pull_requests_told(40, bad=set())
        for start in range(0, 40, 10):
            append(connection, told[start : start + 10])
            until(lambda: set(checkpoints(connection).values()) == {generations.head(connection)})
            until(lambda: (True,) in connection.execute(kill.encode()).fetchall())
            assert thread.is_alive()
    finally:
        stop.set()
        thread.join()
    assert parked(connection) == []
    assert_tables_equal_the_fold(connection)


# A read model is one file

MODULE = '''
"""titles: how often each title was told."""

from sqlalchemy import BigInteger, Column

from projections.facts import payload_of, strings
from replay.merges import key, total
from replay.projection import Projection


def title_rows(event):
    payload = payload_of(event)
    if payload is not None and payload.pull_request is not None:
        if payload.pull_request.title == "bad":
            raise ValueError("bad")
        yield {"repository_id": event.repository_id, "title": payload.pull_request.title, "events": 1}


titles = Projection(
    name="titles",
    version=1,
    events=frozenset({"pull_request"}),
    columns=(key(Column("repository_id", BigInteger), *strings("title")), total("events")),
    rows=title_rows,
)
'''


@pytest.fixture
def titles_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "temporary_titles.py").write_text(MODULE)
    monkeypatch.setattr(projections, "__path__", [*projections.__path__, str(tmp_path)])
    catalog.all_projections.cache_clear()
    yield
    catalog.all_projections.cache_clear()
    sys.modules.pop("projections.temporary_titles", None)
    vars(projections).pop("temporary_titles", None)


def test_adding_a_read_model_is_adding_one_file(
    database: str, connection: psycopg.Connection[Any], titles_file: None
) -> None:
    """Found, built from the history that is there already, served, and listed in /health; halted, it says so there."""
    append(connection, pull_requests_told(30, bad=set()))
    with running(database) as service:
        until(lambda: checkpoints(connection).get("titles") == generations.head(connection))
        # The view follows the swap within a moment.
        until(lambda: connection.execute("SELECT to_regclass('titles')").fetchone() != (None,))
        assert connection.execute("SELECT * FROM titles WHERE title = 'title 7'").fetchall() == [(7, "title 7", 1)]
        (listed,) = [one for one in service.get("/health")["projections"] if one["name"] == "titles"]
        assert (listed["state"], listed["lag_events"], listed["parked"]) == ("live", 0, 0)
        append(connection, pull_requests_told(60, bad=set(range(31, 61)))[30:])
        until(lambda: states(connection)["titles"] == "halted")
        until(lambda: checkpoints(connection)["pull_requests"] == generations.head(connection))
        projects = {one["name"]: one for one in service.client.get("/health").json()["projections"]}
        assert projects["titles"]["state"] == "halted"
        assert {one["state"] for name, one in projects.items() if name != "titles"} == {"live"}
