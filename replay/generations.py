"""Generations of projections: which exist, where they stand, which one readers see."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec
from psycopg import Connection, sql
from psycopg.rows import class_row

from replay.errors import ProjectorFenced
from replay.projection import Projection

NUMBERING_LOCK = int.from_bytes(b"generate", "big") >> 1


class State(StrEnum):
    """replaying: being built from ranges of the log by a replay; building: the projector brings it up to the live one
    and swaps it in; held: built, and whoever owns the replay brings it up and swaps it in; live: readers see it;
    halted: stopped by a fault, for a person to mend; retired: kept for a rollback.
    """

    REPLAYING = "replaying"
    BUILDING = "building"
    HELD = "held"
    LIVE = "live"
    HALTED = "halted"
    RETIRED = "retired"


class Generation(msgspec.Struct, frozen=True):
    """One build of a projection. `position` is its checkpoint; `live`: readers see it, even when it is halted."""

    projection: str
    generation: int
    version: int
    definition_hash: str
    schema_name: str
    position: int
    state: str
    halted_reason: str | None
    replay_id: int | None
    live: bool

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(self.schema_name, self.projection)


SELECT = """
SELECT g.projection, g.generation, g.version, g.definition_hash, g.schema_name, g.position, g.state,
       g.halted_reason, g.replay_id, p.generation IS NOT DISTINCT FROM g.generation AS live
FROM projection_generations g LEFT JOIN projections p USING (projection)
ORDER BY g.projection, g.generation
"""


def generations(connection: Connection[Any]) -> list[Generation]:
    """All generations, by name and number."""
    with connection.cursor(row_factory=class_row(Generation)) as cursor:
        return cursor.execute(SELECT).fetchall()


def head(connection: Connection[Any]) -> int:
    """The highest position of the log; 0 when it is empty."""
    row = connection.execute("SELECT coalesce(max(position), 0) FROM webhooks").fetchone()
    return int(row[0]) if row else 0


def create(connection: Connection[Any], projection: Projection, *, live: bool) -> None:
    """A new, empty generation at position 0, in a schema of its own, for the projector to fill.
    `live`: readers see it at once.
    """
    with connection.transaction():
        number = make(connection, projection, State.LIVE if live else State.BUILDING)
        create_indexes(connection, projection, schema_name(projection.name, number))
        if live:
            connection.execute("INSERT INTO projections VALUES (%s, %s)", (projection.name, number))


def schema_name(projection: str, generation: int) -> str:
    """The schema of a generation."""
    return f"{projection}_g{generation}"


def create_indexes(connection: Connection[Any], projection: Projection, schema: str) -> None:
    """Build the secondary indexes: after loading, where much is loaded."""
    for statement in projection.index_statements(schema):
        connection.execute(statement.encode())


def sizes(connection: Connection[Any], held: Sequence[Generation]) -> dict[str, int]:
    """Bytes of the table of each generation, by schema; without its indexes."""
    rows = connection.execute(
        "SELECT n.nspname, pg_table_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = ANY(%s)",
        ([generation.schema_name for generation in held],),
    )
    return dict(rows.fetchall())


def make(connection: Connection[Any], projection: Projection, state: State, replay_id: int | None = None) -> int:
    """An empty table without secondary indexes, in a schema of its own; returns the generation's number."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (NUMBERING_LOCK,))
    row = connection.execute(
        "SELECT coalesce(max(generation), 0) + 1 FROM projection_generations WHERE projection = %s", (projection.name,)
    ).fetchone()
    number = int(row[0]) if row else 1
    schema = schema_name(projection.name, number)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    for statement in projection.create_statements(schema):
        connection.execute(statement.encode())
    connection.execute(
        "INSERT INTO projection_generations"
        " (projection, generation, version, definition_hash, schema_name, state, replay_id)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (projection.name, number, projection.version, projection.definition_hash, schema, state, replay_id),
    )
    return number


def set_state(connection: Connection[Any], generation: Generation, state: State, position: int | None = None) -> None:
    """Move a generation on to another state, and to a position where one is given."""
    connection.execute(
        "UPDATE projection_generations SET state = %s, position = coalesce(%s, position),"
        " updated_at = clock_timestamp() WHERE projection = %s AND generation = %s",
        (state, position, generation.projection, generation.generation),
    )


def drop(connection: Connection[Any], generation: Generation) -> None:
    """Drop a generation, its parks and its checkpoint; if readers see it, its pointer and its view, too."""
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '10s'")
        if generation.live:
            connection.execute(
                sql.SQL("DROP VIEW IF EXISTS {}").format(sql.Identifier("public", generation.projection))
            )
        connection.execute(
            "DELETE FROM projections WHERE projection = %s AND generation = %s",
            (generation.projection, generation.generation),
        )
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(generation.schema_name)))
        for table in ("parked_events", "projection_generations"):
            connection.execute(
                sql.SQL("DELETE FROM {} WHERE projection = %s AND generation = %s").format(sql.Identifier(table)),
                (generation.projection, generation.generation),
            )


def swap(connection: Connection[Any], built: Generation) -> None:
    """Let readers see `built`: one UPDATE of the pointer. The generation seen until now is retired, not dropped.
    Readers wait for nothing: those that began before go on with the generation they saw.
    """
    with connection.transaction():
        connection.execute(
            "UPDATE projection_generations g SET state = 'retired', updated_at = clock_timestamp() FROM projections p"
            " WHERE p.projection = %s AND g.projection = p.projection AND g.generation = p.generation",
            (built.projection,),
        )
        connection.execute(
            "UPDATE projection_generations SET state = 'live', halted_reason = NULL, updated_at = clock_timestamp()"
            " WHERE projection = %s AND generation = %s",
            (built.projection, built.generation),
        )
        connection.execute(
            "INSERT INTO projections VALUES (%s, %s) ON CONFLICT (projection) DO UPDATE"
            " SET generation = excluded.generation",
            (built.projection, built.generation),
        )


def stand_still(connection: Connection[Any], names: Sequence[str]) -> None:
    """Until the end of this transaction the live generations of these projections are not moved on, by nobody. Whoever
    projects waits that long, so be brief; readers do not.
    """
    connection.execute(
        "SELECT FROM projection_generations g JOIN projections p USING (projection, generation)"
        " WHERE projection = ANY(%s) ORDER BY projection FOR NO KEY UPDATE OF g",
        (list(names),),
    )


def advance(connection: Connection[Any], moved: Sequence[Generation], position: int) -> None:
    """Move the checkpoints by compare-and-swap, locked in one order for all. Raises ProjectorFenced if any was moved
    by somebody else, halted or dropped: then nothing of the transaction may be committed. One that was retired since
    it was read may go on: nobody sees it.
    """
    cursor = connection.execute(
        "WITH standing AS MATERIALIZED ("
        " SELECT g.projection, g.generation FROM projection_generations g"
        " JOIN unnest(%s::text[], %s::int[], %s::bigint[]) AS m(projection, generation, position)"
        " USING (projection, generation, position) WHERE g.state NOT IN ('halted', 'replaying')"
        " ORDER BY projection, generation FOR NO KEY UPDATE OF g)"
        " UPDATE projection_generations g SET position = %s, updated_at = clock_timestamp()"
        " FROM standing s WHERE g.projection = s.projection AND g.generation = s.generation",
        (
            [generation.projection for generation in moved],
            [generation.generation for generation in moved],
            [generation.position for generation in moved],
            position,
        ),
    )
    if cursor.rowcount != len(moved):
        names = ", ".join(generation.projection for generation in moved)
        raise ProjectorFenced(f"another projector moved a checkpoint of {names}: standing down")


def halt(connection: Connection[Any], generation: Generation, reason: str) -> None:
    """Stop one generation, and say why, until a person lets it go on."""
    connection.execute(
        "UPDATE projection_generations SET state = 'halted', halted_reason = %s, updated_at = clock_timestamp()"
        " WHERE projection = %s AND generation = %s",
        (reason, generation.projection, generation.generation),
    )
