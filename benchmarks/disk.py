"""Bytes on disk for each event: the log and all projections beside the same bodies in a jsonb column."""

from typing import Any

from psycopg import Connection, sql

from benchmarks.deliveries import Stored, batches, mean, simulated, stored
from benchmarks.held_out import BATCH, halves
from benchmarks.machine import describe_postgres, table
from benchmarks.stage import connected, data_directory, database
from benchmarks.targets import Target
from projections.catalog import active_projections
from projections.decode import decode
from replay.compression import register_dictionary
from replay.log import append
from replay.projector import Projector

AS_JSONB = """
CREATE TABLE as_jsonb (LIKE webhooks INCLUDING ALL);
ALTER TABLE as_jsonb ALTER COLUMN body TYPE jsonb USING NULL, ALTER COLUMN body SET STORAGE EXTENDED;
"""
FILL_JSONB = """
INSERT INTO as_jsonb (delivery_id, event_type, hook_id, repository_id, source, received_at, handed_over_at,
                      appended_at, repeat, headers, body_sha256, body)
SELECT delivery_id, event_type, hook_id, repository_id, source, received_at, handed_over_at, appended_at, repeat,
       headers, body_sha256, %s::jsonb FROM webhooks WHERE delivery_id = %s
"""
SIZES = """
SELECT pg_relation_size(c.oid), coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0),
       pg_indexes_size(c.oid), pg_total_relation_size(c.oid), c.reltuples::bigint
FROM pg_class c WHERE c.oid = %s::regclass
"""


def measure(*, events: int) -> list[Target]:
    """Print the table of sizes."""
    deliveries = [stored(one) for one in simulated(events)]
    body = mean([one.simulated for one in deliveries])
    print(f"{events:,} simulated events of the default mix, bodies of {body:,.0f} bytes on average;")
    print("each compressed with a dictionary trained on example payloads of other event families only")
    with data_directory() as data_dir, database(data_dir) as conninfo, connected(conninfo) as connection:
        print(describe_postgres(conninfo) + "\n")
        _append(connection, deliveries)
        _fill_jsonb(connection, deliveries)
        tables = _project(connection, conninfo)
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
        return _report(connection, tables, events)


def _append(connection: Connection[Any], deliveries: list[Stored]) -> None:
    for half in halves():
        register_dictionary(connection, half.dictionary)
        compressor = half.compressor()
        for batch in batches(half.others(deliveries), BATCH):
            append(connection, batch, compressor)


def _fill_jsonb(connection: Connection[Any], deliveries: list[Stored]) -> None:
    connection.execute(AS_JSONB.encode())
    with connection.transaction(), connection.cursor() as cursor:
        rows = ((one.simulated.body.decode(), one.simulated.delivery_id) for one in deliveries)
        cursor.executemany(FILL_JSONB, rows)


def _project(connection: Connection[Any], conninfo: str) -> list[str]:
    """All projections, until they have caught up; the names of their tables."""
    projections = active_projections(())
    projector = Projector(conninfo, projections, decode)
    projector.prepare(connection)
    while projector.run_once(connection):
        pass
    parked = connection.execute("SELECT FROM parked_events").rowcount
    behind = connection.execute(
        "SELECT FROM projection_generations WHERE position < (SELECT max(position) FROM webhooks)"
    ).rowcount
    if parked or behind:
        raise RuntimeError(f"{parked} events are parked, {behind} projections are behind")
    rows = connection.execute("SELECT schema_name, projection FROM projection_generations ORDER BY 2").fetchall()
    return [sql.Identifier(*row).as_string(connection) for row in rows]


def _report(connection: Connection[Any], tables: list[str], events: int) -> list[Target]:
    sizes = {name: _sizes(connection, name) for name in ["as_jsonb", "webhooks", *tables]}
    total = tuple(sum(sizes[name][place] for name in tables) for place in range(5))
    rows = [_row(name.rpartition(".")[2].strip('"'), size, events) for name, size in sizes.items()]
    head = ["bytes for each event", "rows", "table", "TOAST", "indexes", "all"]
    print(table(head, [*rows, _row("all projections", total, events)]))
    log, projected, jsonb = (one[3] / events for one in (sizes["webhooks"], total, sizes["as_jsonb"]))
    print(f"\nthe log takes {log / jsonb:.0%} of the table that holds the same bodies as jsonb")
    return [
        Target("log, bytes for each event, families held out", 1_500, log, "B"),
        Target("all projections with indexes, bytes for each event", 1_500, projected, "B"),
    ]


def _sizes(connection: Connection[Any], name: str) -> tuple[int, ...]:
    found = connection.execute(SIZES, [name]).fetchone()
    assert found is not None
    return tuple(found)


def _row(name: str, sizes: tuple[int, ...], events: int) -> list[str]:
    own, toast, indexes, everything, rows = sizes
    return [name, f"{rows:,}", *(f"{size / events:,.0f}" for size in (own, toast, indexes, everything))]
