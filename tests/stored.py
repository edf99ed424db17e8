"""What is in the tables of projections."""

from typing import Any

from psycopg import Connection, sql

from replay.projection import Projection


def stored_rows(connection: Connection[Any], projection: Projection, schema: str) -> list[tuple[Any, ...]]:
    """The whole table in order of key."""
    names, key = (sql.SQL(", ").join(map(sql.Identifier, columns)) for columns in (projection.names, projection.key))
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(names, sql.Identifier(schema, projection.name), key)
    return connection.execute(query).fetchall()
