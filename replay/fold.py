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
    """The rows that a batch states about one projection, merged by key, and the events it could not read."""

    projection: Projection
    rows: dict[Hashable, Row] = field(default_factory=dict)
    parks: list[Park] = field(default_factory=list)

    def add(self, event: Event[Any]) -> None:
        """Merge all rows of an event, or, if the projection fails on it, none of them."""
        try:
            merged = self._merged(self.projection.rows(event))
        except Exception as error:
            # Whatever a projection raises on an event it will raise again: the event is parked, not lost.
            log.exception("projection %s cannot read event %s", self.projection.name, event.position)
            self.parks.append(park(self.projection, event.position, "rows", error))
            return
        self.rows.update(merged)

    def _merged(self, stated: Iterable[Row]) -> dict[Hashable, Row]:
        """The rows that an event states, merged with those held, which stay untouched should it fail half-way."""
        merged: dict[Hashable, Row] = {}
        key_of, held_rows = self.projection.key_of, self.rows
        for row in stated:
            key = key_of(row)
            held = merged.get(key) or held_rows.get(key)
            merged[key] = row if held is None else self._fold(held, row)
        return merged

    def _fold(self, held: Row, row: Row) -> Row:
        copy = dict(held)
        for merge in self.projection.merges:
            merge.fold(copy, row)
        return copy


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
