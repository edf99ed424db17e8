"""Lists of which something is said as a whole: one query gives a page, the number of all rows, and a summary of them;
of one list, or of several that are made of the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, LiteralString, NamedTuple, Self

from psycopg import sql

from projections.queries.listing import ListQuery, Part, ordered
from replay.snapshot import Record, Snapshot

PAGE = sql.SQL(
    """
WITH {parts}
SELECT (SELECT to_jsonb(summary) FROM ({summary}) AS summary) AS summary, counted.total, page.*
FROM (SELECT count(*) AS total FROM listed) AS counted
LEFT JOIN (
    SELECT row_number() OVER (ORDER BY {order}) AS place, listed.* FROM listed
    ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
) AS page ON true ORDER BY page.place
"""
)
PAGES = sql.SQL("WITH {shared} SELECT {pages}")
ONE_OF_THEM = sql.SQL("(SELECT jsonb_agg(page ORDER BY place) FROM ({page}) AS page) AS {name}")
WHOLE = sql.SQL("WITH {parts} SELECT * FROM listed")


class Summed(NamedTuple):
    """A page of a list, how many rows there are in the whole list, and what is said of all of them."""

    rows: list[Record]
    total: int
    summary: Record


@dataclass(frozen=True, slots=True)
class Section:
    """Common table expressions of which one is `listed`, a SELECT of one row over them, and the order of `listed`,
    which must be total. `sorts`: as of a ListQuery.
    """

    parts: sql.Composable
    summary: sql.Composable
    order: sql.Composable
    sorts: Mapping[str, LiteralString] = field(default_factory=dict, kw_only=True)

    def by(self, name: str, *, descending: bool) -> Self:
        """The same in another order, what is not known last. Raises KeyError."""
        return replace(self, order=ordered(name, self.sorts[name], self.order, descending=descending))

    def whole(self, arguments: dict[str, Any], *shared: sql.Composable) -> ListQuery:
        """All of the list. `shared`: expressions that come before its own."""
        return ListQuery(WHOLE.format(parts=sql.SQL(", ").join([*shared, self.parts])), self.order, arguments)

    async def page(self, snapshot: Snapshot, arguments: dict[str, Any], part: Part) -> Summed:
        """One page of the list, and the summary of all of it."""
        return _summed(await snapshot.rows(self.paged, {**arguments, **part._asdict()}))

    @property
    def paged(self) -> sql.Composed:
        """The query of a page."""
        return PAGE.format(parts=self.parts, summary=self.summary, order=self.order)


async def page_each(
    snapshot: Snapshot, shared: sql.Composable, sections: Mapping[str, Section], arguments: dict[str, Any], part: Part
) -> dict[str, Summed]:
    """The same page of each, by name; the expressions that they share are worked out once. Values are those of JSON."""
    each = [ONE_OF_THEM.format(page=of.paged, name=sql.Identifier(name)) for name, of in sections.items()]
    query = PAGES.format(shared=shared, pages=sql.SQL(", ").join(each))
    found = await snapshot.one(query, {**arguments, **part._asdict()})
    return {name: _summed(found[name]) for name in sections}


def _summed(found: list[Record]) -> Summed:
    return Summed([row for row in found if row["place"] is not None], found[0]["total"], found[0]["summary"])
