"""`verify` finds what is wrong in a table, and names it."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import BigInteger, Column

from projections.facts import moments, strings
from replay import generations
from replay.event import Event
from replay.generations import Generation, State
from replay.merges import Row, key, once, total
from replay.projection import Projection
from replay.verify import compare, differences
from tests.histories import fill, live, project, run, schemas
from tests.processes import keep_compiled

Connection = psycopg.Connection[Any]
compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)
ROWS = 200_000


def no_rows(event: Event[Any]) -> Iterator[Row]:
    yield from ()


BIG = Projection(
    name="big",
    version=1,
    columns=(
        key(Column("repository_id", BigInteger), *strings("name")),
        once(*strings("text"), *moments("at")),
        total("events"),
    ),
    rows=no_rows,
)


@pytest.fixture
def both(connection: Connection) -> tuple[Generation, Generation]:
    """Two generations of one table of many rows, the same but for the order in which they were filled."""
    for order in ("ASC", "DESC"):
        with connection.transaction():
            number = generations.make(connection, BIG, State.HELD)
        connection.execute(
            f"INSERT INTO big_g{number}.big (repository_id, name, text, at, events)"
            " SELECT n % 97, 'name ' || n, CASE WHEN n % 5 > 0 THEN 'text ' || n END,"
            " '2026-01-01Z'::timestamptz + n * interval '1 second', n"
            f" FROM generate_series(1, {ROWS}) AS n ORDER BY n {order}".encode()
        )
    first, second = (g for g in generations.generations(connection) if g.projection == "big")
    return first, second


def test_the_same_rows_in_another_order_are_equal(connection: Connection, both: tuple[Generation, Generation]) -> None:
    verdict = compare(connection, BIG, *both)
    assert verdict.equal
    assert verdict.rows == ROWS


@pytest.mark.parametrize(
    ("change", "kind", "name", "columns"),
    [
        (
            "UPDATE big_g1.big SET text = 'text 77778' WHERE name = 'name 77777'",
            "changed",
            "name 77777",
            {"text": ("text 77778", "text 77777")},
        ),
        ("UPDATE big_g1.big SET text = '' WHERE name = 'name 5'", "changed", "name 5", {"text": ("", None)}),
        (
            "UPDATE big_g1.big SET at = at + interval '1 microsecond' WHERE name = 'name 1'",
            "changed",
            "name 1",
            {"at": ("2026-01-01T00:00:01.000001+00:00", "2026-01-01T00:00:01+00:00")},
        ),
        ("DELETE FROM big_g1.big WHERE name = 'name 200000'", "added", "name 200000", None),
        ("DELETE FROM big_g2.big WHERE name = 'name 123456'", "missing", "name 123456", None),
    ],
    ids=["a wrong cell", "a null that is empty", "a microsecond", "a missing row", "an added row"],
)
def test_one_difference_in_many_rows_is_found_and_named(
    connection: Connection,
    both: tuple[Generation, Generation],
    change: str,
    kind: str,
    name: str,
    columns: dict[str, Any] | None,
) -> None:
    connection.execute(change.encode())
    with connection.transaction():
        verdict = compare(connection, BIG, *both)
        assert len(verdict.differing_buckets) == 1
        (found,) = differences(connection, BIG, *both, verdict.differing_buckets)
    assert (found.kind, found.key["name"]) == (kind, name)
    assert columns is None or found.columns == columns


def test_two_cells_exchanged_between_rows_are_found(
    connection: Connection, both: tuple[Generation, Generation]
) -> None:
    connection.execute(b"UPDATE big_g1.big SET events = 300000 - events WHERE name IN ('name 100001', 'name 199999')")
    with connection.transaction():
        verdict = compare(connection, BIG, *both)
        found = list(differences(connection, BIG, *both, verdict.differing_buckets))
    assert sorted(one.key["name"] for one in found) == ["name 100001", "name 199999"]


# The command


@pytest.fixture
def filled(database: str, connection: Connection) -> str:
    fill(connection, 700)
    project(database, connection)
    return database


def test_verify_of_sound_tables_says_so_and_leaves_nothing(filled: str, connection: Connection) -> None:
    before = schemas(connection)
    done = run(filled, "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("equals the log") == len(live(connection))
    assert schemas(connection) == before
    assert connection.execute("SELECT purpose, state, message FROM replays").fetchall() == [
        ("verify", "finished", "verified")
    ]


def test_verify_names_wrong_cells_missing_and_added_rows(filled: str, connection: Connection) -> None:
    connection.execute(
        "UPDATE pull_requests_g1.pull_requests SET title = 'planted'"
        " WHERE (repository_id, number) = (SELECT repository_id, number FROM pull_requests ORDER BY 1, 2 LIMIT 1)"
    )
    connection.execute("DELETE FROM webhook_events_g1.webhook_events WHERE position BETWEEN 101 AND 140")
    connection.execute("INSERT INTO event_counts_g1.event_counts VALUES (1, '2000-01-01', 'push', 4, 0, 0, 0)")
    repository, number = connection.execute(
        "SELECT repository_id, number FROM pull_requests WHERE title = 'planted'"
    ).fetchall()[0]
    done = run(filled, "verify", "pull_requests", "webhook_events", "event_counts", "actors")
    assert done.returncode == 1, done.stderr
    assert f"pull_requests: row repository_id {repository}, number {number} is changed" in done.stdout
    assert "title: live 'planted', from the log" in done.stdout
    assert (
        "event_counts: row repository_id 1, day 2000-01-01, event_type push is only in the live table: the log does not give it"
        in done.stdout
    )
    assert done.stdout.count("webhook_events: row") == 20
    assert done.stdout.count(" is missing from the live table: the log gives it\n") == 20
    assert "and 20 more rows: `verify webhook_events --all` shows all" in done.stdout
    assert "actors: " in done.stdout
    found = run(filled, "verify", "webhook_events", "--all", "--json")
    assert found.returncode == 1
    assert "Traceback" not in found.stderr, found.stderr
    lines = [json.loads(line) for line in found.stdout.splitlines()]
    assert [line["verdict"]["equal"] for line in lines if "verdict" in line] == [False]
    named = [line["difference"] for line in lines if "difference" in line]
    assert {one["kind"] for one in named} == {"added"}
    assert sorted(one["columns"]["position"][1] for one in named) == list(range(101, 141))


def test_events_that_only_one_has_parked_are_reported_apart(filled: str, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO parked_events (projection, generation, position, reason, error, version)"
        " VALUES ('actors', 1, 5, 'rows', 'ValueError: planted', 1), ('actors', 1, 9, 'rows', 'planted', 1)"
    )
    connection.execute("UPDATE parked_events SET state = 'resolved' WHERE position = 9")
    done = run(filled, "verify", "actors")
    assert done.returncode == 0
    assert "actors: parked by only one of the two: the events at 5\n" in done.stdout


def test_what_is_halted_is_compared_where_it_stands(filled: str, connection: Connection) -> None:
    halted = live(connection)["actors"]
    generations.halt(connection, halted, "by hand")
    fill(connection, 900, after=700)
    project(filled, connection, tuple(p for p in _active() if p.name != "actors"))
    done = run(filled, "verify", "actors", "labels" if "labels" in live(connection) else "pr_labels")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "actors: " in done.stdout
    assert "at position 700, equals the log" in done.stdout
    assert "at position 900, equals the log" in done.stdout


def _active() -> tuple[Projection, ...]:
    from projections.catalog import active_projections

    return active_projections()
