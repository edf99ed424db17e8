"""From merged rows to a generation's table: one upsert that merges as the columns declare."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from psycopg import Connection, sql

from replay.merges import Row, Total
from replay.projection import DIALECT, Projection

STAGE_FROM = 60
"""From this many rows on, COPY into a temporary table and one INSERT … SELECT beat single inserts."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL that loads one generation, composed once."""

    upsert: bytes
    create_stage: bytes
    empty_stage: bytes
    copy_stage: bytes
    merge_stage: bytes
    copy: bytes
    types: tuple[str, ...]


@cache
def statements(projection: Projection, schema: str) -> Statements:
    """The SQL that loads the generation of `projection` in `schema`."""
    kinds = [column.type.compile(DIALECT) for column in projection.stored]
    values = {
        "table": sql.Identifier(schema, projection.name),
        "stage": sql.Identifier("pg_temp", f"{projection.name}_stage"),
        "names": _identifiers(projection.names),
        "key": _identifiers(projection.key),
        "places": sql.SQL(", ").join([sql.Placeholder()] * len(projection.names)),
        "columns": sql.SQL(", ".join(f'"{name}" {kind}' for name, kind in zip(projection.names, kinds, strict=True))),
        "conflict": sql.SQL(_conflict(projection)),
    }
    compose = {
        "upsert": "INSERT INTO {table} AS old ({names}) VALUES ({places}) {conflict}",
        "create_stage": "CREATE TEMPORARY TABLE IF NOT EXISTS {stage} ({columns}) ON COMMIT DELETE ROWS",
        "empty_stage": "DELETE FROM {stage}",
        "copy_stage": "COPY {stage} ({names}) FROM STDIN (FORMAT BINARY)",
        "merge_stage": "INSERT INTO {table} AS old ({names}) SELECT {names} FROM {stage} ORDER BY {key} {conflict}",
        "copy": "COPY {table} ({names}) FROM STDIN (FORMAT BINARY)",
    }
    composed = {name: sql.SQL(text).format(**values).as_bytes(None) for name, text in compose.items()}
    return Statements(**composed, types=tuple(kind.partition(" COLLATE")[0].lower() for kind in kinds))


def _identifiers(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _conflict(projection: Projection) -> str:
    """The ON CONFLICT clause, in terms of `old` (stored) and `new` (stated). A row that would change nothing
    is left alone: no dead tuple, no WAL.
    """
    assignments = [pair for merge in projection.merges for pair in merge.assignments()]
    changes = [change for merge in projection.merges for change in merge.changes()]
    target = ", ".join(f'"{name}"' for name in projection.key)
    if not assignments:
        return f"ON CONFLICT ({target}) DO NOTHING"
    sets = ", ".join(f'"{name}" = {value}' for name, value in assignments)
    return f"ON CONFLICT ({target}) DO UPDATE SET {sets} WHERE {' OR '.join(changes)}".replace('new."', 'excluded."')


def values(projection: Projection, rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """Rows as tuples in the order of `projection.names`; what is not stated is null, or 0 for a total."""
    names, defaults = projection.names, _defaults(projection)
    return [tuple(map(row.get, names, defaults)) for row in rows]


def in_order(rows: Mapping[Any, Row]) -> list[Row]:
    """Rows in the order of their keys."""
    return [rows[key] for key in sorted(rows)]


@cache
def _defaults(projection: Projection) -> tuple[int | None, ...]:
    zero = {column.name for merge in projection.merges if isinstance(merge, Total) for column in merge.columns}
    return tuple(0 if name in zero else None for name in projection.names)


class Loader:
    """Merges rows into generations, and remembers in which a plain COPY met rows that were there: how often, and for
    how many batches it is not tried there again. Each time in a row twice as many.
    """

    def __init__(self) -> None:
        self._met: dict[str, tuple[int, int]] = {}

    def load(
        self,
        connection: Connection[Any],
        projection: Projection,
        schema: str,
        rows: Mapping[Any, Row],
        *,
        fresh: bool = False,
    ) -> None:
        """Merge rows into the table of the generation in `schema`, in order of key, so that two writers cannot
        lock each other out. Inside a transaction. `fresh`: a table in the making, in which most keys are new.

        Raises psycopg.DataError also for what cannot even be sent, such as a key of mixed types or a lone surrogate:
        whatever is wrong with a row parks its event.
        """
        own = statements(projection, schema)
        try:
            if len(rows) < STAGE_FROM:
                _upsert(connection, own, values(projection, in_order(rows)))
            elif not (fresh and self._may_be_new(schema) and self._copied(connection, projection, schema, rows)):
                _merge(connection, own, values(projection, rows.values()))
        except (TypeError, ValueError, OverflowError, AttributeError) as error:
            raise psycopg.DataError(f"{type(error).__name__}: {error}") from error

    def _may_be_new(self, schema: str) -> bool:
        times, batches = self._met.get(schema, (0, 0))
        if batches:
            self._met[schema] = times, batches - 1
        return not batches

    def _copied(
        self, connection: Connection[Any], projection: Projection, schema: str, rows: Mapping[Any, Row]
    ) -> bool:
        """Straight into the table: half the work, where no key is there yet."""
        own = statements(projection, schema)
        try:
            with connection.transaction():
                _copy(connection, own.copy, own, values(projection, in_order(rows)))
        except psycopg.errors.UniqueViolation:
            times = self._met.get(schema, (0, 0))[0] + 1
            self._met[schema] = times, 2**times
            return False
        self._met.pop(schema, None)
        return True


def _upsert(connection: Connection[Any], own: Statements, stated: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(own.upsert, stated)


def _merge(connection: Connection[Any], own: Statements, stated: Sequence[tuple[Any, ...]]) -> None:
    connection.execute(own.create_stage)
    # What was staged earlier in this transaction, by a bisected batch or another generation, is merged already.
    connection.execute(own.empty_stage)
    _copy(connection, own.copy_stage, own, stated)
    connection.execute(own.merge_stage)


def _copy(connection: Connection[Any], into: bytes, own: Statements, stated: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(own.types)
        for row in stated:
            copy.write_row(row)


def load(connection: Connection[Any], projection: Projection, schema: str, rows: Mapping[Any, Row]) -> None:
    """As Loader.load, once."""
    Loader().load(connection, projection, schema, rows)
