"""Which webhook events a reader asks for."""

from dataclasses import dataclass, replace
from typing import Any, LiteralString

from psycopg import sql

from projections.queries.people import ALL, People, Window
from projections.queries.statuses import STATUSES

OF_A_BOT: LiteralString = """
    (right(lower(e.sender), 5) = '[bot]' OR lower(e.sender) = ANY(%(bot_logins)s)
     OR lower(e.sender) IN (SELECT lower(a.login) FROM actors a WHERE a.type = 'Bot'))
"""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events: caused by these people in these repositories (of all that are not named: None), of a type and a
    status, received in [start, end). An event without a sender is of a human called ghost.
    """

    people: People = ALL
    event_type: str | None = None
    status: str | None = None

    def where(self, *more: LiteralString) -> sql.Composed:
        """The conditions that are given, joined by AND; that on the status apart, which no row tells."""
        conditions: list[LiteralString] = ["e.position IS NOT NULL", *more]
        if self.people.repository_ids is not None:
            conditions.append("e.repository_id = ANY(%(repository_ids)s)")
        if self.people.users is not None:
            conditions.append("lower(coalesce(e.sender, 'ghost')) = ANY(%(users)s)")
        if self.people.excluded:
            conditions.append("lower(coalesce(e.sender, 'ghost')) <> ALL(%(excluded)s)")
        if self.people.actors != "all":
            conditions.append(OF_A_BOT if self.people.actors == "bot" else f"coalesce(NOT {OF_A_BOT}, true)")
        if self.event_type is not None:
            conditions.append("e.event_type = %(event_type)s")
        if self.people.start is not None:
            conditions.append("e.received_at >= %(start)s")
        if self.people.end is not None:
            conditions.append("e.received_at < %(end)s")
        return sql.SQL(" AND ").join(map(sql.SQL, conditions))

    def arguments(self) -> dict[str, Any]:
        level = STATUSES.index(self.status) if self.status is not None else 0
        return {**self.people.arguments(), "event_type": self.event_type, "level": level}

    def before(self) -> "Filters | None":
        """The same in the window of the same length just before; None where that is open, or longer than the calendar."""
        earlier = self.window.before()
        if earlier is None:
            return None
        return replace(self, people=replace(self.people, start=earlier.start, end=earlier.end))

    def at_any_time(self) -> "Filters":
        """The same without a window."""
        return replace(self, people=replace(self.people, start=None, end=None))

    @property
    def window(self) -> Window:
        """When they were received."""
        return Window(self.people.start, self.people.end)

    @property
    def of_everyone(self) -> bool:
        """Whether they are asked for whoever caused them."""
        return self.people.everyone
