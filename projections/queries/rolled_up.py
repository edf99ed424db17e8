"""Which part of a window the rows of a rollup answer, and which its events: whole days, or quarters of an hour, and
what a window has besides, at its two ends.

A rollup is left aside where it does not tell what is asked (who, which status), and while it does not stand where
webhook_events stands. A unit in which one of them has parked an event is read from the events too: so an answer is
always the same as that of the events alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import LiteralString

from psycopg import sql

from projections.queries.people import Window
from projections.queries.units import COLUMNS, DAY, EPOCH, MONTH, QUARTER, down, floor, month, next_month, up
from projections.queries.webhook_filters import Filters
from replay.snapshot import Snapshot

READS = (
    "webhook_events",
    "event_counts",
    "event_quarters",
    "event_senders",
    "event_durations",
    "event_month_durations",
)
"""The projections that are looked at together."""

SPOILED = """
SELECT DISTINCT w.received_at FROM parked_events k JOIN projections USING (projection, generation)
JOIN webhooks w USING (position)
WHERE k.projection = ANY(%(reads)s) AND k.state IN ('parked', 'ignored') AND w.source <> 'report'
"""
"""When the events came that one of the tables lacks."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A window, as whole units (days or quarters of an hour) without those in `but`, as whole quarters of an hour
    besides, and as spans of events.
    """

    unit: timedelta
    whole: Window
    but: tuple[datetime, ...]
    spans: tuple[Window, ...]
    quarters: tuple[Window, ...] = ()

    @property
    def whole_units(self) -> bool:
        """Whether there are any."""
        return self.whole.start is None or self.whole.start != self.whole.end

    def units(self) -> sql.Composed:
        """The condition on the rows `c` of a rollup by day or by quarter."""
        bounds = {
            "unit": sql.Identifier("c", COLUMNS[self.unit]),
            "first": self._told(self.whole.start or "-infinity"),
            "until": self._told(self.whole.end or "infinity"),
            "but": sql.SQL(", ").join(self._told(at) for at in self.but),
        }
        among = "{unit} >= {first} AND {unit} < {until}" + (" AND {unit} NOT IN ({but})" if self.but else "")
        return sql.SQL(among).format(**bounds)

    def monthly(self) -> tuple[sql.Composable, sql.Composable]:
        """The conditions on the rows `c` of a rollup by month and on those of one by day, which answer the whole days
        together.
        """
        whole = Window(next_month(self.whole.start), month(self.whole.end))
        if whole.start is not None and whole.end is not None and whole.start >= whole.end:
            return sql.SQL("false"), self.units()
        split = [at for at in sorted({month(at) for at in self.but}) if whole.holds(at)]
        months = Cover(MONTH, whole, tuple(split), ())
        beside = [*_edges(self.whole, whole), *(Window(at, next_month(at + DAY)) for at in split)]
        return months.units(), sql.SQL("{} AND {}").format(self.units(), _among(sql.SQL("c.day"), beside))

    def quarter_units(self) -> sql.Composable:
        """The condition on the rows `c` of event_quarters."""
        return _among(sql.SQL("c.quarter"), self.quarters)

    def finer(self) -> "Cover":
        """The same with the whole quarters of an hour taken out of the spans."""
        quarters, spans = list(self.quarters), []
        for span in self.spans:
            inner = Window(up(span.start, QUARTER), down(span.end, QUARTER))
            if inner.start is not None and inner.end is not None and inner.start >= inner.end:
                spans.append(span)
                continue
            quarters.append(inner)
            spans += _edges(span, inner)
        return replace(self, spans=tuple(spans), quarters=tuple(quarters))

    def apart(self, moments: Iterable[datetime]) -> "Cover":
        """The same with the units within which one of the moments lies taken out of the whole ones."""
        lying = {floor(at, self.unit) for at in moments if floor(at, self.unit) != at}
        split = sorted(at for at in lying - set(self.but) if self.whole.holds(at))
        spans = _joined([Window(at, at + self.unit) for at in split])
        return replace(self, but=(*self.but, *split), spans=(*self.spans, *spans))

    def _told(self, at: datetime | str) -> sql.Literal:
        return sql.Literal(at.date() if isinstance(at, datetime) and self.unit != QUARTER else at)

    def events(self, filters: Filters) -> sql.Composable:
        """The condition on the events `e` of the spans that the filters let through. The window is said by the spans
        alone: said twice, PostgreSQL expects a part of that part.
        """
        among = _among(sql.SQL("e.received_at"), self.spans)
        return sql.SQL("{} AND {}").format(among, filters.at_any_time().where()) if self.spans else among


def _among(column: sql.SQL, windows: Sequence[Window]) -> sql.Composable:
    """Whether a column is in one of the windows."""
    inside = [
        sql.SQL("({0} >= {1} AND {0} < {2})").format(
            column, sql.Literal(window.start or "-infinity"), sql.Literal(window.end or "infinity")
        )
        for window in windows
    ]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(inside)) if inside else sql.SQL("false")


def _edges(window: Window, inner: Window) -> list[Window]:
    """What a window has beside an inner one."""
    edges = Window(window.start, inner.start), Window(inner.end, window.end)
    return [edge for edge in edges if edge.start != edge.end]


def _joined(windows: Iterable[Window]) -> list[Window]:
    """Those that meet as one. They are in their order."""
    joined: list[Window] = []
    for window in windows:
        meets = bool(joined) and joined[-1].end == window.start
        joined.append(Window(joined.pop().start, window.end) if meets else window)
    return joined


@dataclass(frozen=True, slots=True)
class Rollups:
    """What of the rollups can be used in a snapshot: none of it, or all but some moments."""

    usable: bool
    spoiled: tuple[datetime, ...] = ()

    def cover(self, filters: Filters, unit: timedelta, *, of_any_type: bool = False) -> Cover:
        """How the window of the filters is answered. `of_any_type`: the rollup does not tell one type from another."""
        if not self._tell(filters, of_any_type=of_any_type):
            return of_events(filters, unit)
        window = filters.window
        try:
            whole = Window(up(window.start, unit), down(window.end, unit))
        except OverflowError:  # the calendar ends within the unit
            return of_events(filters, unit)
        if whole.start is not None and whole.end is not None and whole.start >= whole.end:
            return of_events(filters, unit)
        return _covered(window, whole, {floor(at, unit) for at in self.spoiled}, unit)

    def finely(self, filters: Filters) -> Cover:
        """The same for counts that tell no type from another: whole days, quarters of an hour before and after them,
        and of the events only what is left.
        """
        days = self.cover(filters, DAY)
        return days.finer() if self._tell(filters, of_any_type=True) and not self.spoiled else days

    def _tell(self, filters: Filters, *, of_any_type: bool) -> bool:
        told = self.usable and filters.of_everyone and filters.status is None
        return told and not (of_any_type and filters.event_type is not None)


def of_events(filters: Filters, unit: timedelta) -> Cover:
    """The window of the filters, without whole units."""
    return Cover(unit, Window(EPOCH, EPOCH), (), (filters.window,))


def touched(window: Window, unit: timedelta) -> sql.Composed:
    """The condition on the rows `c` of a rollup of which the window has a part."""
    start = None if window.start is None else floor(window.start, unit)
    return Cover(unit, Window(start, window.end), (), ()).units()


def _covered(window: Window, whole: Window, spoiled: set[datetime], unit: timedelta) -> Cover:
    but = tuple(sorted(at for at in spoiled if whole.holds(at)))
    return Cover(unit, whole, but, (*_edges(window, whole), *(Window(at, at + unit) for at in but)))


def carried(filters: Filters, *, of_any_type: bool = False) -> sql.Composed:
    """The conditions on the rows `c` of a rollup that are not about time."""
    conditions: list[LiteralString] = ["true"]
    if filters.people.repository_ids is not None:
        conditions.append("c.repository_id = ANY(%(repository_ids)s)")
    if filters.event_type is not None and not of_any_type:
        conditions.append("c.event_type = %(event_type)s")
    return sql.SQL(" AND ").join(map(sql.SQL, conditions))


async def rollups(snapshot: Snapshot) -> Rollups:
    """What can be used now: the tables must have applied the log up to the same position."""
    positions = {snapshot.positions[name] for name in READS}
    if len(positions) > 1:
        return Rollups(usable=False)
    found = await snapshot.rows(SPOILED, {"reads": list(READS)})
    return Rollups(usable=True, spoiled=tuple(row["received_at"] for row in found))


FIRST_AND_LAST = sql.SQL(
    """
WITH days AS MATERIALIZED (SELECT min(c.day) AS first, max(c.day) AS last FROM event_counts c WHERE {carried})
SELECT (SELECT min(e.received_at) FROM webhook_events e WHERE {where}
        AND e.received_at >= (SELECT first FROM days) AND e.received_at < (SELECT first + 1 FROM days)) AS first,
       (SELECT max(e.received_at) FROM webhook_events e WHERE {where}
        AND e.received_at >= (SELECT last FROM days) AND e.received_at < (SELECT last + 1 FROM days)) AS last
"""
)
OF_EVENTS = sql.SQL(
    "SELECT min(e.received_at) AS first, max(e.received_at) AS last FROM webhook_events e WHERE {where}"
)


async def first_and_last(
    snapshot: Snapshot, rollups: Rollups, filters: Filters
) -> tuple[datetime | None, datetime | None]:
    """When the first and the last of the events that the filters let through were received. Only the one at an open
    side of the window is looked for: the other is None where its day is outside.
    """
    told = rollups.usable and not rollups.spoiled and filters.of_everyone
    query = (FIRST_AND_LAST if told else OF_EVENTS).format(where=filters.where(), carried=carried(filters))
    found = await snapshot.one(query, filters.arguments())
    return found["first"], found["last"]
