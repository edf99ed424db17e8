"""How two rows with the same key become one.

Every merge here is commutative, associative and idempotent (`total` excepted, which counts events
that the log holds exactly once), so a table is the same for any order of application. Each says it
twice: `fold` in memory, for the rows of a batch, and `assignments`/`changes` in SQL, for the row that
is stored already. A property test holds the two together. `fold` makes the function once that is called for the rows
of every event, with its names bound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary

Row = dict[str, Any]
"""Column name -> value. A row states only what its event knows: absent columns state nothing."""
Fold = Callable[[Row, Row], None]
"""Merges what a row states into the one that is held."""


@dataclass(frozen=True)
class Key:
    """The columns that say what a row is about. Never null."""

    columns: tuple[Column[Any], ...]

    def fold(self) -> Fold:
        """Rows are only folded when their keys are equal: nothing to do."""
        return lambda _held, _stated: None

    def assignments(self) -> list[tuple[str, str]]:
        return []

    def changes(self) -> list[str]:
        return []


@dataclass(frozen=True)
class Versioned:
    """A group of columns that belong together: the row with the latest (or earliest) version states them all.

    The version column is `{name}_version`, bytes made by `replay.version.version`: never null in a row that
    states the group.
    """

    name: str
    columns: tuple[Column[Any], ...]
    earliest: bool

    @cached_property
    def version(self) -> str:
        return f"{self.name}_version"

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def fold(self) -> Fold:
        version, names, earliest = self.version, self.names, self.earliest

        def fold(held: Row, stated: Row) -> None:
            new = stated.get(version)
            if new is None:
                return
            old = held.get(version)
            if old is None or (new < old if earliest else new > old):
                held[version] = new
                for name in names:
                    held[name] = stated.get(name)

        return fold

    def _wins(self) -> str:
        comparison = "<" if self.earliest else ">"
        return f'(old."{self.version}" IS NULL OR new."{self.version}" {comparison} old."{self.version}")'

    def assignments(self) -> list[tuple[str, str]]:
        names = [self.version, *(column.name for column in self.columns)]
        return [(name, f'CASE WHEN {self._wins()} THEN new."{name}" ELSE old."{name}" END') for name in names]

    def changes(self) -> list[str]:
        return [f'(new."{self.version}" IS NOT NULL AND {self._wins()})']


@dataclass(frozen=True)
class Extreme:
    """Each column by itself: the least (or greatest) value stated. Null states nothing."""

    columns: tuple[Column[Any], ...]
    least: bool

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def fold(self) -> Fold:
        names, least = self.names, self.least
        if len(names) == 1:
            return _only(names[0], least=least)

        def fold(held: Row, stated: Row) -> None:
            for name in names:
                new = stated.get(name)
                if new is not None:
                    old = held.get(name)
                    if old is None or (new < old if least else new > old):
                        held[name] = new

        return fold

    def assignments(self) -> list[tuple[str, str]]:
        function = "LEAST" if self.least else "GREATEST"
        return [(c.name, f'{function}(old."{c.name}", new."{c.name}")') for c in self.columns]

    def changes(self) -> list[str]:
        comparison = "<" if self.least else ">"
        return [
            f'(new."{c.name}" IS NOT NULL AND (old."{c.name}" IS NULL OR new."{c.name}" {comparison} old."{c.name}"))'
            for c in self.columns
        ]


def _only(name: str, *, least: bool) -> Fold:
    """Without the loop over names."""

    def fold(held: Row, stated: Row) -> None:
        new = stated.get(name)
        if new is not None:
            old = held.get(name)
            if old is None or (new < old if least else new > old):
                held[name] = new

    return fold


@dataclass(frozen=True)
class Total:
    """Sums. Only for what is counted once per event of the log, never for entities: GitHub tells the same
    fact under two ids.
    """

    columns: tuple[Column[Any], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def fold(self) -> Fold:
        names = self.names

        def fold(held: Row, stated: Row) -> None:
            for name in names:
                new = stated.get(name)
                if new:
                    held[name] = held.get(name, 0) + new

        def fold_only(held: Row, stated: Row, name: str = names[0]) -> None:
            new = stated.get(name)
            if new:
                held[name] = held.get(name, 0) + new

        return fold if len(names) > 1 else fold_only

    def assignments(self) -> list[tuple[str, str]]:
        return [(c.name, f'old."{c.name}" + new."{c.name}"') for c in self.columns]

    def changes(self) -> list[str]:
        return [f'new."{c.name}" <> 0' for c in self.columns]


Merge = Key | Versioned | Extreme | Total


def key(*columns: Column[Any]) -> Key:
    """The columns that say what a row is about; `repository_id` first where it belongs to a repository."""
    return Key(tuple(_required(column) for column in columns))


def latest(name: str, *columns: Column[Any]) -> Versioned:
    """A group of columns stated together; the latest version wins."""
    return Versioned(name, columns, earliest=False)


def earliest(name: str, *columns: Column[Any]) -> Versioned:
    """A group of columns stated together; the earliest version wins."""
    return Versioned(name, columns, earliest=True)


def smallest(*columns: Column[Any]) -> Extreme:
    """Each column: the least value that any event stated."""
    return Extreme(columns, least=True)


def largest(*columns: Column[Any]) -> Extreme:
    """Each column: the greatest value that any event stated."""
    return Extreme(columns, least=False)


def once(*columns: Column[Any]) -> Extreme:
    """Columns that one kind of event states, always alike. Should two events disagree, the lesser value
    stands, so that even then the order of application cannot be seen.
    """
    return Extreme(columns, least=True)


def total(*names: str) -> Total:
    """Columns that add up (bigint, 0 where nothing was stated)."""
    return Total(tuple(_required(Column(name, BigInteger, server_default="0")) for name in names))


def version_column(merge: Versioned) -> Column[Any]:
    """The column that holds the version of a group."""
    return Column(merge.version, LargeBinary)


def _required(column: Column[Any]) -> Column[Any]:
    column.nullable = False
    return column
