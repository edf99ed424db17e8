"""Statistics of a set of values, by metrics' common form: count, median, p75, p90 and mean."""

from typing import LiteralString

from psycopg import sql


def statistics(value: LiteralString, where: LiteralString = "true", *, p95: bool = False) -> sql.SQL:
    """SQL of an aggregate: a JSON object {count, mean, quantiles} of the values that are not null, where `where` holds.

    `quantiles` is [median, p75, p90], with `p95` that too, or null of nothing; they are interpolated
    (percentile_cont), one sort for all of them.
    """
    shares: LiteralString = "0.5, 0.75, 0.9, 0.95" if p95 else "0.5, 0.75, 0.9"
    aggregate: LiteralString = f"""jsonb_build_object(
        'count', count({value}) FILTER (WHERE {where}),
        'mean', (avg({value}) FILTER (WHERE {where}))::float8,
        'quantiles', percentile_cont(ARRAY[{shares}]) WITHIN GROUP (ORDER BY ({value})::float8)
                     FILTER (WHERE {where}))"""
    return sql.SQL(aggregate)


def median(column: LiteralString) -> LiteralString:
    """SQL of the median in a column made by `statistics`."""
    return f"({column} -> 'quantiles' ->> 0)::float8"
