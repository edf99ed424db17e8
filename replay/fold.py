"""From events to merged rows, in memory."""

import logging
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from replay.event import Event
from replay.merges import Row
from replay.projection import Projection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Park:
    """An event that a projection could not apply, and why."""

    projection: str
    position: int
    reason: str
    error: str


@dataclass(slots=True)
class Folded:
    """The rows that a batch states about one projection, merged by key, and the events it could not read.
    `failure`: two of the rows cannot be merged, so that none of them is of any use.
    """

    projection: Projection
    rows: dict[Hashable, Row] = field(default_factory=dict)
    parks: list[Park] = field(default_factory=list)
    failure: Exception | None = None

    def add(self, event: Event[Any]) -> None:
        """Merge all rows of an event, or, if the projection fails on it, none of them."""
        projection = self.projection
        try:
            stated = [(projection.key_of(row), row) for row in projection.rows(event)]
        except Exception as error:
            # Whatever a projection raises on an event it will raise again: the event is parked, not lost.
            log.exception("projection %s cannot read event %s", projection.name, event.position)
            self.parks.append(park(projection, event.position, "rows", error))
            return
        try:
            self.merge(stated)
        except Exception as error:
            log.exception("rows of projection %s cannot be merged at event %s", projection.name, event.position)
            self.failure = error

    def merge(self, stated: Iterable[tuple[Hashable, Row]]) -> None:
        """Merge rows, each beside its key. Takes the rows over: they are changed."""
        rows, merges = self.rows, self.projection.merges
        for key, row in stated:
            held = rows.setdefault(key, row)
            if held is not row:
                for merge in merges:
                    merge.fold(held, row)


def fold(projections: Sequence[Projection], events: Iterable[Event[Any]]) -> tuple[list[Folded], int]:
    """Each event once through all projections that want it; also the last position that was read (0: none)."""
    folded = [Folded(projection) for projection in projections]
    by_type: dict[str, list[Folded]] = {}
    last = 0
    for event in events:
        last = event.position
        takers = by_type.get(event.event_type)
        if takers is None:
            takers = by_type[event.event_type] = [f for f in folded if f.projection.wants(event.event_type)]
        for taker in takers:
            taker.add(event)
    return folded, last


def park(projection: Projection, position: int, reason: str, error: BaseException) -> Park:
    """A park, with the error in one line of at most 1,000 characters."""
    text = f"{type(error).__name__}: {error}".replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return Park(projection.name, position, reason, " ".join(text.split())[:1000])
