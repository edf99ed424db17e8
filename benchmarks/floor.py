"""What a replay cannot do without, whoever writes it: reading the log, and writing the finished tables by COPY."""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection, sql

from projections.catalog import active_projections
from projections.decode import decode
from replay import generations, rebuild
from replay.compression import Decompressor, registered_dictionaries
from replay.generations import Generation
from replay.log import LogReader
from replay.projection import Projection

BARE, OURS = "bare", "ours"
SCHEMA = "benchmark_copy"
NEXT = "SELECT position, event_type, body FROM webhooks WHERE position > %s AND position <= %s ORDER BY 1 LIMIT %s"
Span = tuple[float, float]


def read_seconds(conninfo: str, events: int, *, processes: int, way: str) -> float:
    """To read, inflate and decode all bodies and to write nothing, each process an equal part of the log. `way`: BARE,
    the least that does it, or OURS, LogReader. The starting of the processes is not counted.
    """
    context = multiprocessing.get_context("spawn")
    together, results = context.Barrier(processes), context.SimpleQueue()
    bounds = [events * number // processes for number in range(processes + 1)]
    started = [
        context.Process(target=_read, args=(conninfo, after, until, way, together, results))
        for after, until in pairwise(bounds)
    ]
    for process in started:
        process.start()
    spans: list[Span] = [results.get() for _ in started]
    for process in started:
        process.join()
    return max(ended for _, ended in spans) - min(began for began, _ in spans)


def _read(conninfo: str, after: int, until: int, way: str, together: Barrier, results: Any) -> None:
    with psycopg.connect(conninfo, autocommit=True, options=rebuild.OPTIONS) as connection:
        together.wait()
        began = time.monotonic()
        seen = sum(1 for _ in (_bare if way == BARE else _ours)(connection, after, until))
        results.put((began, time.monotonic()))
    if seen != until - after:
        raise RuntimeError(f"{seen} events were read of {until - after}")


def _bare(connection: Connection[Any], after: int, until: int) -> Iterator[object]:
    decompressor = Decompressor(registered_dictionaries(connection))
    while rows := connection.execute(NEXT, (after, until, rebuild.BATCH), binary=True).fetchall():
        for _position, event_type, body in rows:
            yield decode(event_type, decompressor.decompress(body))
        after = rows[-1][0]


def _ours(connection: Connection[Any], after: int, until: int) -> Iterator[object]:
    reader = LogReader(connection, decode)
    while records := reader.records(after, until=until, limit=rebuild.BATCH):
        yield from reader.events(records)
        after = records[-1].position


@dataclass(frozen=True)
class Copied:
    """Seconds and bytes of COPY of all finished tables: out to a file, into empty ones, and their indexes."""

    out: float
    into: float
    indexes: float
    size: int
    rows: int


def copied(conninfo: str) -> Copied:
    """Copy every live generation into an identical empty table (its key first, its other indexes afterwards, as a
    replay does), in one session.
    """
    by_name = {projection.name: projection for projection in active_projections()}
    out = into = indexes = 0.0
    size = rows = 0
    with psycopg.connect(conninfo, autocommit=True, options=rebuild.OPTIONS) as connection:
        live = [generation for generation in generations.generations(connection) if generation.live]
        for generation in live:
            one = _copied(connection, by_name[generation.projection], generation)
            out, into, indexes = out + one.out, into + one.into, indexes + one.indexes
            size, rows = size + one.size, rows + one.rows
    return Copied(out, into, indexes, size, rows)


def _copied(connection: Connection[Any], projection: Projection, generation: Generation) -> Copied:
    names = sql.SQL(", ").join(map(sql.Identifier, projection.names))
    copy = sql.SQL("COPY {} ({}) {} (FORMAT BINARY)")
    empty = sql.Identifier(SCHEMA, projection.name)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    for statement in projection.create_statements(SCHEMA):
        connection.execute(statement.encode())
    with tempfile.TemporaryDirectory() as folder:
        file, moments = Path(folder) / "rows", [time.monotonic()]
        _copy_out(connection, copy.format(generation.table, names, sql.SQL("TO STDOUT")), file)
        moments.append(time.monotonic())
        rows = _copy_in(connection, copy.format(empty, names, sql.SQL("FROM STDIN")), file)
        moments.append(time.monotonic())
        generations.create_indexes(connection, projection, SCHEMA)
        connection.execute(sql.SQL("ANALYZE {}").format(empty))
        moments.append(time.monotonic())
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(SCHEMA)))
        out, into, indexes = (after - before for before, after in pairwise(moments))
        return Copied(out, into, indexes, file.stat().st_size, rows)


def _copy_out(connection: Connection[Any], query: sql.Composed, file: Path) -> None:
    with file.open("wb") as target, connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy:
            target.write(block)


def _copy_in(connection: Connection[Any], query: sql.Composed, file: Path) -> int:
    with file.open("rb") as source, connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            while block := source.read(2**18):
                copy.write(block)
        return cursor.rowcount
