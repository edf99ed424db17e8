"""Labels that say verified: the same in a story, which asks Python, and in turnaround, which asks PostgreSQL."""

from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projections.queries.verified import VERIFIED, says_verified


@pytest.mark.parametrize(
    "label", ["verified", "Verified", "verified-by-qa", "qa: verified", "qa/verified", "VERIFIED!"]
)
def test_the_word_is_found(label: str) -> None:
    assert says_verified(label)


@pytest.mark.parametrize(
    "label", ["unverified", "not-verified", "non verified", "un-verified", "No: verified", "verifiedly", "verify", ""]
)
def test_its_contrary_is_not_it(label: str) -> None:
    assert not says_verified(label)


words = st.sampled_from(["verified", "VERIFIED", "not", "un", "no", "by", "-", " ", "/", "1", "é", "ſ", "K", "'", "\\"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(words, max_size=5).map("".join))
@example("knot verified")
def test_the_database_says_the_same(connection: psycopg.Connection[Any], label: str) -> None:
    asked = f'SELECT {VERIFIED} FROM (SELECT %s::text COLLATE "C" AS label) AS labels'
    ((found,),) = connection.execute(asked, [label]).fetchall()
    assert found is says_verified(label)
