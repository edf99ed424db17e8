"""From merged rows to a generation's table: one upsert that merges as the columns declare."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg import Connection, sql

from replay.merges import Row, Total
from replay.projection import DIALECT, Projection

STAGE_FROM = 200
"""From this many rows on, COPY into a temporary table and one INSERT … SELECT beat single inserts."""


@cache
def _conflict(projection: Projection) -> sql.Composable:
    """The ON CONFLICT clause, in terms of `old` (stored) and `new` (stated). A row that would change nothing
    is left alone: no dead tuple, no WAL.
    """
    assignments = [pair for merge in projection.merges for pair in merge.assignments()]
    changes = [change for merge in projection.merges for change in merge.changes()]
    target = ", ".join(f'"{name}"' for name in projection.key)
    if not assignments:
        return sql.SQL(f"ON CONFLICT ({target}) DO NOTHING")
    sets = ", ".join(f'"{name}" = {_excluded(value)}' for name, value in assignments)
    where = _excluded(" OR ".join(changes))
    return sql.SQL(f"ON CONFLICT ({target}) DO UPDATE SET {sets} WHERE {where}")


def _excluded(expression: str) -> str:
    return expression.replace('new."', 'excluded."')


@cache
def _upsert(projection: Projection, schema: str) -> sql.Composed:
    values = sql.SQL(", ").join([sql.Placeholder()] * len(projection.names))
    return _insert(projection, schema) + sql.SQL(" VALUES ({}) ").format(values) + _conflict(projection)


@cache
def _merge_stage(projection: Projection, schema: str) -> sql.Composed:
    names = _names(projection)
    keys = sql.SQL(", ").join(map(sql.Identifier, projection.key))
    select = sql.SQL(" SELECT {} FROM {} ORDER BY {} ").format(names, _stage(projection), keys)
    return _insert(projection, schema) + select + _conflict(projection)


def _insert(projection: Projection, schema: str) -> sql.Composed:
    table = sql.Identifier(schema, projection.name)
    return sql.SQL("INSERT INTO {} AS old ({})").format(table, _names(projection))


def _names(projection: Projection) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, projection.names))


def _stage(projection: Projection) -> sql.Identifier:
    return sql.Identifier("pg_temp", f"{projection.name}_stage")


def values(projection: Projection, rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """Rows as tuples in the order of `projection.names`; what is not stated is null, or 0 for a total."""
    defaults = _defaults(projection)
    return [tuple([row.get(name, default) for name, default in defaults]) for row in rows]


@cache
def _defaults(projection: Projection) -> tuple[tuple[str, Any], ...]:
    zero = {column.name for merge in projection.merges if isinstance(merge, Total) for column in merge.columns}
    return tuple((name, 0 if name in zero else None) for name in projection.names)


def load(connection: Connection[Any], projection: Projection, schema: str, rows: Mapping[Any, Row]) -> None:
    """Merge rows into the table of the generation in `schema`, in order of key, so that two writers cannot
    lock each other out. Inside a transaction.

    Raises psycopg.DataError also for what cannot even be sent, such as a key of mixed types or a lone surrogate:
    whatever is wrong with a row parks its event.
    """
    try:
        _load(connection, projection, schema, rows)
    except (TypeError, ValueError, OverflowError) as error:
        raise psycopg.DataError(f"{type(error).__name__}: {error}") from error


def _load(connection: Connection[Any], projection: Projection, schema: str, rows: Mapping[Any, Row]) -> None:
    ordered = values(projection, (rows[key] for key in sorted(rows)))
    if len(ordered) < STAGE_FROM:
        with connection.cursor() as cursor:
            cursor.executemany(_upsert(projection, schema), ordered)
        return
    _copy(connection, projection, ordered)
    connection.execute(_merge_stage(projection, schema))


def _copy(connection: Connection[Any], projection: Projection, stated: Sequence[tuple[Any, ...]]) -> None:
    types = [column.type.compile(DIALECT) for column in projection.stored]
    columns = ", ".join(f'"{name}" {kind}' for name, kind in zip(projection.names, types, strict=True))
    stage = _stage(projection)
    create = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS")
    connection.execute(create.format(stage, sql.SQL(columns)))
    # What was staged earlier in this transaction, by a bisected batch or another generation, is merged already.
    connection.execute(sql.SQL("DELETE FROM {}").format(stage))
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(stage, _names(projection))) as copy,
    ):
        for row in stated:
            copy.write_row(row)


def stored_rows(connection: Connection[Any], projection: Projection, schema: str) -> list[tuple[Any, ...]]:
    """The whole table in order of key: for tests and small tables."""
    keys = sql.SQL(", ").join(map(sql.Identifier, projection.key))
    table = sql.Identifier(schema, projection.name)
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(_names(projection), table, keys)
    return connection.execute(query).fetchall()
