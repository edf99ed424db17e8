"""A schema that holds projections as they were at one position of the log: time travel.

Beside the projections' tables it holds `checkpoint` and `parked_events`, and views that say to a reader there what the
tables of the same names in `public` say of the present. So whatever reads projections reads the past when this schema
stands first on its search path.
"""

import re
from collections.abc import Sequence
from typing import Any

from psycopg import Connection, sql

from replay.errors import ReplayError
from replay.fold import Park
from replay.generations import Generation, State
from replay.projection import Projection

MARK = "GitHub Metrics: projections as they were at one position of the log"
"""The comment by which a schema of ours is known."""
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_RESERVED = re.compile(r"pg_.*|public|information_schema|.*_g[0-9]+")
"""PostgreSQL's own names, and those of generations."""

CREATE = (
    "CREATE SCHEMA IF NOT EXISTS {schema}",
    "COMMENT ON SCHEMA {schema} IS {mark}",
    """
    CREATE TABLE {schema}.checkpoint (
        projection text PRIMARY KEY, position bigint NOT NULL DEFAULT 0, until bigint NOT NULL, asked text NOT NULL,
        version integer NOT NULL, definition_hash text NOT NULL, events bigint NOT NULL DEFAULT 0,
        begun_at timestamptz NOT NULL DEFAULT clock_timestamp(), finished_at timestamptz
    )
    """,
    """
    CREATE TABLE {schema}.parked_events (
        projection text, generation integer NOT NULL DEFAULT 0, position bigint, state text NOT NULL DEFAULT 'parked',
        reason text NOT NULL, error text NOT NULL, version integer NOT NULL, attempts integer NOT NULL DEFAULT 1,
        parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        attempted_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (projection, position)
    )
    """,
    "CREATE VIEW {schema}.webhooks AS SELECT * FROM public.webhooks WHERE position <= {until}",
    """
    CREATE VIEW {schema}.projections AS
    SELECT projection, 0 AS generation FROM {schema}.checkpoint WHERE finished_at IS NOT NULL
    """,
    """
    CREATE VIEW {schema}.projection_generations AS
    SELECT projection, 0 AS generation, version, definition_hash, {name}::text AS schema_name, position,
           CASE WHEN finished_at IS NULL THEN 'replaying' ELSE 'live' END AS state, NULL::text AS halted_reason,
           NULL::bigint AS replay_id, begun_at AS created_at, coalesce(finished_at, begun_at) AS updated_at
    FROM {schema}.checkpoint
    """,
)


class MomentSchema:
    """One such schema. It is itself the checkpoint of the batches that fill it."""

    def __init__(self, connection: Connection[Any], name: str) -> None:
        """Raises ReplayError for a name that cannot be such a schema's."""
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
            raise ReplayError(
                f"{name} cannot be the schema: take lower-case letters, digits and _, not pg_…, public or …_g1"
            )
        self.name = name
        self.events = 0
        self._connection = connection

    def exists(self) -> bool:
        """Whether there is such a schema of ours. Raises ReplayError if it is somebody else's and not empty."""
        row = self._connection.execute(
            "SELECT obj_description(n.oid, 'pg_namespace') = %s,"
            " EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)"
            " OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = n.oid)"
            " FROM pg_namespace n WHERE n.nspname = %s",
            (MARK, self.name),
        ).fetchone()
        if row is not None and not row[0] and row[1]:
            raise ReplayError(f"schema {self.name} holds something else: name another one, which need not exist")
        return row is not None and bool(row[0])

    def until(self) -> int:
        """The position that the schema is of."""
        query = sql.SQL("SELECT max(until) FROM {}").format(self._table("checkpoint"))
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def lay_out(self, projections: Sequence[Projection], until: int, asked: str) -> None:
        """Make the schema, and empty tables for those that are not there yet. Raises ReplayError if it is of another
        position, or of other definitions.
        """
        with self._connection.transaction():
            if not self.exists():
                self._create(until)
            elif self.until() != until:
                raise ReplayError(
                    f"schema {self.name} is of position {self.until():,}, not {until:,}: name another, or drop it"
                )
            held = {generation.projection: generation for generation in self.generations()}
            for projection in projections:
                if projection.name not in held:
                    self._add(projection, until, asked)
                elif held[projection.name].definition_hash != projection.definition_hash:
                    raise ReplayError(f"schema {self.name} has another definition of {projection.name}: drop it first")

    def _create(self, until: int) -> None:
        parts = {
            "schema": sql.Identifier(self.name),
            "mark": sql.Literal(MARK),
            "until": sql.Literal(until),
            "name": sql.Literal(self.name),
        }
        for statement in CREATE:
            self._connection.execute(sql.SQL(statement).format(**parts))

    def _add(self, projection: Projection, until: int, asked: str) -> None:
        for statement in projection.create_statements(self.name):
            self._connection.execute(statement.encode())
        self._connection.execute(
            sql.SQL(
                "INSERT INTO {} (projection, until, asked, version, definition_hash) VALUES (%s, %s, %s, %s, %s)"
            ).format(self._table("checkpoint")),
            (projection.name, until, asked, projection.version, projection.definition_hash),
        )

    def generations(self) -> list[Generation]:
        """Each projection of the schema; `live` once it is finished."""
        query = sql.SQL(
            "SELECT projection, 0, version, definition_hash, %s, position, CASE WHEN finished_at IS NULL THEN %s"
            " ELSE %s END, NULL, NULL, finished_at IS NOT NULL FROM {} ORDER BY projection"
        ).format(self._table("checkpoint"))
        rows = self._connection.execute(query, (self.name, State.REPLAYING, State.LIVE))
        return [Generation(*row) for row in rows]

    def finish(self, projection: Projection) -> None:
        """Its last event is applied: build the secondary indexes, and let readers see it."""
        with self._connection.transaction():
            for statement in projection.index_statements(self.name):
                self._connection.execute(statement.encode())
            self._connection.execute(
                sql.SQL("UPDATE {} SET finished_at = clock_timestamp() WHERE projection = %s").format(
                    self._table("checkpoint")
                ),
                (projection.name,),
            )
        self._connection.execute(sql.SQL("ANALYZE {}").format(self._table(projection.name)))

    def drop(self) -> None:
        """Raises ReplayError for a schema that is not one of ours."""
        with self._connection.transaction():
            if not self.exists():
                raise ReplayError(f"there is no schema {self.name} of projections at a position")
            self._connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(self.name)))

    def _table(self, name: str) -> sql.Identifier:
        return sql.Identifier(self.name, name)

    def together(self, standing: Sequence[Generation], reached: int) -> None:
        """Raises ReplayError if another process moved one: nothing of the transaction may be committed then."""
        cursor = self._connection.execute(
            sql.SQL(
                "UPDATE {} SET position = %s, events = events + %s WHERE projection = ANY(%s) AND position = %s"
            ).format(self._table("checkpoint")),
            (reached, self.events, [one.projection for one in standing], standing[0].position),
        )
        if cursor.rowcount != len(standing):
            raise ReplayError(f"another process fills schema {self.name}")

    def begin(self, reached: int) -> None:
        """Each projection moves by itself."""

    def singly(self, generation: Generation, reached: int) -> None:
        self.together([generation], reached)

    def park(self, generation: Generation, parks: Sequence[Park]) -> None:
        insert = sql.SQL(
            "INSERT INTO {} (projection, position, reason, error, version) VALUES (%s, %s, %s, %s, %s)"
        ).format(self._table("parked_events"))
        with self._connection.cursor() as cursor:
            cursor.executemany(
                insert, [(p.projection, p.position, p.reason, p.error, generation.version) for p in parks]
            )
