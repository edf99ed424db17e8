"""Replays as the database knows them: what is built, from which ranges of the log, how far each range has come.

A replay belongs to the session that holds its advisory lock. Killed, it leaves its ranges where they were, in the
same transactions as the rows, and whoever asks for the same projections again resumes it.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString, NamedTuple

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from replay.errors import ReplayError

LOCK_CLASS = 7_237_980
"""The first key of the advisory lock that the owner of a replay holds; the second is the replay's id."""
MIN_RANGE = 2_000
RANGES_PER_WORKER = 8


class RangeTaken(ReplayError):
    """A range was moved on by somebody else, or its replay has ended: nothing of the transaction may be committed."""


class Replay(msgspec.Struct, frozen=True):
    """One replay. `names` are its projections; `owned`: some session is at work on it; `phase_done` of `phase_total`:
    tables, or in phase `catching up` positions.
    """

    replay_id: int
    purpose: str
    names: list[str]
    target: int
    state: str
    message: str | None
    begun_at: datetime
    ended_at: datetime | None
    done: int
    events: int
    parked: int
    owned: bool
    phase: str
    phase_done: int
    phase_total: int


class Phase(StrEnum):
    """What a running replay is at: applying events, building indexes, following the live tables, comparing with them,
    taking their place.
    """

    EVENTS = "events"
    INDEXES = "indexes"
    CATCHING_UP = "catching up"
    COMPARING = "comparing"
    SWAPPING = "swapping"


class Range(NamedTuple):
    """The part (after, until] of the log; `position`: how far it has been applied."""

    number: int
    after: int
    until: int
    position: int


REPLAY: LiteralString = """
SELECT r.replay_id, r.purpose, r.target, r.state, r.message, r.begun_at, r.ended_at,
       r.phase, r.phase_done, r.phase_total,
       ARRAY(SELECT g.projection FROM projection_generations g WHERE g.replay_id = r.replay_id ORDER BY 1) AS names,
       (SELECT coalesce(sum(n.position - n.after), 0)::bigint FROM replay_ranges n WHERE n.replay_id = r.replay_id)
           AS done,
       (SELECT coalesce(sum(n.events), 0)::bigint FROM replay_ranges n WHERE n.replay_id = r.replay_id) AS events,
       (SELECT count(*) FROM parked_events k JOIN projection_generations g USING (projection, generation)
        WHERE g.replay_id = r.replay_id AND k.state = 'parked') AS parked,
       EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.classid = %(lock)s AND l.objid = r.replay_id
               AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS owned
FROM replays r
"""
SELECT = f"{REPLAY} ORDER BY r.replay_id DESC LIMIT %(limit)s"


def replays(connection: Connection[Any], *, limit: int = 100) -> list[Replay]:
    """The latest replays, newest first."""
    with connection.cursor(row_factory=class_row(Replay)) as cursor:
        return cursor.execute(SELECT, {"lock": LOCK_CLASS, "limit": limit}).fetchall()


def find(connection: Connection[Any], replay_id: int) -> Replay:
    """One replay. Raises ReplayError if there is none."""
    with connection.cursor(row_factory=class_row(Replay)) as cursor:
        query = f"{REPLAY} WHERE r.replay_id = %(replay)s"
        found = cursor.execute(query, {"lock": LOCK_CLASS, "replay": replay_id}).fetchone()
    if found is None:
        raise ReplayError(f"there is no replay {replay_id}")
    return found


def begin(connection: Connection[Any], purpose: str, target: int, *, workers: int) -> int:
    """A new replay up to `target`, its ranges laid out; returns its id."""
    with connection.transaction():
        row = connection.execute(
            "INSERT INTO replays (purpose, target, state) VALUES (%s, %s, 'running') RETURNING replay_id",
            (purpose, target),
        ).fetchone()
        assert row is not None
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO replay_ranges (replay_id, number, after, until, position) VALUES (%s, %s, %s, %s, %s)",
                [(row[0], number, after, until, after) for number, (after, until) in enumerate(cut(target, workers))],
            )
    return int(row[0])


def cut(target: int, workers: int) -> list[tuple[int, int]]:
    """(0, target] in pieces (after, until], enough for the workers to end together, none too small."""
    size = max(MIN_RANGE, -(-target // (workers * RANGES_PER_WORKER)))
    return [(after, min(after + size, target)) for after in range(0, target, size)]


def own(connection: Connection[Any], replay_id: int) -> bool:
    """Take a replay for this session, if nobody is at work on it."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, replay_id)).fetchone()
    return bool(row and row[0])


def disown(connection: Connection[Any], replay_id: int) -> None:
    """Let go of a replay, so that it can be resumed."""
    connection.execute("SELECT pg_advisory_unlock(%s, %s)", (LOCK_CLASS, replay_id))


def end(connection: Connection[Any], replay_id: int, state: str, message: str | None = None) -> None:
    """Write how a replay ended: finished, cancelled or failed. Raises ReplayError if it had ended before."""
    cursor = connection.execute(
        "UPDATE replays SET state = %s, message = %s, ended_at = clock_timestamp()"
        " WHERE replay_id = %s AND state = 'running'",
        (state, message, replay_id),
    )
    if cursor.rowcount != 1:
        found = find(connection, replay_id)
        raise ReplayError(f"replay {replay_id} was {found.state}: {found.message or 'by somebody else'}")


def enter(connection: Connection[Any], replay_id: int, phase: Phase, done: int = 0, total: int = 0) -> Replay:
    """Let everybody see what a replay is at; returns it as it is now."""
    connection.execute(
        "UPDATE replays SET phase = %s, phase_done = %s, phase_total = %s WHERE replay_id = %s AND state = 'running'",
        (phase, done, total, replay_id),
    )
    return find(connection, replay_id)


def running(connection: Connection[Any], replay_id: int) -> bool:
    """Whether nobody has ended the replay."""
    row = connection.execute("SELECT state = 'running' FROM replays WHERE replay_id = %s", (replay_id,)).fetchone()
    return bool(row and row[0])


def claim(connection: Connection[Any], replay_id: int, worker: int, workers: int) -> Range | None:
    """The next range for a worker; None when none is left. Each worker begins in a part of the log of its own, so
    that two of them seldom meet at the same pull request.
    """
    row = connection.execute(
        "UPDATE replay_ranges SET worker = %(worker)s, updated_at = clock_timestamp()"
        " WHERE replay_id = %(replay)s AND number = ("
        "   SELECT number FROM replay_ranges WHERE replay_id = %(replay)s AND position < until AND worker IS NULL"
        "   ORDER BY (number - (SELECT count(*) FROM replay_ranges WHERE replay_id = %(replay)s)"
        "             * %(worker)s / %(workers)s) < 0, number LIMIT 1 FOR UPDATE SKIP LOCKED)"
        " RETURNING number, after, until, position",
        {"replay": replay_id, "worker": worker, "workers": workers},
    ).fetchone()
    return None if row is None else Range._make(row)


def unfinished(connection: Connection[Any], replay_id: int) -> int:
    """How many ranges are not applied yet."""
    row = connection.execute(
        "SELECT count(*) FROM replay_ranges WHERE replay_id = %s AND position < until", (replay_id,)
    ).fetchone()
    return int(row[0]) if row else 0


def unclaimed(connection: Connection[Any], replay_id: int) -> bool:
    """Whether a range is left that nobody has claimed, though `claim` did not get it: its row is locked."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM replay_ranges WHERE replay_id = %s AND position < until AND worker IS NULL)",
        (replay_id,),
    ).fetchone()
    return bool(row and row[0])


def ranges(connection: Connection[Any], replay_id: int) -> list[tuple[int, Range]]:
    """What each worker is at: (worker, its latest range)."""
    rows = connection.execute(
        "SELECT DISTINCT ON (worker) worker, number, after, until, position FROM replay_ranges"
        " WHERE replay_id = %s AND worker IS NOT NULL ORDER BY worker, updated_at DESC",
        (replay_id,),
    )
    return [(row[0], Range._make(row[1:])) for row in rows]


def release(connection: Connection[Any], replay_id: int, worker: int) -> None:
    """Give back the ranges of one worker that is gone."""
    connection.execute(
        "UPDATE replay_ranges SET worker = NULL WHERE replay_id = %s AND worker = %s", (replay_id, worker)
    )


def release_all(connection: Connection[Any], replay_id: int) -> None:
    """Give back the ranges of workers that are gone."""
    connection.execute("UPDATE replay_ranges SET worker = NULL WHERE replay_id = %s", (replay_id,))


def advance(connection: Connection[Any], replay_id: int, part: Range, position: int, events: int) -> Range:
    """Move a range on by compare-and-swap. Raises RangeTaken."""
    cursor = connection.execute(
        "UPDATE replay_ranges n SET position = %s, events = events + %s, updated_at = clock_timestamp()"
        " FROM replays r WHERE r.replay_id = n.replay_id AND r.state = 'running'"
        " AND n.replay_id = %s AND n.number = %s AND n.position = %s",
        (position, events, replay_id, part.number, part.position),
    )
    if cursor.rowcount != 1:
        raise RangeTaken(f"replay {replay_id} was ended, or another process works on its range {part.number}")
    return part._replace(position=position)
