"""Whole days, as the months among them and the days beside."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from projections.queries.people import Window
from projections.queries.rolled_up import Cover
from projections.queries.units import DAY

FIRST = datetime(2023, 12, 20, tzinfo=UTC)
LAST = 150
"""The days looked at, a leap day among them."""
DAYS = st.integers(0, LAST).map(lambda day: FIRST + timedelta(days=day))
TOLD = sql.SQL(
    """
WITH days AS (SELECT generate_series({first}::date, {last}::date, '1 day')::date AS day)
SELECT array(SELECT c.day FROM days AS c WHERE {units} ORDER BY 1) AS whole,
       array(SELECT day FROM (
           SELECT d.day FROM days AS d
           JOIN (SELECT DISTINCT date_trunc('month', day)::date AS month FROM days) AS c
           ON date_trunc('month', d.day) = c.month WHERE {months}
           UNION ALL
           SELECT c.day FROM days AS c WHERE {beside}
       ) AS told ORDER BY 1) AS told
"""
)


def told(connection: psycopg.Connection[Any], cover: Cover) -> tuple[list[Any], list[Any]]:
    """The whole days of a cover, and those that months and days answer together."""
    months, beside = cover.monthly()
    ends = {"first": sql.Literal(FIRST), "last": sql.Literal(FIRST + timedelta(days=LAST))}
    query = TOLD.format(units=cover.units(), months=months, beside=beside, **ends)
    row = connection.execute(query).fetchone()
    assert row is not None
    return row[0], row[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.none() | DAYS, st.none() | DAYS, st.lists(DAYS, max_size=3, unique=True))
def test_months_and_the_days_beside_them_are_the_whole_days_once(
    connection: psycopg.Connection[Any], start: datetime | None, end: datetime | None, but: list[datetime]
) -> None:
    if start is not None and end is not None and start > end:
        start, end = end, start
    whole = Window(start, end)
    days, answered = told(connection, Cover(DAY, whole, tuple(sorted(day for day in but if whole.holds(day))), ()))
    assert answered == days


@pytest.mark.parametrize(("start", "months"), [("2024-01-01", 2), ("2024-01-02", 1), ("2024-02-02", 0)])
def test_a_month_is_answered_whole_where_all_of_it_is_asked_for(
    connection: psycopg.Connection[Any], start: str, months: int
) -> None:
    whole = Window(datetime.fromisoformat(start).replace(tzinfo=UTC), datetime(2024, 3, 20, tzinfo=UTC))
    among, _ = Cover(DAY, whole, (), ()).monthly()
    query = sql.SQL(
        "SELECT count(*) FROM generate_series(date '2023-12-01', '2024-04-01', '1 month') AS c(month) WHERE {}"
    )
    assert connection.execute(query.format(among)).fetchone() == (months,)
