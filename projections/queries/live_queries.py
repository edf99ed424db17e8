"""The webhook events after a position, as live streams tell of them."""

from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from projections.queries.statuses import IMPERFECT, STATUSES
from projections.queries.webhook_queries import NAMED, shown
from replay.snapshot import Record, Snapshot

READS = ("webhook_events", "usage_reports")
"""The projections that an event is shown from."""
FOLLOWED = READS[0]
"""The one whose checkpoint says how far a stream has come."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which events a reader wants; None: all. A repository that nothing was known of when the reader came is found
    later by its name, in lower case.
    """

    repository_ids: frozenset[int] | None = None
    names: frozenset[str] = frozenset()
    event_types: frozenset[str] | None = None
    statuses: frozenset[str] | None = None

    def admits(self, event: Record) -> bool:
        """Whether the reader wants an event, by its row of the listing."""
        return (
            (self.repository_ids is None or self._in_repositories(event))
            and (self.event_types is None or event["event_type"] in self.event_types)
            and (self.statuses is None or event["status"] in self.statuses)
        )

    def _in_repositories(self, event: Record) -> bool:
        ids = self.repository_ids or frozenset()
        return event["repository_id"] in ids or (event["repository"] or "").lower() in self.names

    def where(self) -> sql.Composed:
        """The same as conditions."""
        conditions: list[LiteralString] = ["e.position > %(after)s"]
        if self.repository_ids is not None:
            conditions.append("(e.repository_id = ANY(%(repository_ids)s) OR lower(e.repository) = ANY(%(names)s))")
        if self.event_types is not None:
            conditions.append("e.event_type = ANY(%(event_types)s)")
        if self.statuses is not None:
            conditions.append("coalesce(imperfect.level, 0) = ANY(%(levels)s)")
        return sql.SQL(" AND ").join(map(sql.SQL, conditions))

    def arguments(self) -> dict[str, Any]:
        return {
            "repository_ids": sorted(self.repository_ids or ()),
            "names": sorted(self.names),
            "event_types": sorted(self.event_types or ()),
            "levels": [STATUSES.index(status) for status in sorted(self.statuses or ())],
        }


EVERYTHING = Match()

NEXT = sql.SQL(
    """
SELECT e.*, 0 AS least_level FROM webhook_events e {imperfect} WHERE {where} ORDER BY e.position LIMIT %(limit)s
"""
)
IMPERFECT_AFTER = sql.SQL(
    "LEFT JOIN (SELECT * FROM ({imperfect}) AS every WHERE position > %(after)s) AS imperfect USING (position)"
).format(imperfect=sql.SQL(IMPERFECT))
HEAD = "SELECT coalesce(max(position), 0) AS position FROM webhooks"


async def after(snapshot: Snapshot, match: Match, position: int, limit: int) -> list[Record]:
    """The next events after a position, the oldest first."""
    page = NEXT.format(where=match.where(), imperfect=IMPERFECT_AFTER if match.statuses is not None else sql.SQL(""))
    query = shown(page)
    rows = await snapshot.rows(query, {**match.arguments(), "after": position, "limit": limit})
    return rows[::-1]


async def repositories(snapshot: Snapshot, names: list[str]) -> tuple[frozenset[int], frozenset[str]]:
    """The ids of the repositories of these names, and the names, in lower case, that nothing is known of."""
    rows = await snapshot.rows(NAMED, {"names": names})
    known = {row["name"] for row in rows}
    return frozenset(row["repository_id"] for row in rows), frozenset(map(str.lower, names)) - known


async def head(snapshot: Snapshot) -> int:
    """The end of the log, which the projections may not have reached yet."""
    return int((await snapshot.one(HEAD))["position"])
