"""Comparing two generations: do they hold the same rows, and where not, which cells differ?

An order-independent checksum per table and bucket finds the buckets that differ in one pass; only their rows are
fetched. Both generations are read in one snapshot, in which they stand at the same position.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import tuple_row

from replay.generations import Generation
from replay.projection import Projection

BUCKETS = 256
FETCH = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs. `kind`: missing (only the live one has it), added (only the rebuilt one has it), changed."""

    projection: str
    kind: str
    key: dict[str, Any]
    columns: dict[str, tuple[Any, Any]]
    """Column -> (live, rebuilt); all columns of a missing or added row."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one projection compares. `rows`: those of the live generation."""

    projection: str
    rows: int
    position: int
    differing_buckets: tuple[int, ...]
    parked_differently: tuple[int, ...]

    @property
    def equal(self) -> bool:
        return not self.differing_buckets


def _columns(projection: Projection) -> sql.Composed:
    names = [*projection.names, *(column.name for column in projection.derived)]
    return sql.SQL(", ").join(sql.Identifier("t", name) for name in names)


def _bucket(projection: Projection) -> sql.Composed:
    keys = sql.SQL(", ").join(sql.Identifier("t", name) for name in projection.key)
    return sql.SQL("(hashtextextended(ROW({})::text, 0) & {})").format(keys, sql.Literal(BUCKETS - 1))


def checksums(
    connection: Connection[Any], projection: Projection, generation: Generation
) -> dict[int, tuple[int, int, int]]:
    """Bucket -> (rows, xor of their hashes, sum of their other hashes). The same for any order of rows."""
    query = sql.SQL(
        "SELECT {bucket} AS bucket, count(*), bit_xor(hashtextextended(ROW({columns})::text, 1)),"
        " sum(hashtextextended(ROW({columns})::text, 2)) FROM {table} AS t GROUP BY 1"
    ).format(bucket=_bucket(projection), columns=_columns(projection), table=generation.table)
    return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}


def compare(connection: Connection[Any], projection: Projection, live: Generation, rebuilt: Generation) -> Verdict:
    """Whether two generations are the same. To be called in a snapshot in which both stand at one position."""
    ours, theirs = (checksums(connection, projection, generation) for generation in (live, rebuilt))
    differing = tuple(
        sorted(bucket for bucket in ours.keys() | theirs.keys() if ours.get(bucket) != theirs.get(bucket))
    )
    rows = sum(count for count, *_ in ours.values())
    return Verdict(projection.name, rows, live.position, differing, _parked_differently(connection, live, rebuilt))


def _parked_differently(connection: Connection[Any], live: Generation, rebuilt: Generation) -> tuple[int, ...]:
    rows = connection.execute(
        "SELECT position FROM parked_events WHERE projection = %s AND generation = ANY(%s) AND state <> 'resolved'"
        " GROUP BY position HAVING count(*) = 1 ORDER BY position",
        (live.projection, [live.generation, rebuilt.generation]),
    )
    return tuple(row[0] for row in rows)


def differences(
    connection: Connection[Any],
    projection: Projection,
    live: Generation,
    rebuilt: Generation,
    buckets: Sequence[int] | None = None,
    *,
    names: Sequence[str] | None = None,
) -> Iterator[Difference]:
    """The rows that differ, in order of key. `buckets`: only in these; `names`: only these columns are compared."""
    compared = names or [*projection.names, *(column.name for column in projection.derived)]
    query = _differing(projection, live, rebuilt, compared, buckets)
    with connection.cursor(name="differences", row_factory=tuple_row) as cursor:
        cursor.itersize = FETCH
        cursor.execute(query, {"buckets": list(buckets or ())})
        for old, new in cursor:
            yield _difference(projection, old, new, compared)


def _differing(
    projection: Projection,
    live: Generation,
    rebuilt: Generation,
    compared: Sequence[str],
    buckets: Sequence[int] | None,
) -> sql.Composed:
    """Both sides as JSON objects, where they are not the same."""
    names = list(dict.fromkeys([*projection.key, *compared]))
    columns = sql.SQL(", ").join(sql.Identifier("t", name) for name in names)
    where = sql.SQL("WHERE {} = ANY(%(buckets)s)").format(_bucket(projection)) if buckets is not None else sql.SQL("")
    side = sql.SQL("(SELECT {columns} FROM {table} AS t {where}) AS {alias}")
    keys = sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier("old", name), sql.Identifier("new", name)) for name in projection.key
    )
    order = sql.SQL(", ").join(
        sql.SQL("coalesce({}, {})").format(sql.Identifier("old", name), sql.Identifier("new", name))
        for name in projection.key
    )
    return sql.SQL(
        "SELECT to_jsonb(old), to_jsonb(new) FROM {old} FULL JOIN {new} ON {keys}"
        " WHERE old IS DISTINCT FROM new ORDER BY {order}"
    ).format(
        old=side.format(columns=columns, table=live.table, where=where, alias=sql.Identifier("old")),
        new=side.format(columns=columns, table=rebuilt.table, where=where, alias=sql.Identifier("new")),
        keys=keys,
        order=order,
    )


def _difference(
    projection: Projection, old: dict[str, Any] | None, new: dict[str, Any] | None, compared: Sequence[str]
) -> Difference:
    kind = "missing" if new is None else "added" if old is None else "changed"
    old, new = old or {}, new or {}
    either = old or new
    changed = {name: (old.get(name), new.get(name)) for name in compared if old.get(name) != new.get(name)}
    return Difference(projection.name, kind, {name: either[name] for name in projection.key}, changed)
