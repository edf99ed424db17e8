"""From events to merged rows, in memory."""

import logging
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from replay.event import Event
from replay.merges import Row
from replay.projection import Projection

log = logging.getLogger(__name__)

CHUNK = 500
CHUNK_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Park:
    """An event that a projection could not apply, and why."""

    projection: str
    position: int
    reason: str
    error: str


class Folded:
    """The rows that a batch states about one projection, merged by key, and the events it could not read.
    `failure`: two of the rows cannot be merged, so that none of them is of any use.
    """

    def __init__(self, projection: Projection) -> None:
        self.projection = projection
        self.rows: dict[Hashable, Row] = {}
        self.parks: list[Park] = []
        self.failure: Exception | None = None
        # Bound once: they are called for each row of the log.
        self._settled, self._state, self._key_of = projection.settled, projection.rows, projection.key_of
        self._fold = projection.fold

    def add(self, events: Iterable[Event[Any]]) -> None:
        """Merge all rows of each event, or, if the projection fails on it, none of them."""
        settled, state, key_of, rows = self._settled, self._state, self._key_of, self.rows
        for event in events:
            try:
                if settled is not None and settled(event, rows):
                    continue
                stated: list[tuple[Hashable, Row]] = []
                for row in state(event):
                    stated.append((key_of(row), row))  # noqa: PERF401 - a comprehension is a call more
            except Exception as error:
                # Whatever a projection raises on an event it will raise again: the event is parked, not lost.
                log.exception("projection %s cannot read event %s", self.projection.name, event.position)
                self.parks.append(park(self.projection, event.position, "rows", error))
                continue
            try:
                self.merge(stated)
            except Exception as error:
                log.exception("rows of %s cannot be merged at event %s", self.projection.name, event.position)
                self.failure = error

    def merge(self, stated: Iterable[tuple[Hashable, Row]]) -> None:
        """Merge rows, each beside its key. Takes the rows over: they are changed."""
        setdefault, fold = self.rows.setdefault, self._fold
        for key, row in stated:
            held = setdefault(key, row)
            if held is not row:
                fold(held, row)


def fold(projections: Sequence[Projection], events: Iterable[Event[Any]]) -> tuple[list[Folded], int]:
    """Each event once through all projections that want it; also the last position that was read (0: none)."""
    folded = [Folded(projection) for projection in projections]
    last = 0
    for chunk in _chunks(events):
        last = chunk[-1].position
        chunk.reverse()
        by_type: dict[str, list[Event[Any]]] = {}
        for event in chunk:
            by_type.setdefault(event.event_type, []).append(event)
        # One projection after the other: a processor runs the same code on many events faster than much code on each.
        for each in folded:
            wanted = each.projection.events
            for of_type in [chunk] if wanted is None else [by_type[name] for name in by_type if name in wanted]:
                each.add(of_type)
    for each in folded:
        each.parks.sort(key=lambda park: park.position)
    return folded, last


def _chunks(events: Iterable[Event[Any]]) -> Iterator[list[Event[Any]]]:
    """So many events at a time as can be folded newest first: what they tell of a thing that all of them tell of is
    then known from the first, and the others have nothing to add. Few enough not to hold many bodies at once.
    """
    chunk: list[Event[Any]] = []
    size = 0
    for event in events:
        chunk.append(event)
        size += len(event.body)
        if len(chunk) >= CHUNK or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def park(projection: Projection, position: int, reason: str, error: BaseException) -> Park:
    """A park, with the error in one line of at most 1,000 characters."""
    text = f"{type(error).__name__}: {error}".replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return Park(projection.name, position, reason, " ".join(text.split())[:1000])
