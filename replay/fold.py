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
        self._folds = tuple(merge.fold for merge in projection.merges)

    def add(self, event: Event[Any]) -> None:
        """Merge all rows of an event, or, if the projection fails on it, none of them."""
        stated: list[tuple[Hashable, Row]] = []
        try:
            if self._settled is not None and self._settled(event, self.rows):
                return
            for row in self._state(event):
                stated.append((self._key_of(row), row))  # noqa: PERF401 - a comprehension is a call more
        except Exception as error:
            # Whatever a projection raises on an event it will raise again: the event is parked, not lost.
            log.exception("projection %s cannot read event %s", self.projection.name, event.position)
            self.parks.append(park(self.projection, event.position, "rows", error))
            return
        try:
            self.merge(stated)
        except Exception as error:
            log.exception("rows of projection %s cannot be merged at event %s", self.projection.name, event.position)
            self.failure = error

    def merge(self, stated: Iterable[tuple[Hashable, Row]]) -> None:
        """Merge rows, each beside its key. Takes the rows over: they are changed."""
        rows = self.rows
        for key, row in stated:
            held = rows.setdefault(key, row)
            if held is not row:
                for fold in self._folds:
                    fold(held, row)


def fold(projections: Sequence[Projection], events: Iterable[Event[Any]]) -> tuple[list[Folded], int]:
    """Each event once through all projections that want it; also the last position that was read (0: none)."""
    folded = [Folded(projection) for projection in projections]
    by_type: dict[str, list[Folded]] = {}
    last = 0
    for chunk in _chunks(events):
        last = chunk[-1].position
        for event in reversed(chunk):
            takers = by_type.get(event.event_type)
            if takers is None:
                takers = by_type[event.event_type] = [f for f in folded if f.projection.wants(event.event_type)]
            for taker in takers:
                taker.add(event)
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
