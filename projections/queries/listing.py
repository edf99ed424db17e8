"""Lists as readers ask for them: one page with the number of all rows, or every row, one after the other."""

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, LiteralString, NamedTuple, Protocol, Self

from psycopg import sql

from replay.snapshot import Record, Snapshot

PAGE = sql.SQL(
    """
WITH listed AS MATERIALIZED ({select})
SELECT counted.total, page.* FROM (SELECT count(*) AS total FROM listed) AS counted
LEFT JOIN (
    SELECT row_number() OVER (ORDER BY {order}) AS place, chosen.* FROM (
        SELECT * FROM listed ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s
    ) AS chosen
) AS page ON true ORDER BY page.place
"""
)
"""A page with the number of all rows, on a page past the end too. Only the rows of the page are numbered: for the first
of them the others need not be sorted.
"""
WHOLE = sql.SQL("SELECT * FROM ({select}) AS listed ORDER BY {order}")


class Listed(NamedTuple):
    """A page of a list, and how many rows there are in the whole list."""

    rows: list[Record]
    total: int


class Part(NamedTuple):
    """Which part of a list is asked for."""

    limit: int
    offset: int


class Sortable(Protocol):
    """What can be put in another order by the columns in `sorts`."""

    @property
    def sorts(self) -> Collection[str]: ...

    def by(self, name: str, *, descending: bool) -> Self: ...


NAMES = frozenset(
    {
        *("repository", "title", "pr_title", "author", "owner", "reviewer", "resolver", "sender", "user", "label"),
        *("check", "workflow", "job", "file_path", "pr_sig_label", "reviewer_team", "pr_team"),
    }
)
"""Columns, as readers know them, that people read as names: whatever their case, where the database keeps it apart."""


def ordered(name: str, column: LiteralString, before: sql.Composable, *, descending: bool) -> sql.Composed:
    """The order by a column that readers know by this name, what is not known last; within it the order that there was
    before.
    """
    if name in NAMES:
        column = f"lower({column})"
    return sql.SQL("{}, {}").format(sql.SQL(f"{column} {'DESC' if descending else 'ASC'} NULLS LAST"), before)


@dataclass(frozen=True, slots=True)
class Rows:
    """A list that is there already, as readers are shown it. `sorts`: what else it can be ordered by; of statistics the
    median.
    """

    rows: list[dict[str, Any]]
    sorts: Collection[str]

    def by(self, name: str, *, descending: bool) -> Self:
        """The same in another order, what is not known last; within it the order that there was before."""
        known = [row for row in self.rows if _ranked(row[name]) is not None]
        unknown = [row for row in self.rows if _ranked(row[name]) is None]
        return replace(self, rows=[*sorted(known, key=lambda row: _ranked(row[name]), reverse=descending), *unknown])


def _ranked(value: Any) -> Any:
    if isinstance(value, dict):
        return value["median"]
    return value.lower() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A SELECT without LIMIT (it may begin with WITH), the order of its rows by its own columns, which must be total,
    and its arguments. `sorts`: what else it can be ordered by: the name that readers know, and SQL of its columns.
    `leading`: by what it is ordered first all the same.
    """

    select: sql.Composable
    order: sql.Composable
    arguments: dict[str, Any]
    sorts: Mapping[str, LiteralString] = field(default_factory=dict, kw_only=True)
    leading: LiteralString = field(default="", kw_only=True)

    def by(self, name: str, *, descending: bool) -> Self:
        """The same in another order, what is not known last. Raises KeyError."""
        order = ordered(name, self.sorts[name], self.order, descending=descending)
        return replace(self, order=sql.SQL(self.leading) + order)

    async def page(self, snapshot: Snapshot, part: Part) -> Listed:
        """The rows of one part."""
        query = PAGE.format(select=self.select, order=self.order)
        found = await snapshot.rows(query, {**self.arguments, **part._asdict()})
        return Listed([row for row in found if row["place"] is not None], found[0]["total"])

    def stream(self, snapshot: Snapshot) -> AsyncGenerator[Record]:
        """All rows. They are fetched as they are asked for, so that a list of any length needs little memory."""
        return snapshot.stream(WHOLE.format(select=self.select, order=self.order), self.arguments)
