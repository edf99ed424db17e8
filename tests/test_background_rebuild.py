"""The running service notices what is new or changed, builds it from the log, and swaps it in."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psutil
import psycopg
import pytest
from sqlalchemy import BigInteger, Column

from projections.catalog import active_projections
from projections.decode import decode
from replay import generations, projector, replays
from replay.background import rebuild
from replay.event import Event
from replay.merges import Row, key, total
from replay.playback import Playback
from replay.projection import Projection
from replay.projector import Projector
from tests.histories import (
    LONG,
    PROJECTIONS,
    Gate,
    assert_live_equals_the_fold,
    begun,
    fill,
    live,
    long,
    long_template,
    opened,
    states,
    until,
)
from tests.processes import keep_compiled
from tests.service import running

__all__ = ["long", "long_template", "opened"]

Connection = psycopg.Connection[Any]
compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)


def per_type_rows(event: Event[Any]) -> Iterator[Row]:
    yield {"repository_id": event.repository_id, "events": 1}


PER_REPOSITORY = Projection(
    name="per_repository",
    version=1,
    columns=(key(Column("repository_id", BigInteger)), total("events")),
    rows=per_type_rows,
)


def changed() -> tuple[Projection, ...]:
    """All projections of another release: one is new, another is gone."""
    return (*(p for p in active_projections() if p.name != "actors"), PER_REPOSITORY)


@contextmanager
def projecting(database: str, load: Any) -> Iterator[threading.Thread]:
    """A projector in a thread, whose worker processes load the same projections."""
    conductor = Projector(database, load(), decode, partial(rebuild, Playback(database, load, decode)))
    stop = threading.Event()
    thread = threading.Thread(target=conductor.run, args=[stop])
    thread.start()
    try:
        yield thread
    finally:
        stop.set()
        thread.join()


def age(connection: Connection, name: str) -> None:
    """Let what is live be of an earlier definition, with a column that is no more, and wrong."""
    connection.execute(
        "UPDATE projection_generations SET definition_hash = 'of yesterday' WHERE projection = %s", (name,)
    )
    connection.execute(f"ALTER TABLE {name}_g1.{name} ADD COLUMN of_yesterday text".encode())


@pytest.mark.parametrize("in_processes", [True, False], ids=["in worker processes", "by the projector itself"])
def test_a_new_and_a_changed_projection_are_built_while_the_service_goes_on(
    long: str,
    opened: Connection,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    in_processes: bool,
) -> None:
    monkeypatch.setattr(projector, "SHORT_HISTORY", 100 if in_processes else 10**6)
    age(opened, "pr_reviews")
    gate = Gate(opened)
    caplog.set_level(logging.INFO)
    with projecting(long, changed) as thread, gate.opened_at_last(), running(long, projector=False) as service:
        if in_processes:
            until(gate.reached)
            # The old numbers are served, frozen, while the others go on.
            fill(opened, LONG + 200, after=LONG)
            until(lambda: live(opened)["pull_requests"].position == LONG + 200, seconds=10)
            frozen = live(opened)["pr_reviews"]
            assert (frozen.generation, frozen.position, frozen.state) == (1, LONG, "live")
            listed = {one["name"]: one for one in service.client.get("/health").json()["projections"]}
            assert listed["pr_reviews"]["lag_events"] == 200
            assert listed["pull_requests"]["lag_events"] == 0
        gate.open()
        until(lambda: live(opened).get("per_repository") and live(opened)["pr_reviews"].generation == 2)
        fill(opened, LONG + 400, after=LONG + 200 if in_processes else LONG)
        until(lambda: {g.position for n, g in live(opened).items() if n != "actors"} == {LONG + 400}, seconds=20)
        assert thread.is_alive()
        assert service.client.get("/api/metrics/summary").status_code == 200
    assert_live_equals_the_fold(opened, changed())
    assert [one.state for one in replays.replays(opened)] == (["finished"] if in_processes else [])
    # What is gone is told, and its table is kept.
    assert "projection actors is not in this release, or switched off: its table is kept as it is" in caplog.text
    assert (live(opened)["actors"].position, live(opened)["actors"].generation) == (LONG, 1)
    assert opened.execute("SELECT count(*) > 0 FROM actors").fetchone() == (True,)
    assert opened.execute("SELECT pg_get_viewdef('pr_reviews'::regclass) ~ 'pr_reviews_g2'").fetchone() == (True,)


def workers_of(pid: int) -> list[psutil.Process]:
    found = psutil.Process(pid).children(recursive=True)
    return [child for child in found if "spawn_main" in " ".join(child.cmdline())]


def test_a_projector_killed_in_the_middle_is_followed_by_one_that_resumes_the_same_replay(
    long: str, opened: Connection
) -> None:
    generations.drop(opened, live(opened)["pr_labels"])
    age(opened, "pr_reviews")
    gate = Gate(opened)
    fill(opened, LONG + 100, after=LONG)
    first = begun(long, "project")
    until(gate.reached)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()  # its worker outlives it, and holds its pipes
    second = begun(long, "project")
    try:
        until(lambda: leaders(opened) == 1)
        gate.open()
        until(lambda: live(opened)["pr_reviews"].generation == 2 and "pr_labels" in live(opened))
        until(lambda: {g.position for g in live(opened).values()} == {LONG + 100})
    finally:
        gate.open()
        second.send_signal(signal.SIGTERM)
        _output, errors = second.communicate(timeout=30)
        first.communicate(timeout=30)
    assert "Traceback" not in errors
    assert [(one.replay_id, one.state) for one in replays.replays(opened)] == [(1, "finished")]
    assert {name: number for name, number, state in states(opened) if state == "live"} == {
        **{projection.name: 1 for projection in PROJECTIONS},
        "pr_reviews": 2,
    }
    assert_live_equals_the_fold(opened)


def leaders(connection: Connection) -> int:
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = %s AND objid = %s",
        (projector.LEADER_LOCK >> 32, projector.LEADER_LOCK & 0xFFFFFFFF),
    ).fetchone()
    return int(row[0]) if row else 0


def test_a_replay_of_somebody_else_is_waited_for(long: str, opened: Connection) -> None:
    age(opened, "pr_reviews")
    gate = Gate(opened)
    command = begun(long, "replay", "pr_reviews", "--workers", "1")
    until(gate.reached)
    load = partial(active_projections, ())
    stop = threading.Event()
    rebuilding = threading.Thread(target=partial(rebuild, Playback(long, load, decode)), args=[["pr_reviews"], stop])
    rebuilding.start()
    gate.open()
    command.communicate(timeout=60)
    rebuilding.join(timeout=30)
    assert not rebuilding.is_alive()
    # Not built again by the second.
    assert live(opened)["pr_reviews"].generation == 2
    assert [one.replay_id for one in replays.replays(opened)] == [1]
