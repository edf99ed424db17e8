"""How a replay is stopped, cancelled or found to have ended, and what it leaves behind."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import Connection

from replay import generations, replays
from replay.errors import ReplayError
from replay.generations import State


class Interrupted(ReplayError):
    """Stopped on request; the same command resumes."""

    reason = "interrupted"


def check_runs(connection: Connection[Any], replay_id: int, stop: threading.Event) -> None:
    """Raises Interrupted if `stop` is set, ReplayError if somebody has ended the replay."""
    if stop.is_set():
        raise Interrupted(f"replay {replay_id} is stopped; the same command resumes it")
    replay = replays.find(connection, replay_id)
    if replay.state != "running":
        raise ReplayError(f"replay {replay_id} was {replay.state}: {replay.message or 'by somebody else'}")


@contextmanager
def stoppable(connection: Connection[Any], stop: threading.Event) -> Iterator[None]:
    """A long statement of this connection ends when `stop` is set. Raises Interrupted then."""
    left = threading.Event()

    def watch() -> None:
        while not left.wait(0.1):
            if stop.is_set():
                with suppress(psycopg.Error):
                    connection.cancel_safe(timeout=1.0)

    watching = threading.Thread(target=watch, name="stoppable", daemon=True)
    watching.start()
    try:
        yield
    except psycopg.errors.QueryCanceled:
        if stop.is_set():
            raise Interrupted("stopped; the same command resumes") from None
        raise
    finally:
        left.set()
        watching.join()


def cancel(
    connection: Connection[Any], replay_id: int, message: str = "cancelled", *, state: str = "cancelled"
) -> None:
    """End a replay and drop what it has built; its workers stop at their next batch. The live tables are untouched."""
    replays.end(connection, replay_id, state, message)
    clear(connection)


def clear(connection: Connection[Any]) -> None:
    """Drop what ended replays have built and not handed over: whoever ended one may have been killed before it could."""
    ended = {replay.replay_id for replay in replays.replays(connection) if replay.state != "running"}
    # Looked up after the replays: one that has ended has handed over what it ever will.
    for generation in generations.generations(connection):
        unused = generation.state in (State.REPLAYING, State.HELD) and not generation.live
        if unused and generation.replay_id in ended:
            generations.drop(connection, generation)
