"""Lists of which something is said as a whole: one query gives a page, the number of all rows, and a summary of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, LiteralString, NamedTuple, Self

from psycopg import sql

from projections.listing import ListQuery, Part, ordered
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
        return replace(self, order=ordered(self.sorts[name], self.order, descending=descending))

    def whole(self, arguments: dict[str, Any]) -> ListQuery:
        """All of the list."""
        return ListQuery(WHOLE.format(parts=self.parts), self.order, arguments)

    async def page(self, snapshot: Snapshot, arguments: dict[str, Any], part: Part) -> Summed:
        """One page of the list, and the summary of all of it."""
        query = PAGE.format(parts=self.parts, summary=self.summary, order=self.order)
        found = await snapshot.rows(query, {**arguments, **part._asdict()})
        return Summed([row for row in found if row["place"] is not None], found[0]["total"], found[0]["summary"])
