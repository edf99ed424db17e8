"""The list of pull requests: filtered, in the order of any column, each with its life.

Where the order and the filters ask for nothing of reviews, none are read: only the page is worked out in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, LiteralString

from psycopg import sql

from projections.queries.lifecycle import OF_REPOSITORIES, lifecycle
from projections.queries.lifecycle import READS as LIFECYCLE_READS
from projections.queries.listing import Listed, ListQuery, Part
from projections.queries.people import CHOSEN, People
from replay.snapshot import Snapshot

READS = (*LIFECYCLE_READS, "repositories")
"""The projections that the list is made of."""

State = Literal["open", "closed", "merged"]
Size = Literal["XS", "S", "M", "L", "XL", "XXL"]

STALE_AFTER = timedelta(days=14)
SIZES: LiteralString = """
    (ARRAY['XS', 'S', 'M', 'L', 'XL', 'XXL'])[1 + width_bucket(size, ARRAY[10, 30, 100, 500, 1000]::bigint[])]
"""
BY_ANOTHER_PERSON: LiteralString = """
        NOT coalesce(e.actor_id = l.author_id, lower(e.actor) = lower(l.author), false)
        AND NOT coalesce(e.actor_type = 'Bot' OR right(e.actor, 5) = '[bot]'
                         OR lower(e.actor) IN (SELECT person FROM bots), false)
"""
"""Whether neither its author nor a bot caused an event `e` of a pull request `l`."""
STALE: LiteralString = f"""
    CASE WHEN merged_at IS NOT NULL OR closed_at IS NOT NULL OR draft OR created_at > %(quiet)s::timestamptz THEN false
    ELSE NOT EXISTS (
        SELECT FROM pr_events e
        WHERE e.repository_id = l.repository_id AND e.number = l.number AND e.at > %(quiet)s::timestamptz
        AND {BY_ANOTHER_PERSON}
    ) END
"""
"""Open, no draft, and since `quiet` nobody but its author and bots has touched it."""
IMPUTED: LiteralString = """
    array_remove(ARRAY[CASE WHEN pickup_imputed THEN 'pickup_time' END, CASE WHEN review_imputed THEN 'review_time' END,
                       CASE WHEN merge_imputed THEN 'merge_time' END], NULL)
"""
COLUMNS: dict[str, LiteralString] = {
    "repository": "names.full_name",
    "number": "number",
    "title": "title",
    "author": "coalesce(author, 'ghost')",
    "state": "CASE WHEN merged THEN 'merged' ELSE state END",
    "draft": "draft",
    "labels": "labels",
    "url": "html_url",
    "opened_at": "opened_at",
    "ready_at": "ready_at",
    "first_review_at": "first_review_at",
    "approved_at": "approved_at",
    "merged_at": "merged_at",
    "closed_at": "closed_at",
    "updated_at": "updated_at",
    "age": """CASE WHEN merged_at IS NULL AND closed_at IS NULL
              THEN date_part('epoch', greatest(%(now)s::timestamptz - opened_at, interval '0')) END""",
    "size": "size",
    "size_bucket": SIZES,
    "additions": "additions",
    "deletions": "deletions",
    "changed_files": "changed_files",
    "commits": "commits",
    "draft_time": "draft_time",
    "pickup_time": "pickup_time",
    "review_time": "review_time",
    "merge_time": "merge_time",
    "cycle_time": "cycle_time",
    "time_to_first_review": "time_to_first_review",
    "time_to_approval": "time_to_approval",
    "imputed": IMPUTED,
    "clamped": "clamped",
    "reopened": "reopened",
    "merged_without_review": "merged_without_review",
    "stale": STALE,
}
"""What is shown of a pull request, in this order, and the SQL of it over a row `l` of lifecycle."""
ORDERED_BY: dict[str, LiteralString] = {
    "size_bucket": "size",
    "imputed": f"cardinality({IMPUTED})",
    **{name: f"lower({COLUMNS[name]})" for name in ("repository", "title", "author")},
}
"""What orders a column, where that is not its value itself."""
SINCE: dict[State | None, LiteralString] = {
    None: "p.created_at",
    "open": "p.created_at",
    "closed": "p.closed_at",
    "merged": "p.merged_at",
}
"""When a pull request came into the state that is asked for; when it was opened, where none is."""
STATES: dict[State, LiteralString] = {
    "open": "p.merged_at IS NULL AND p.closed_at IS NULL",
    "closed": "p.merged_at IS NULL AND p.closed_at IS NOT NULL",
    "merged": "p.merged_at IS NOT NULL",
}
FILTERS: LiteralString = """
    (%(draft)s::boolean IS NULL OR coalesce(draft, false) = %(draft)s)
    AND (%(labels)s::text[] IS NULL OR labels @> %(labels)s::text[])
    AND (%(text)s::text IS NULL OR position(lower(%(text)s) IN lower(title)) > 0
         OR number::text = ltrim(%(text)s, '#'))
"""
LISTED = sql.SQL(
    """
WITH {lifecycle}
SELECT {columns} FROM (
    SELECT l.*, lower(coalesce(author, 'ghost')) AS person, author_type = 'Bot' AS bot FROM lifecycle l
) AS l LEFT JOIN (SELECT repository_id, full_name FROM repositories) AS names USING (repository_id)
WHERE {where}
"""
)
OF_PAGE: LiteralString = """
    (p.repository_id, p.number) IN (SELECT * FROM unnest(%(page_repositories)s::bigint[], %(page_numbers)s::bigint[]))
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which pull requests, besides whose and when: of a state (None: any), drafts or not, with all of the labels, of
    one of the sizes, stale or not, with a text in the title or as number. `now`: what age and staleness refer to.
    """

    now: datetime
    state: State | None = None
    draft: bool | None = None
    labels: Sequence[str] | None = None
    sizes: Sequence[Size] | None = None
    stale: bool | None = None
    text: str | None = None

    def arguments(self) -> dict[str, Any]:
        return {
            "now": self.now,
            "quiet": self.now - STALE_AFTER,
            "draft": self.draft,
            "labels": None if self.labels is None else list(self.labels),
            "sizes": None if self.sizes is None else list(self.sizes),
            "stale": self.stale,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class PullRequestList(ListQuery):
    """A ListQuery of two steps: which pull requests are on the page, by `keys`, and then what is shown of them."""

    keys: sql.Composable

    async def page(self, snapshot: Snapshot, part: Part) -> Listed:
        listed = await ListQuery(self.keys, self.order, self.arguments).page(snapshot, part)
        keys = [(row["repository_id"], row["number"]) for row in listed.rows]
        arguments = {
            **self.arguments,
            "page_repositories": [repository_id for repository_id, _ in keys],
            "page_numbers": [number for _, number in keys],
        }
        found = await snapshot.rows(_select(OF_PAGE, list(COLUMNS), "true"), arguments) if keys else []
        shown = {(row["repository_id"], row["number"]): row for row in found}
        return Listed([shown[key] for key in keys], listed.total)


def pull_requests(people: People, asked: Asked, sort: str, *, descending: bool) -> PullRequestList:
    """The pull requests of the people that came into the state in the window, in the order of a column of COLUMNS,
    unknown values last.
    """
    chosen: LiteralString = f"{OF_REPOSITORIES} AND {SINCE[asked.state]} >= %(start)s::timestamptz"
    chosen += f" AND {SINCE[asked.state]} < %(end)s::timestamptz"
    if asked.state is not None:
        chosen += f" AND {STATES[asked.state]}"
    where: LiteralString = f"{CHOSEN} AND {FILTERS}"
    if asked.stale is not None:
        where += f" AND ({STALE}) = %(stale)s"
    if asked.sizes is not None:
        where += f" AND {SIZES} = ANY(%(sizes)s)"
    ordering = ORDERED_BY.get(sort, COLUMNS[sort])
    return PullRequestList(
        select=_select(chosen, list(COLUMNS), where, ordering),
        order=sql.SQL(f"ordering {'DESC' if descending else 'ASC'} NULLS LAST, repository_id, number DESC"),
        arguments={**people.arguments(), **asked.arguments()},
        keys=_select(chosen, ["number"], where, ordering),
    )


def _select(
    chosen: LiteralString, names: Sequence[str], where: LiteralString, ordering: LiteralString = "0"
) -> sql.Composed:
    columns: list[sql.Composable] = [
        sql.SQL("{} AS {}").format(sql.SQL(COLUMNS[name]), sql.Identifier(name)) for name in names
    ]
    columns += [sql.SQL("repository_id"), sql.SQL("{} AS ordering").format(sql.SQL(ordering))]
    parts = {"columns": sql.SQL(", ").join(columns), "where": sql.SQL(where)}
    return LISTED.format(lifecycle=lifecycle(chosen), **parts)
