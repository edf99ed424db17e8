"""A projection: one table whose columns say how rows with the same key merge, and one pure function
that says which rows an event states.
"""

import ast
import hashlib
import inspect
import textwrap
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Column, Index, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from replay.errors import ProjectionError
from replay.event import Event
from replay.keys import KeyOf, key_of
from replay.merges import Fold, Key, Merge, Row, Versioned, version_column

__all__ = ["Projection", "Row", "Rows"]

Rows = Callable[[Event[Any]], Iterable[Row]]
Settled = Callable[[Event[Any], Mapping[Any, Row]], bool]
"""Whether the rows that are held, by key, say already all that this event states, so that merging would change none of
them. May always say no.
"""
DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Projection:
    """A read model.

    `events` names the event types it wants (None: all). `rows` is pure: no clock, no network, no database,
    no other projection. Raise `version` when `rows` changes its mind: the running service then rebuilds it.
    `derived` are generated columns, computed by PostgreSQL from the others. An `optional` projection is off
    unless the settings name it. A `hot` one has few rows that nearly every event states: it is written last in its
    transaction, so that two workers hold each other up for the shortest time. `settled` spares it making rows.
    """

    name: str
    version: int
    columns: Sequence[Merge]
    rows: Rows
    events: frozenset[str] | None = None
    derived: Sequence[Column[Any]] = ()
    indexes: Sequence[Index] = ()
    optional: bool = False
    hot: bool = False
    settled: Settled | None = None
    doc: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.columns[0], Key):
            raise ProjectionError(f"projection {self.name}: its first columns must be the key")
        if any(isinstance(merge, Key) for merge in self.columns[1:]):
            raise ProjectionError(f"projection {self.name} has two keys")

    @cached_property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns[0].columns)

    @cached_property
    def key_of(self) -> KeyOf:
        """Gives the key of a row."""
        return key_of(self.name, self.columns[0].columns)

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        return tuple(self.columns[1:])

    @cached_property
    def fold(self) -> Fold:
        """Merges a row into another with the same key."""
        folds = tuple(merge.fold() for merge in self.merges)
        if len(folds) == 1:
            return folds[0]

        def fold(held: Row, stated: Row) -> None:
            for one in folds:
                one(held, stated)

        return fold

    @cached_property
    def stored(self) -> tuple[Column[Any], ...]:
        """The columns that rows fill, in the table's order; derived ones are left out."""
        found: list[Column[Any]] = []
        for merge in self.columns:
            found.extend(merge.columns)
            if isinstance(merge, Versioned):
                found.append(version_column(merge))
        return tuple(found)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.stored)

    @cached_property
    def table(self) -> Table:
        """The table, in no schema: a generation's schema is named when it is created or read."""
        columns = [*self.stored, *self.derived]
        return Table(self.name, MetaData(), *columns, PrimaryKeyConstraint(*self.key), *self.indexes)

    def wants(self, event_type: str) -> bool:
        """Whether an event of this type may state rows here."""
        return self.events is None or event_type in self.events

    @cached_property
    def definition_hash(self) -> str:
        """Changes when the table, its indexes, the merges, the wanted events, or the code of `rows` and of the
        functions that it calls change. Comments do not count.
        """
        parts = [str(self.version), *self.create_statements("s"), *self.index_statements("s")]
        parts += [type(merge).__name__ + repr(merge) for merge in self.columns]
        parts += [repr(sorted(self.events or ())), *called_sources(self.rows)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def create_statements(self, schema: str) -> list[str]:
        """The DDL of the table in a schema, without its secondary indexes."""
        table = self.table.to_metadata(MetaData(), schema=schema)
        return [str(CreateTable(table).compile(dialect=DIALECT))]

    def index_statements(self, schema: str) -> list[str]:
        """The DDL of the secondary indexes: built after loading."""
        table = self.table.to_metadata(MetaData(), schema=schema)
        ordered = sorted(table.indexes, key=lambda index: str(index.name))
        return [str(CreateIndex(index).compile(dialect=DIALECT)) for index in ordered]


def called_sources(function: Callable[..., Any]) -> list[str]:
    """What a function's answer depends on: its source and, found through the names that it uses, the source of the
    functions and classes of its top-level package and the values of the constants there. Without comments, each once,
    in the order of their names.
    """
    package = function.__module__.partition(".")[0]
    found: dict[str, str] = {}
    waiting: list[tuple[str, Any]] = [(function.__qualname__, function)]
    while waiting:
        name, named = waiting.pop()
        value = inspect.unwrap(named) if callable(named) else named
        if isinstance(value, types.FunctionType | type):
            if value.__name__ != "<lambda>":
                name = f"{value.__module__}.{value.__qualname__}"
            if name in found or value.__module__.partition(".")[0] != package:
                continue
            found[name] = _source(value)
            if isinstance(value, types.FunctionType):
                waiting += [(n, value.__globals__[n]) for n in _names(value.__code__) if n in value.__globals__]
        elif isinstance(value, dict):
            waiting += [(f"{name}[{key!r}]", item) for key, item in value.items()]
        elif isinstance(value, tuple | list):
            waiting += [(f"{name}[{place}]", item) for place, item in enumerate(value)]
        elif isinstance(value, str | int | float | bytes | frozenset):
            found[name] = repr(sorted(value, key=repr) if isinstance(value, frozenset) else value)
    return [f"{name}: {found[name]}" for name in sorted(found)]


@cache
def _source(value: types.FunctionType | type) -> str:
    """Without comments; a lambda, whose source is a part of a line, by what it does."""
    if isinstance(value, types.FunctionType) and value.__name__ == "<lambda>":
        return f"{value.__code__.co_names} {value.__code__.co_consts}"
    return ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(value))))


def _names(code: types.CodeType) -> set[str]:
    nested = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return set(code.co_names).union(*(_names(inner) for inner in nested))
