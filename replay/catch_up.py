"""Bringing generations that nobody sees up to the live ones, by whoever owns them. That needs no projector to run, and
works beside one of another release, which does not know these generations.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from replay import generations
from replay.batch import Applier
from replay.event import Decode
from replay.generations import Generation
from replay.log import LogReader
from replay.projection import Projection
from replay.projector import Checkpoints
from replay.rebuild import give_up

BATCH = 2_000
NEAR = 500
"""Positions: so little may be left for the moment in which the live generations stand still."""
Pair = tuple[Generation, Generation | None]
"""A generation, and the live one of its projection."""
Check = Callable[[int, int], None]
"""Told before each batch where a generation stands and where the live one does; may raise."""
Pairs = Callable[[Connection[Any]], Sequence[Pair]]


class CatchUp:
    """Moves generations on, never beyond the live ones."""

    def __init__(self, connection: Connection[Any], projections: Sequence[Projection], decode: Decode) -> None:
        by_name = {projection.name: projection for projection in projections}
        self._connection = connection
        self._reader = LogReader(connection, decode)
        self._checkpoints = Checkpoints(connection)
        self._applier = Applier(self._reader, by_name, self._checkpoints, give_up)

    def run(self, pairs: Pairs, near: int, check: Check = lambda _position, _until: None) -> None:
        """Until no generation stands more than `near` positions behind."""
        while behind := _behind(pairs(self._connection), near):
            for (position, until), standing in behind.items():
                check(position, until)
                self._advance(standing, position, until)

    def _advance(self, standing: list[Generation], position: int, until: int) -> None:
        wanted = self._applier.wanted(standing)
        records = self._reader.records(position, until=until, limit=BATCH, wanted=wanted)
        if records:
            self._applier.apply(self._connection, standing, records)
        else:
            with self._connection.transaction():
                self._checkpoints.together(standing, until)


def _behind(pairs: Sequence[Pair], near: int) -> dict[tuple[int, int], list[Generation]]:
    """By where they stand and where their live ones do: each part of the log is read once."""
    found: dict[tuple[int, int], list[Generation]] = {}
    for own, live in pairs:
        if live is not None and own.position + near < live.position:
            found.setdefault((own.position, live.position), []).append(own)
    return found


@contextmanager
def level(connection: Connection[Any], catch_up: CatchUp, pairs: Pairs) -> Iterator[Sequence[Pair]]:
    """A transaction in which the live generations stand still, and no generation of `pairs` stands behind them.
    `catch_up` may be on this connection or on another.
    """
    with connection.transaction():
        generations.stand_still(connection, [own.projection for own, _live in pairs(connection)])
        catch_up.run(pairs, near=0)
        yield pairs(connection)


def pairs(connection: Connection[Any], replay_id: int) -> list[Pair]:
    """Each generation of a replay beside the live one of its projection."""
    held = generations.generations(connection)
    live = {generation.projection: generation for generation in held if generation.live}
    return [(own, live.get(own.projection)) for own in held if own.replay_id == replay_id and not own.live]


def beside(connection: Connection[Any], name: str, number: int) -> list[Pair]:
    """One generation beside the live one."""
    held = [generation for generation in generations.generations(connection) if generation.projection == name]
    live = next((generation for generation in held if generation.live), None)
    return [(generation, live) for generation in held if generation.generation == number]
