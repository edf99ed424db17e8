"""Right after an upgrade: the tables are those of the release before, until the new ones are built."""

import psycopg

from tests.events import payload, pull_request
from tests.service import running


def test_a_table_without_a_column_of_this_release_is_asked_for_again_later(
    connection: psycopg.Connection, database: str
) -> None:
    with running(database) as service:
        position = service.post("pull_request", payload("opened", pull_request=pull_request(1))).headers[
            "X-Log-Position"
        ]
        assert service.get("/api/metrics/pull-requests", min_position=position)["pagination"]["total"] == 1
        (found,) = connection.execute(
            "SELECT quote_ident(g.schema_name) FROM projections p JOIN projection_generations g "
            "USING (projection, generation) WHERE p.projection = 'pull_requests'"
        ).fetchall()
        table = f"{found[0]}.pull_requests"
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN title TO title_before".encode())
        answer = service.client.get("/api/metrics/pull-requests", params={"page": 1, "page_size": 5})
        assert answer.status_code == 503
        assert answer.json()["reason"] == "projections_behind"
        assert answer.headers["Retry-After"] == "1"
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN title_before TO title".encode())
        assert service.get("/api/metrics/pull-requests", page=1, page_size=6)["pagination"]["total"] == 1
