"""How long pull requests carry each label, and how many do now.

A label of a pull request counts when it was first put on. What is still on is taken up to the close of the pull
request, or to the moment that is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from psycopg import sql

from projections.queries import label_intervals
from projections.queries.label_intervals import ALL, intervals
from projections.queries.listing import ListQuery
from projections.queries.people import CHOSEN, People
from projections.queries.statistics import median, statistics

READS = (*label_intervals.READS, "actors")
"""The projections that the list is made of."""

SORTS: dict[str, LiteralString] = {
    **{name: name for name in ("label", "pull_requests", "current", "intervals", "inferred")},
    "time_in_label": median("time_in_label"),
}
THEIRS: LiteralString = "(%(repository_ids)s::bigint[] IS NULL OR p.repository_id = ANY(%(repository_ids)s))"
TOUCHED: LiteralString = """(
    SELECT repository_id, number FROM pr_labels WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz
    UNION SELECT repository_id, number FROM pr_label_sightings
    WHERE first_seen_at >= %(start)s::timestamptz AND first_seen_at < %(end)s::timestamptz
) AS found CROSS JOIN LATERAL (
    SELECT repository_id, number, labels, updated_at, closed_at FROM authored a
    WHERE a.repository_id = found.repository_id AND a.number = found.number OFFSET 0
) AS"""
"""Those to which something in the window happened: a label that was first put on then is among theirs. OFFSET 0: each is
looked up, however few of all there are.
"""
SECONDS: LiteralString = "greatest(date_part('epoch', least(coalesce(removed_at, closed_at), %(as_of)s) - added_at), 0)"
INSIDE: LiteralString = "first_added_at >= %(start)s::timestamptz AND first_added_at < %(end)s::timestamptz"
LISTED = sql.SQL(
    """
WITH authored AS NOT MATERIALIZED (
    SELECT * FROM (
        SELECT p.*, lower(coalesce(p.author, 'ghost')) AS person, p.author_type = 'Bot' AS bot FROM pull_requests p
    ) AS pulls WHERE {chosen}
), {intervals}, carried AS (
    SELECT label, added_at AS first_added_at, 1 AS times, CASE WHEN inferred THEN 1 ELSE 0 END AS inferred,
           removed_at IS NULL AND closed_at IS NULL AS is_on, {seconds} AS seconds
    FROM intervals_once
    UNION ALL
    SELECT label, min(added_at), count(*), count(*) FILTER (WHERE inferred),
           bool_or(removed_at IS NULL AND closed_at IS NULL), sum({seconds})
    FROM intervals_again GROUP BY number, repository_id, label
), gathered AS (
    SELECT label, count(*) AS pull_requests, sum(times)::bigint AS intervals, sum(inferred)::bigint AS inferred,
           count(*) FILTER (WHERE is_on) AS open_count, array_agg(seconds) AS of_each
    FROM carried
    WHERE {inside} AND (%(labels)s::text[] IS NULL OR label = ANY(%(labels)s))
    GROUP BY label
), counted AS (
    SELECT gathered.*, time_in_label
    FROM gathered CROSS JOIN LATERAL (SELECT {time_in_label} AS time_in_label FROM unnest(of_each) AS seconds) AS timed
), now AS (
    SELECT label, count(*) AS current FROM authored p, unnest(p.labels) AS label
    WHERE state = 'open' AND {theirs} AND (%(labels)s::text[] IS NULL OR label = ANY(%(labels)s)) GROUP BY label
)
SELECT label, coalesce(pull_requests, 0) AS pull_requests, coalesce(intervals, 0) AS intervals,
       coalesce(inferred, 0) AS inferred, coalesce(open_count, 0) AS open_count, time_in_label,
       coalesce(current, 0) AS current
FROM counted FULL JOIN now USING (label)
"""
)


@dataclass(frozen=True, slots=True)
class Labels:
    """Which labels: of these people's pull requests, of these names (None: all), as of a moment."""

    people: People
    as_of: datetime
    names: Sequence[str] | None = None

    def arguments(self) -> dict[str, Any]:
        names = None if self.names is None else list(self.names)
        return {**self.people.arguments(), "as_of": self.as_of, "labels": names}


def labels(asked: Labels) -> ListQuery:
    """One row for each label, of all repositories together."""
    whole = asked.people.start is None and asked.people.end is None
    query = LISTED.format(
        intervals=intervals(*_which(asked.people)),
        inside=sql.SQL("true" if whole else INSIDE),
        theirs=sql.SQL(THEIRS),
        chosen=sql.SQL(CHOSEN),
        seconds=sql.SQL(SECONDS),
        time_in_label=statistics("seconds"),
    )
    return ListQuery(query, sql.SQL("pull_requests DESC, current DESC, label"), asked.arguments(), sorts=SORTS)


def _which(asked: People) -> tuple[LiteralString, LiteralString]:
    """The condition on pull requests, and where they are looked for."""
    whole = asked.start is None and asked.end is None
    return ALL if whole and asked.repository_ids is None else THEIRS, "authored" if whole else TOUCHED
