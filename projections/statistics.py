"""Statistics of a set of values, by metrics' common form: count, median, p75, p90 and mean."""

from typing import LiteralString

from psycopg import sql


def statistics(value: LiteralString, where: LiteralString = "true") -> sql.SQL:
    """SQL of an aggregate: a JSON object {count, mean, quantiles} of the values that are not null, where `where` holds.

    `quantiles` is [median, p75, p90], or null of nothing; they are interpolated (percentile_cont), one sort for all
    three.
    """
    aggregate: LiteralString = f"""jsonb_build_object(
        'count', count({value}) FILTER (WHERE {where}),
        'mean', (avg({value}) FILTER (WHERE {where}))::float8,
        'quantiles', percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY ({value})::float8)
                     FILTER (WHERE {where}))"""
    return sql.SQL(aggregate)
