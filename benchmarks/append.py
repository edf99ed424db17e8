"""How fast the log takes rows: `replay.log.append` beside raw COPY of the very same rows."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import orjson
from psycopg import Connection, sql
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.types.json import Jsonb

from benchmarks.deliveries import batches, mean, simulated, stored
from benchmarks.machine import describe_postgres, table
from benchmarks.stage import connected, data_directory, database
from benchmarks.targets import Target
from github_metrics.dictionaries import current_dictionary
from replay.compression import Compressor
from replay.event import Delivery
from replay.log import APPEND, append, append_arguments

BATCH = 128
COLUMNS = (
    "hook_id, repository_id, received_at, handed_over_at, appended_at, delivery_id, repeat, source, event_type,"
    " body_sha256, headers, body"
)
TYPES = [
    "int8",
    "int8",
    "timestamptz",
    "timestamptz",
    "timestamptz",
    "uuid",
    "bool",
    "text",
    "text",
    "bytea",
    "jsonb",
    "bytea",
]
TABLES = ("copied_in_batches", "copied_at_once", "copied_whole")
SERVER, BATCHES, AT_ONCE = (
    "append, arguments ready",
    "COPY of 128 rows a commit, bytes ready",
    "COPY at once, bytes ready",
)
WHOLE, WHOLE_COPY = "append, compressing", "COPY of 128 rows a commit, compressing"


def measure(*, events: int, rounds: int) -> list[Target]:
    """Print rows/s; each round appends fresh rows and copies the same ones."""
    deliveries = [stored(one) for one in simulated(events)]
    body = mean([one.simulated for one in deliveries])
    seen: dict[str, list[float]] = {}
    with data_directory() as data_dir, database(data_dir) as conninfo, connected(conninfo) as connection:
        print(f"{describe_postgres(conninfo)}\n{events:,} rows a round, bodies of {body:,.0f} bytes on average;")
        print(f"medians of {rounds} rounds; batches of {BATCH}; the copies' tables are LIKE webhooks INCLUDING ALL\n")
        for name in TABLES:
            connection.execute(f"CREATE TABLE {name} (LIKE webhooks INCLUDING ALL)".encode())
        for number in range(rounds):
            fresh = [list(batches(deliveries, BATCH, run=2 * number + which)) for which in (0, 1)]
            for name, rate in _round(connection, fresh[0], fresh[1]):
                seen.setdefault(name, []).append(rate)
    rates = {name: statistics.median(found) for name, found in seen.items()}
    print(table(["way into the log", "rows/s"], [[name, f"{rate:,.0f}"] for name, rate in rates.items()]))
    print(
        f"\nappend of COPY at once {rates[SERVER] / rates[AT_ONCE]:.0%}, whole {rates[WHOLE] / rates[WHOLE_COPY]:.0%}"
    )
    share = 100 * rates[SERVER] / rates[BATCHES]
    return [Target("append of raw COPY in equal batches, rows/s", 50, share, "%", least=True)]


def _round(
    connection: Connection[Any], prepared: list[list[Delivery]], fresh: list[list[Delivery]]
) -> Iterable[tuple[str, float]]:
    """`prepared` are appended and copied with their bytes ready, `fresh` from the delivery on."""
    compressor = Compressor(current_dictionary())
    rows = sum(map(len, prepared))
    ready = [Prepared(connection, batch, compressor) for batch in prepared]
    start = _head(connection)
    yield SERVER, rows / _taken(one.append for one in ready)
    copies = [_copy_of(connection, start + step, BATCH) for step in range(0, rows, BATCH)]
    yield BATCHES, rows / _taken(partial(_copy_bytes, connection, TABLES[0], one) for one in copies)
    at_once = _copy_of(connection, start, rows)
    yield AT_ONCE, rows / _taken([partial(_copy_bytes, connection, TABLES[1], at_once)])
    yield WHOLE, rows / _taken(partial(append, connection, batch, compressor) for batch in fresh)
    yield WHOLE_COPY, rows / _taken(partial(_copy_whole, connection, batch, compressor) for batch in fresh)


def _taken(calls: Iterable[Callable[[], object]]) -> float:
    before = time.perf_counter()
    for call in calls:
        call()
    return time.perf_counter() - before


class Prepared:
    """One call of the append function whose arguments are in PostgreSQL's binary form already."""

    def __init__(self, connection: Connection[Any], batch: Sequence[Delivery], compressor: Compressor) -> None:
        self._pgconn = connection.pgconn
        transformer = Transformer(connection)
        arguments = append_arguments(batch, compressor)
        dumpers = [transformer.get_dumper(argument, PyFormat.BINARY) for argument in arguments]
        self._values = [bytes(dumper.dump(value) or b"") for dumper, value in zip(dumpers, arguments, strict=True)]
        parts = APPEND.split("%b")
        numbered = (f"${number}" for number in range(1, len(parts)))
        query = "".join(text + place for text, place in zip(parts, [*numbered, ""], strict=True)).encode()
        if self._pgconn.describe_prepared(b"append").status == ExecStatus.FATAL_ERROR:
            self._pgconn.prepare(b"append", query, [dumper.oid for dumper in dumpers])

    def append(self) -> None:
        result = self._pgconn.exec_prepared(b"append", self._values, [1] * len(self._values), 1)
        if result.ntuples == 0:
            raise RuntimeError(result.error_message.decode())


def _head(connection: Connection[Any]) -> int:
    found = connection.execute("SELECT coalesce(max(position), 0) FROM webhooks").fetchone()
    assert found is not None
    return int(found[0])


def _copy_of(connection: Connection[Any], after: int, count: int) -> bytes:
    """The rows as COPY reads them."""
    query = f"COPY (SELECT {COLUMNS} FROM webhooks WHERE position > {after} AND position <= {after + count}"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"{query} ORDER BY position) TO STDOUT (FORMAT BINARY)".encode()) as copy,
    ):
        return b"".join(copy)


def _into(name: str) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(sql.Identifier(name), sql.SQL(COLUMNS))


def _copy_bytes(connection: Connection[Any], name: str, rows: bytes) -> None:
    with connection.cursor() as cursor, cursor.copy(_into(name)) as copy:
        copy.write(rows)


def _copy_whole(connection: Connection[Any], batch: Sequence[Delivery], compressor: Compressor) -> None:
    ids, types, hooks, repositories, sources, received, handed, headers, bodies, hashes = append_arguments(
        batch, compressor
    )
    with connection.cursor() as cursor, cursor.copy(_into(TABLES[2])) as copy:
        copy.set_types(TYPES)
        for row in zip(
            hooks, repositories, received, handed, received, ids, [False] * len(ids), sources, types, hashes,
            map(Jsonb, map(orjson.loads, headers)), bodies, strict=True,
        ):  # fmt: skip
            copy.write_row(row)
