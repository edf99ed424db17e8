"""The views in schema `public`, which SQL users see. They follow a swap and may lag: the service never reads them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection, sql

from replay.generations import Generation, generations

log = logging.getLogger(__name__)

VIEWS_LOCK = int.from_bytes(b"sqlviews", "big") >> 1

SHOWN = """
SELECT v.relname, n.nspname
FROM pg_class v JOIN pg_rewrite r ON r.ev_class = v.oid
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class t ON t.oid = d.refobjid AND t.relname = v.relname AND t.oid <> v.oid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE v.relnamespace = 'public'::regnamespace AND v.relkind = 'v'
"""
IN_THE_WAY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DependentObjectsStillExist,
    psycopg.ProgrammingError,
)


def publish_views(connection: Connection[Any]) -> bool:
    """Point the views at the live generations, where they are not. Returns False if one is in use, or used by a view
    of somebody's, for the next call.
    """
    with _alone(connection):
        shown = dict(connection.execute(SHOWN).fetchall())
        live = [generation for generation in generations(connection) if generation.live]
        behind = [generation for generation in live if shown.get(generation.projection) != generation.schema_name]
        done = [_publish(connection, generation) for generation in behind]
    return all(done)


@contextmanager
def _alone(connection: Connection[Any]) -> Iterator[None]:
    """A projector and a command may swap at the same time: the one that comes second must look again."""
    connection.execute("SELECT pg_advisory_lock(%s)", (VIEWS_LOCK,))
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):
            connection.execute("SELECT pg_advisory_unlock(%s)", (VIEWS_LOCK,))


def _publish(connection: Connection[Any], generation: Generation) -> bool:
    """Replaced where the columns allow it, which keeps grants and dependent views; else made anew."""
    view = sql.Identifier("public", generation.projection)
    replace = sql.SQL("CREATE OR REPLACE VIEW {} AS SELECT * FROM {}").format(view, generation.table)
    try:
        try:
            _briefly(connection, replace)
        except psycopg.errors.InvalidTableDefinition:
            _briefly(connection, sql.SQL("DROP VIEW {}").format(view), replace)
    except IN_THE_WAY as error:
        # Whatever it is, a table of somebody's included: no reader of ours is touched by it.
        log.warning("view %s still shows an earlier generation: %s", generation.projection, error.diag.message_primary)
        return False
    return True


def _briefly(connection: Connection[Any], *statements: sql.Composed) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL lock_timeout = '500ms'")
        for statement in statements:
            connection.execute(statement)
