"""Parked events: what a projection could not apply, kept with its error, beside the checkpoint."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import Connection

from replay.errors import GenerationFault
from replay.event import Event
from replay.fold import Park, fold, park
from replay.generations import Generation
from replay.load import load
from replay.projection import Projection

BURST = 20
WINDOW = 1_000
"""More than BURST parks within WINDOW positions are a fault of ours, not of the events: the projection halts."""

TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes that pass by themselves: connection, rollback, resources, lock, intervention, system."""
BROKEN_CLASSES = ("3F", "42", "XX", "25", "26", "0A")
"""SQLSTATE classes that no event causes: a table or schema is gone or changed."""


def transient(error: psycopg.Error) -> bool:
    """Whether the same statement may well succeed later: retried with backoff, never parked."""
    state = error.sqlstate
    if state is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return state[:2] in TRANSIENT_CLASSES


def broken(error: psycopg.Error) -> bool:
    """Whether the generation itself is damaged, whatever the event."""
    return error.sqlstate is not None and error.sqlstate[:2] in BROKEN_CLASSES


def load_or_park(
    connection: Connection[Any], projection: Projection, schema: str, events: Sequence[Event[Any]]
) -> list[Park]:
    """Apply what can be applied, by bisection: all rows of an event, or none. Raises what is transient or broken.

    Inside a transaction: each try stands in a savepoint of its own.
    """
    ((folded, *_), _last) = fold([projection], events)
    if folded.failure is not None:
        return _bisect(connection, projection, schema, events, folded.failure)
    try:
        with connection.transaction():
            load(connection, projection, schema, folded.rows)
    except psycopg.Error as error:
        if transient(error) or broken(error):
            raise
        return _bisect(connection, projection, schema, events, error)
    return folded.parks


def _bisect(
    connection: Connection[Any], projection: Projection, schema: str, events: Sequence[Event[Any]], error: Exception
) -> list[Park]:
    if len(events) == 1:
        return [park(projection, events[0].position, getattr(error, "sqlstate", None) or "rows", error)]
    half = len(events) // 2
    first = load_or_park(connection, projection, schema, events[:half])
    return first + load_or_park(connection, projection, schema, events[half:])


def record(connection: Connection[Any], generation: Generation, parks: Sequence[Park]) -> None:
    """Write parks, in the transaction that advances the checkpoint. Raises GenerationFault if they are too many."""
    check_burst(connection, generation, parks)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO parked_events (projection, generation, position, reason, error, version)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (generation.projection, generation.generation, p.position, p.reason, p.error, generation.version)
                for p in parks
            ],
        )


def check_burst(connection: Connection[Any], generation: Generation, parks: Sequence[Park]) -> None:
    """Raise GenerationFault if these parks, with those just before them, are too many to be the events' fault."""
    rows = connection.execute(
        "SELECT position FROM parked_events WHERE projection = %s AND generation = %s AND state = 'parked'"
        " AND position BETWEEN %s AND %s",
        (generation.projection, generation.generation, parks[0].position - WINDOW, parks[-1].position),
    )
    positions = sorted({row[0] for row in rows} | {park.position for park in parks})
    if any(later - first < WINDOW for first, later in zip(positions, positions[BURST:], strict=False)):
        raise GenerationFault(
            f"projection {generation.projection}: more than {BURST} of {WINDOW} events cannot be applied,"
            f" the last at position {parks[-1].position}: {parks[-1].error}"
        )
