"""GET /api/metrics/projections: every state of a projection, and replays as they run."""

import threading
from typing import Any

import psycopg

from projections.catalog import active_projections
from projections.decode import decode
from replay import generations, rebuild, replays
from replay.rebuild import Worker
from tests.events import payload
from tests.logged import fill, project
from tests.service import running

Connection = psycopg.Connection[Any]
PATH = "/api/metrics/projections"


def by_name(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in answer["projections"]}


def test_each_projection_says_where_it_stands(database: str, connection: Connection) -> None:
    fill(connection, 100)
    project(database, connection)
    fill(connection, 130, gap=False)
    head = generations.head(connection)
    before = generations.generations(connection)[0].position
    with running(database, projector=False) as service:
        answer = service.client.get(PATH)
        told = by_name(answer.json())
        assert list(told) == [one.name for one in active_projections()]
        assert answer.headers["X-Log-Position"] == str(before)
        (behind,) = connection.execute("SELECT count(*) FROM webhooks WHERE position > %s", (before,)).fetchone() or ()
        for one in active_projections():
            assert told[one.name].pop("lag_seconds") > 0
            assert told[one.name].pop("doc")
            assert told[one.name] == {
                "name": one.name,
                "version": one.version,
                "generation": 1,
                "position": before,
                "lag_events": behind,
                "parked": 0,
                "state": "live",
                "halted_reason": None,
            }
        project(database, connection)
        caught_up = by_name(service.get(PATH))
        assert {(one["position"], one["lag_events"], one["lag_seconds"]) for one in caught_up.values()} == {
            (head, 0, 0)
        }


def test_halted_parked_building_and_gone(database: str, connection: Connection) -> None:
    fill(connection, 20)
    project(database, connection)
    held = {one.projection: one for one in generations.generations(connection)}
    generations.halt(connection, held["pr_labels"], "too many events cannot be applied")
    generations.drop(connection, held["api_usage"])
    connection.execute(
        "INSERT INTO parked_events (projection, generation, position, reason, error, version)"
        " VALUES ('pr_events', 1, 3, 'rows', 'ValueError: bad', 1)"
    )
    (counts,) = [one for one in active_projections() if one.name == "event_counts"]
    generations.create(connection, counts, live=False)
    generations.drop(connection, held["actors"])
    (actors,) = [one for one in active_projections() if one.name == "actors"]
    generations.create(connection, actors, live=False)
    for table in ("projection_generations", "projections"):
        # A projection of an earlier release.
        values = "'titles', 3, 2, 'x', 'titles_g3', 5, 'live'" if table == "projection_generations" else "'titles', 3"
        columns = "projection, generation, version, definition_hash, schema_name, position, state"
        columns = columns if table == "projection_generations" else "projection, generation"
        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})".encode())
    with running(database, projector=False) as service:
        answer = service.client.get(PATH)
        told = by_name(answer.json())
    assert (told["pr_labels"]["state"], told["pr_labels"]["halted_reason"]) == (
        "halted",
        "too many events cannot be applied",
    )
    assert told["pr_events"]["parked"] == 1
    # Readers see generation 1 while 2 is built beside it; of actors they see nothing yet.
    assert (told["event_counts"]["state"], told["event_counts"]["generation"]) == ("live", 1)
    assert (told["actors"]["state"], told["actors"]["generation"], told["actors"]["position"]) == ("building", 1, 0)
    assert (told["api_usage"]["state"], told["api_usage"]["generation"], told["api_usage"]["version"]) == (
        "building",
        None,
        None,
    )
    assert (told["titles"]["state"], told["titles"]["doc"], told["titles"]["generation"]) == ("gone", None, 3)
    assert answer.headers["X-Log-Position"] == "0"


def test_a_replay_is_seen_as_it_runs(database: str, connection: Connection) -> None:
    fill(connection)
    project(database, connection)
    chosen = [one for one in active_projections() if one.name in {"pull_requests", "pr_reviews"}]
    with running(database) as service, psycopg.connect(database, autocommit=True) as owner:
        assert service.get(PATH)["replays"] == []
        replay_id = rebuild.lay_out(owner, chosen, workers=1)
        (begun,) = service.get(PATH)["replays"]
        target = generations.head(connection)
        assert begun.pop("begun_at").endswith("Z")
        assert begun == {
            "replay_id": replay_id,
            "purpose": "replay",
            "state": "running",
            "projections": ["pr_reviews", "pull_requests"],
            "target": target,
            "done": 0,
            "progress": 0.0,
            "events": 0,
            "parked": 0,
            "phase": "events",
            "phase_done": 0,
            "phase_total": 0,
        }
        Worker(database, replay_id, active_projections(), decode).run(0, 1, threading.Event())
        replays.enter(owner, replay_id, replays.Phase.INDEXES, 1, 2)
        replays.disown(owner, replay_id)
        (built,) = service.get(PATH)["replays"]
        events = connection.execute("SELECT count(*) FROM webhooks").fetchone()
        assert (built["state"], built["done"], built["progress"]) == ("resumable", target, 1.0)
        assert (built["events"],) == events
        assert (built["phase"], built["phase_done"], built["phase_total"]) == ("indexes", 1, 2)
        assert by_name(service.get(PATH))["pull_requests"]["generation"] == 1
        replays.end(owner, replay_id, "finished")
        assert service.get(PATH)["replays"] == []


def test_a_key_is_needed_where_keys_are_set(database: str) -> None:
    with running(database, projector=False, METRICS_API_KEYS="one") as service:
        assert service.client.get(PATH).status_code == 401
        assert service.client.get(PATH, headers={"X-API-Key": "one"}).status_code == 200


def test_it_is_in_the_api_description(database: str) -> None:
    with running(database, projector=False) as service:
        operation = service.get("/openapi.json")["paths"][PATH]["get"]
        assert operation["operationId"] == "get_projections"
        assert operation["description"]


def test_it_is_304_until_anything_in_it_differs(database: str) -> None:
    with running(database, projector=False) as service:
        first = service.client.get(PATH)
        unchanged = service.client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["X-Log-Position"] == first.headers["X-Log-Position"] == "0"
        service.post("star", payload("created"))
        later = service.client.get(PATH, headers={"If-None-Match": first.headers["ETag"]})
        assert (later.status_code, later.headers["X-Log-Position"]) == (200, "0")
        assert {one["lag_events"] for one in later.json()["projections"]} == {1}
