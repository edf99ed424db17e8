"""What a changed definition moves: rows added, removed and changed, and the headline numbers before and after."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection, sql

from replay.generations import Generation
from replay.projection import Projection
from replay.verify import differences

log = logging.getLogger(__name__)

Headlines = Callable[[Connection[Any]], dict[tuple[str, str], float | None]]
"""Numbers by (repository, metric), read from the projections on the search path."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one projection's new generation changes."""

    projection: str
    added: int = 0
    missing: int = 0
    changed: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    """Column -> how many of the changed rows differ in it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A headline number that differs."""

    repository: str
    metric: str
    old: float | None
    new: float | None


def common_columns(connection: Connection[Any], live: Generation, rebuilt: Generation) -> list[str]:
    """The columns that both generations have, in the order of the rebuilt one."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = ANY(%s) AND table_name = %s"
        " GROUP BY column_name HAVING count(*) = 2 ORDER BY max(ordinal_position)",
        ([live.schema_name, rebuilt.schema_name], live.projection),
    )
    return [row[0] for row in rows]


def change(connection: Connection[Any], projection: Projection, live: Generation, rebuilt: Generation) -> Change:
    """Compare the rows of two generations in the columns that both have. In a snapshot."""
    kinds: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    names = common_columns(connection, live, rebuilt)
    for difference in differences(connection, projection, live, rebuilt, names=names):
        kinds[difference.kind] += 1
        if difference.kind == "changed":
            columns.update(difference.columns.keys())
    return Change(projection.name, kinds["added"], kinds["missing"], kinds["changed"], dict(columns.most_common()))


def moved(
    connection: Connection[Any], headlines: Headlines, replaced: Sequence[tuple[Generation, Generation]]
) -> list[Moved]:
    """The headline numbers that differ when the second generation of each pair stands in for the first. A side on
    which they cannot be computed, because a column is not there yet or a projection was never built, has none.
    """
    before = _numbers(connection, headlines, [])
    after = _numbers(connection, headlines, [rebuilt for _live, rebuilt in replaced])
    keys = sorted(before.keys() | after.keys())
    return [Moved(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]


def _numbers(
    connection: Connection[Any], headlines: Headlines, instead: Sequence[Generation]
) -> dict[tuple[str, str], float | None]:
    live = connection.execute(
        "SELECT g.schema_name FROM public.projections p"
        " JOIN public.projection_generations g USING (projection, generation)"
    )
    schemas = [generation.schema_name for generation in instead] + [row[0] for row in live]
    # Not `public`: its views would stand in for what these schemas lack.
    path = sql.SQL(", ").join(sql.Identifier(name) for name in [*schemas, "pg_catalog"])
    try:
        with connection.transaction():
            connection.execute(sql.SQL("SET LOCAL search_path = {}").format(path))
            return headlines(connection)
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn) as error:
        log.warning("the headline numbers cannot be computed: %s", error.diag.message_primary)
        return {}
