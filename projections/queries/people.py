"""Who did what to pull requests, as the lists of people ask for it: reviews and approvals by others than the author.

Logins are compared without regard to case, as GitHub does. Whether somebody is a bot is decided here, when it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple

from psycopg import sql

Actors = Literal["human", "bot", "all"]


@dataclass(frozen=True, slots=True)
class Window:
    """The times in [start, end); None: without that bound."""

    start: datetime | None = None
    end: datetime | None = None

    def before(self) -> "Window | None":
        """The window of the same length just before; None where this one is open, or as long as the calendar."""
        if self.start is None or self.end is None:
            return None
        try:
            return Window(self.start - (self.end - self.start), self.start)
        except OverflowError:
            return None

    def holds(self, at: datetime) -> bool:
        """Whether a time is in it."""
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)


class Extent(NamedTuple):
    """When the first and the last of what is asked for happened, and in how many groups it falls."""

    first: datetime | None
    last: datetime | None
    groups: int


@dataclass(frozen=True, slots=True)
class People:
    """Whose work is asked for, done in [start, end) by GitHub's clock. None: without that bound, or everyone's."""

    start: datetime | None = None
    end: datetime | None = None
    repository_ids: Sequence[int] | None = None
    users: Sequence[str] | None = None
    excluded: Sequence[str] = ()
    actors: Actors = "human"
    bot_logins: Sequence[str] = ()

    @property
    def everyone(self) -> bool:
        """Whether nobody is left out, whatever the time and the repository."""
        return self.users is None and not self.excluded and self.actors == "all"

    def arguments(self) -> dict[str, Any]:
        return {
            "start": self.start or "-infinity",
            "end": self.end or "infinity",
            "repository_ids": None if self.repository_ids is None else list(self.repository_ids),
            "users": None if self.users is None else _lower(self.users),
            "excluded": _lower(self.excluded),
            "actors": self.actors,
            "bot_logins": _lower(self.bot_logins),
        }


ALL = People(actors="all")
"""Everyone, everywhere, at any time."""


def _lower(logins: Sequence[str]) -> list[str]:
    return [login.lower() for login in logins]


OF_OTHERS: LiteralString = """
    v.state IN ('approved', 'changes_requested', 'commented')
    AND NOT coalesce(v.reviewer_id = p.author_id, lower(v.reviewer) = lower(p.author), false)
"""
"""Whether a review `v` was submitted, and not by the author of its pull request `p`."""

FACTS: LiteralString = """
    pulls AS NOT MATERIALIZED (
        SELECT p.*, lower(coalesce(p.author, 'ghost')) AS person, coalesce(p.author, 'ghost') AS "user",
               p.created_at >= %(start)s::timestamptz AND p.created_at < %(end)s::timestamptz AS opened,
               p.merged_at >= %(start)s::timestamptz AND p.merged_at < %(end)s::timestamptz AS merged_then,
               p.merged_at IS NULL AND p.closed_at >= %(start)s::timestamptz AND p.closed_at < %(end)s::timestamptz
                   AS closed
        FROM pull_requests p
        WHERE %(repository_ids)s::bigint[] IS NULL OR p.repository_id = ANY(%(repository_ids)s)
    ),
    reviews AS NOT MATERIALIZED (
        SELECT v.repository_id, v.number, v.review_id, v.submitted_at AS at, v.state, v.person,
               coalesce(v.reviewer, 'ghost') AS "user", v.reviewer_type = 'Bot' AS bot,
               p.person AS author, p.labels, p.ready_at, p.merged_at
        FROM pr_reviews v JOIN pulls p USING (repository_id, number) WHERE {of_others}
    ),
    marks AS NOT MATERIALIZED (
        SELECT m.repository_id, m.number, m.at, lower(substr(m.label, length(%(prefix)s) + 1)) AS person,
               substr(m.label, length(%(prefix)s) + 1) AS "user", NULL::boolean AS bot, p.ready_at, p.merged_at
        FROM (
            SELECT repository_id, number, label, at FROM pr_labels WHERE added
            UNION ALL
            SELECT repository_id, number, label, first_seen_at FROM pr_label_sightings WHERE first_seen_at IS NOT NULL
        ) AS m JOIN pulls p USING (repository_id, number)
        WHERE %(prefix)s <> '' AND starts_with(m.label, %(prefix)s) AND length(m.label) > length(%(prefix)s)
        AND lower(substr(m.label, length(%(prefix)s) + 1)) IS DISTINCT FROM lower(p.author)
    )
""".replace("{of_others}", OF_OTHERS)
"""What people did, of the repositories that are asked for. `pulls`: what of it falls into the window, or null. The
others are of all time. `reviews`: submitted ones by others than the author, with the author, the labels and the bounds
of the pull request; a dismissed one was submitted all the same. `marks`: labels that name another than the author
behind the prefix, when they were put on, or first seen where that was missed. Not materialized: a query uses some of
them.
"""
TOUCHED: LiteralString = """
    marked AS MATERIALIZED (
        SELECT repository_id, number FROM pr_labels
        WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz AND added AND starts_with(label, %(prefix)s)
        UNION
        SELECT repository_id, number FROM pr_label_sightings
        WHERE first_seen_at >= %(start)s::timestamptz AND first_seen_at < %(end)s::timestamptz
        AND starts_with(label, %(prefix)s)
    ),
    reviewed AS MATERIALIZED (
        SELECT repository_id, number FROM pr_reviews
        WHERE submitted_at >= %(start)s::timestamptz AND submitted_at < %(end)s::timestamptz
        UNION
        SELECT * FROM marked
    )
"""
"""The pull requests that were marked, and those that were marked or reviewed, in the window."""
APPROVALS = sql.SQL("""{touched},
    approvals AS (
        SELECT repository_id, number, person, min("user") AS "user", min(spelled) AS spelled, bool_or(bot) AS bot,
               min(at) AS at
        FROM (
            SELECT repository_id, number, at, person, "user", NULL AS spelled, bot FROM {reviews}
            WHERE state = 'approved'
            UNION ALL
            SELECT repository_id, number, at, person, NULL, "user", bot FROM {marks}
        ) AS given GROUP BY repository_id, number, person
    ),
    lgtm AS (
        SELECT repository_id, number, person, NULL::text AS "user", min("user") AS spelled, bool_or(bot) AS bot,
               min(at) AS at
        FROM {lgtm_marks} GROUP BY repository_id, number, person
    )
""")

KNOWN = sql.SQL("(SELECT lower(login) AS person, min(login) AS login FROM actors GROUP BY lower(login)) AS known")
NAMED = sql.SQL('coalesce("user", known.login, spelled)')
"""What a person is called: as in what the person did, else as GitHub spells the login, and only if that is known of
nobody, as a label does. Joined to the few persons of a list.
"""

OF_TOUCHED = sql.SQL("""
    (SELECT theirs.* FROM {of} AS of_window CROSS JOIN LATERAL (
        SELECT * FROM {facts} AS each
        WHERE each.repository_id = of_window.repository_id AND each.number = of_window.number OFFSET 0
    ) AS theirs) AS touched
""")


def approvals(asked: People) -> sql.Composed:
    """Expressions over FACTS. `approvals` and `lgtm`: the first by each person of each pull request, so that one counts
    once, in one window only; at least those of the window.
    """
    return APPROVALS.format(
        touched=sql.SQL(TOUCHED),
        reviews=touched(asked, "reviews", "reviewed"),
        marks=touched(asked, "marks", "reviewed"),
        lgtm_marks=touched(asked, "marks", "marked"),
    )


def touched(asked: People, facts: Literal["reviews", "marks"], of: str) -> sql.Composable:
    """What FACTS says of the pull requests that something was done with in the window, which an expression names; of
    all time, everything. OFFSET 0: they are looked up, and the history is not read.
    """
    name = sql.Identifier(facts)
    return name if asked.start is None and asked.end is None else OF_TOUCHED.format(facts=name, of=sql.Identifier(of))


CHOSEN: LiteralString = """
    (%(users)s::text[] IS NULL OR person = ANY(%(users)s))
    AND (cardinality(%(excluded)s::text[]) = 0 OR NOT person = ANY(%(excluded)s::text[]))
    AND (%(actors)s = 'all' OR (%(actors)s = 'bot') = (
        coalesce(bot, false) OR person LIKE '%%[bot]'
        OR (cardinality(%(bot_logins)s::text[]) > 0 AND person = ANY(%(bot_logins)s::text[]))
        OR person IN (SELECT lower(a.login) FROM actors a WHERE a.type = 'Bot')))
"""
"""Whether a person is asked for, by name and by kind. A bot is who GitHub says is one, whose login ends in [bot], or
who is listed in the settings. The empty lists, of which most are, are gone when the query is planned: this is asked of
tens of thousands of rows.
"""
