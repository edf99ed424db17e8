"""The merge in memory and the merge in SQL are one: for every kind of merge and of column."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, UUID

from replay import load
from replay.fold import Folded
from replay.merges import Row, earliest, key, largest, latest, once, smallest, total
from replay.projection import Projection
from tests.stored import stored_rows

C = Text(collation="C")
TYPES = {
    "text": C,
    "number": BigInteger,
    "flag": Boolean,
    "moment": TIMESTAMP(timezone=True),
    "bytes": LargeBinary,
    "id": UUID,
    "texts": ARRAY(C),
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.sampled_from(["", "a", "B", "b", "é", "z", "Z", "ß", "€", "\uffff", "\U0001f600", "a\nb", "\\N", "a b"]),
    "number": st.sampled_from([-(2**63), -1, 0, 1, 2**63 - 1]),
    "flag": st.booleans(),
    "moment": st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    "bytes": st.sampled_from([b"", b"\x00", b"\x7f", b"\x80\xff", b"\xff"]),
    "id": st.sampled_from([uuid.UUID(int=n) for n in (0, 1, 2**127, 2**128 - 1)]),
    "texts": st.lists(st.sampled_from(["", "a", "é", "Z", "a,b", '"', "{}", "NULL"]), max_size=3),
}
VERSIONS = st.sampled_from([b"\x00" * 17, b"\x00" * 16 + b"\x01", b"\x7f" + b"\x00" * 16, b"\x80" * 17, b"\xff" * 17])


def columns(prefix: str) -> tuple[Column[Any], ...]:
    return tuple(Column(f"{prefix}_{name}", kind) for name, kind in TYPES.items())


def everything(name: str, *more: Any) -> Projection:
    return Projection(
        name=name,
        version=1,
        columns=(
            key(Column("repository_id", BigInteger), Column("label", C)),
            once(*columns("once")),
            smallest(*columns("least")),
            largest(*columns("greatest")),
            latest("news", *columns("news")),
            earliest("origin", *columns("origin")),
            *more,
        ),
        rows=lambda event: event.payload,
    )


ENTITY = everything("entity")
COUNTED = everything("counted", total("events", "spent"))
KEYS_ONLY = Projection(
    name="keys_only", version=1, columns=(key(Column("label", C)),), rows=lambda event: event.payload
)


def group(name: str) -> st.SearchStrategy[Row]:
    """All columns of a group under a version. The version names the body: the same one states the same values."""

    def stated(version: bytes) -> Row:
        turn = version[-1] + version[0]
        column = {
            "text": ["x", "é", None][turn % 3],
            "number": turn,
            "flag": [True, False, None][turn % 3],
            "moment": datetime(2026, 1, 1 + turn % 28, tzinfo=UTC),
            "bytes": version[:2],
            "id": uuid.UUID(int=turn),
            "texts": [["x", "é"], [], None][turn % 3],
        }
        return {f"{name}_version": version} | {f"{name}_{kind}": value for kind, value in column.items()}

    return st.one_of(st.just({}), VERSIONS.map(stated))


def each(prefix: str) -> st.SearchStrategy[Row]:
    """Any of the columns: a value, a null, or nothing said."""
    return st.fixed_dictionaries(
        {}, optional={f"{prefix}_{name}": st.one_of(st.none(), some) for name, some in VALUES.items()}
    )


@st.composite
def stated_rows(draw: st.DrawFn, *, totals: bool = False) -> Row:
    row: Row = {
        "repository_id": draw(st.sampled_from([-1, 1, 2**63 - 1])),
        "label": draw(st.sampled_from(["", "bug", "é"])),
    }
    for part in (each("once"), each("least"), each("greatest"), group("news"), group("origin")):
        row |= draw(part)
    if totals:
        row |= draw(st.fixed_dictionaries({}, optional={"events": st.integers(0, 3), "spent": st.integers(-5, 2**40)}))
    return row


def folded(projection: Projection, rows: Iterable[Row]) -> dict[Any, Row]:
    """As the projector folds: each row by itself, as if it came with an event of its own."""
    held = Folded(projection)
    for row in rows:
        held.merge([(projection.key_of(row), dict(row))])
    return held.rows


def table(projection: Projection, rows: dict[Any, Row]) -> list[tuple[Any, ...]]:
    return sorted(load.values(projection, rows.values()), key=lambda row: row[: len(projection.key)])


@contextmanager
def empty_table(connection: psycopg.Connection[Any], projection: Projection) -> Iterator[str]:
    """A schema with the projection's empty table; rolled back at the end."""
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE SCHEMA merging")
        for statement in [*projection.create_statements("merging"), *projection.index_statements("merging")]:
            connection.execute(statement.encode())
        yield "merging"


def sql_table(
    connection: psycopg.Connection[Any], projection: Projection, batches: Iterable[list[Row]]
) -> list[tuple[Any, ...]]:
    with empty_table(connection, projection) as schema:
        for batch in batches:
            load.load(connection, projection, schema, folded(projection, batch))
        found = stored_rows(connection, projection, schema)
    return sorted(found, key=lambda row: row[: len(projection.key)])


def split(rows: list[Row], cuts: list[int]) -> list[list[Row]]:
    ends = sorted({*(cut % (len(rows) + 1) for cut in cuts), len(rows)})
    return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False) if start < end]


BOUNDED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(params=[2, 200], ids=["copied", "inserted"])
def stage_from(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """From how many rows on a batch is copied."""
    monkeypatch.setattr(load, "STAGE_FROM", request.param)
    return int(request.param)


@BOUNDED
@given(data=st.data())
def test_sql_merges_as_memory_does_in_any_order_batching_and_duplication(
    connection: psycopg.Connection[Any], stage_from: int, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(stated_rows(), min_size=1, max_size=8))
    again = data.draw(st.permutations([*rows, *data.draw(st.lists(st.sampled_from(rows), max_size=4))]))
    cuts = data.draw(st.lists(st.integers(0, 12), max_size=4))
    expected = table(ENTITY, folded(ENTITY, rows))
    assert table(ENTITY, folded(ENTITY, again)) == expected
    assert sql_table(connection, ENTITY, split(again, cuts)) == expected


@BOUNDED
@given(data=st.data())
def test_totals_add_up_in_any_order_and_batching(
    connection: psycopg.Connection[Any], stage_from: int, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(stated_rows(totals=True), min_size=1, max_size=8))
    cuts = data.draw(st.lists(st.integers(0, 12), max_size=4))
    expected = table(COUNTED, folded(COUNTED, rows))
    assert sum(row[COUNTED.names.index("events")] for row in expected) == sum(row.get("events", 0) for row in rows)
    assert sql_table(connection, COUNTED, split(data.draw(st.permutations(rows)), cuts)) == expected


def test_a_table_of_keys_alone_merges(connection: psycopg.Connection[Any], stage_from: int) -> None:
    rows = [{"label": name} for name in ("b", "a", "b")]
    assert sql_table(connection, KEYS_ONLY, [rows, rows]) == [("a",), ("b",)]


def test_text_compares_by_its_bytes(connection: psycopg.Connection[Any]) -> None:
    names = ["a", "B", "é", "z", "\uffff", "\U0001f600"]
    rows: list[Row] = [{"repository_id": 1, "label": "", "least_text": n, "greatest_text": n} for n in names]
    (row,) = sql_table(connection, ENTITY, [[row] for row in rows])
    stored = dict(zip(ENTITY.names, row, strict=True))
    assert (stored["least_text"], stored["greatest_text"]) == ("B", "\U0001f600")


def test_a_stage_used_twice_in_one_transaction_is_merged_once(connection: psycopg.Connection[Any]) -> None:
    """A bisected batch, or two generations of one projection, load twice before they commit."""
    rows = [{"repository_id": number, "label": "", "events": 1} for number in range(load.STAGE_FROM)]
    (first, *_rest) = sql_table(connection, COUNTED, [rows, rows[::-1]])
    assert dict(zip(COUNTED.names, first, strict=True))["events"] == 2


def test_a_table_in_the_making_is_the_same_whether_its_keys_were_there_or_not(
    connection: psycopg.Connection[Any],
) -> None:
    """COPY meets rows that are there, is left alone for a while, and is tried again."""
    loader, starts = load.Loader(), [0, 0, 100, 100, 200, 300, 300, 400, 0, 500, 600, 700, 700]
    with empty_table(connection, COUNTED) as schema:
        for start in starts:
            rows: list[Row] = [{"repository_id": start + n, "label": "", "events": 1} for n in range(load.STAGE_FROM)]
            with connection.transaction():
                loader.load(connection, COUNTED, schema, folded(COUNTED, rows), fresh=True)
        found = connection.execute("SELECT repository_id, events FROM merging.counted").fetchall()
    assert dict(found) == {start + n: starts.count(start) for start in starts for n in range(load.STAGE_FROM)}


def test_a_row_that_changes_nothing_is_not_written(connection: psycopg.Connection[Any]) -> None:
    row: Row = {"repository_id": 1, "label": "x", "least_number": 1, "news_version": b"\x01", "news_text": "told"}
    with empty_table(connection, ENTITY) as schema:
        versions = set()
        for _ in range(3):
            load.load(connection, ENTITY, schema, folded(ENTITY, [row]))
            versions.add(connection.execute("SELECT ctid::text FROM merging.entity").fetchall()[0])
    assert len(versions) == 1


@pytest.mark.parametrize("label", ["lone \ud800 surrogate", "a NUL \x00", None, 5], ids=repr)
def test_what_cannot_be_sent_is_an_error_of_the_data(connection: psycopg.Connection[Any], label: Any) -> None:
    good: Row = {"repository_id": 1, "label": "x"}
    bad: Row = {"repository_id": 1, "label": label}
    with empty_table(connection, ENTITY) as schema, pytest.raises(psycopg.Error) as refused:
        load.load(connection, ENTITY, schema, {(1, "x"): good, (1, label): bad})
    assert isinstance(refused.value, psycopg.DataError | psycopg.IntegrityError)
