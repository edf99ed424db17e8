"""The Gini coefficient: how unequally something is spread over people."""

from typing import LiteralString

from psycopg import sql

GINI = sql.SQL(
    """(
        SELECT CASE WHEN count(*) > 1
               THEN round(2 * sum(place * x) / nullif(count(*) * sum(x), 0) - (count(*) + 1.0) / count(*), 3) END
        FROM (SELECT x, row_number() OVER (ORDER BY x) AS place FROM ({values}) AS given(x)) AS placed
    )::float8"""
)


def gini(values: LiteralString) -> sql.Composed:
    """SQL of the coefficient of a query's only column, 0 (all the same) towards 1, three decimals:
    (2·Σ i·x)/(n·Σ x) − (n+1)/n, x ascending, i from 1. Null of fewer than two values, or of zeros only.
    """
    return GINI.format(values=sql.SQL(values))
