"""The command `replay`, as an operator meets it, and as one who wants to break it."""

import json
import signal
import subprocess
import sys
import time
from typing import Any

import psycopg
import pytest

from projections.catalog import active_projections
from replay import generations, replays
from replay.playback import BEGIN_LOCK
from tests.command import settings_of
from tests.histories import (
    LONG,
    Gate,
    assert_live_equals_the_fold,
    begun,
    fill,
    live,
    long,
    long_template,
    opened,
    project,
    run,
    schemas,
    states,
    until,
)
from tests.processes import environment, keep_compiled
from tests.test_entrypoint import ENTRYPOINT

__all__ = ["long", "long_template", "opened"]

Connection = psycopg.Connection[Any]
Process = subprocess.Popen[str]
compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)
NAMES = sorted(projection.name for projection in active_projections())


def numbers(connection: Connection) -> set[int]:
    return {generation.generation for generation in live(connection).values()}


def ended(process: Process, code: int) -> tuple[str, str]:
    """What it has said."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, output + errors
    return output, errors


def done_so_far(connection: Connection) -> int:
    return replays.replays(connection)[0].done


# What it does


def test_replay_rebuilds_everything_verifies_and_swaps_in(long: str, opened: Connection) -> None:
    done = run(long, "replay", "--json", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    progress = [line["progress"] for line in lines if "progress" in line]
    assert progress
    assert progress[-1]["position"] == progress[-1]["target"] == LONG
    # Every phase is told, in its order; nothing came meanwhile to be caught up with.
    assert list(dict.fromkeys(line["phase"] for line in progress)) == ["events", "indexes", "comparing", "swapping"]
    assert all(line["phase_total"] == len(NAMES) for line in progress if line["phase"] in ("indexes", "comparing"))
    assert sorted(line["verdict"]["projection"] for line in lines if "verdict" in line) == NAMES
    assert all(line["verdict"]["equal"] for line in lines if "verdict" in line)
    assert lines[-1] == {"replay_id": 1, "state": "finished"}
    assert numbers(opened) == {2}
    assert_live_equals_the_fold(opened)
    # Nobody projects: the views follow all the same.
    assert opened.execute("SELECT pg_get_viewdef('pr_reviews'::regclass) ~ 'pr_reviews_g2'").fetchone() == (True,)


def test_replay_of_one_name_leaves_the_others_alone_and_an_unknown_name_is_told(database: str) -> None:
    for command in (("replay",), ("replay", "--until", "5", "--into", "then"), ("verify",), ("replay", "rollback")):
        unknown = run(database, *command, "pull_request")
        told = "github-metrics: pull_request is no projection: did you mean pull_requests?\n"
        assert (unknown.returncode, unknown.stderr) == (2, told)
    unknown = run(database, "replay", "drop", "zzz")
    assert unknown.returncode == 2
    assert "github-metrics: zzz is no projection: known: actors, " in unknown.stderr
    done = run(database, "replay", "pull_requests")
    assert done.returncode == 0, done.stderr
    assert "Swapped in: pull_requests\n" in done.stdout
    with psycopg.connect(database, autocommit=True) as connection:
        assert [name for name, number, _ in states(connection) if number == 2] == ["pull_requests"]


def test_python_m_replay_is_the_same_command_and_an_empty_log_with_64_workers_is_no_trouble(database: str) -> None:
    began = time.monotonic()
    done = run(database, "replay", "--workers", "64")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 20
    shown = subprocess.run(
        [sys.executable, "-m", "replay", "status"],
        env=environment(**settings_of(database)),
        cwd=ENTRYPOINT.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert "replay 1 (replay) finished: 100 % of 0, actors, " in shown.stdout


def test_64_workers_on_a_small_log_are_as_many_as_there_are_ranges(long: str, opened: Connection) -> None:
    done = run(long, "replay", "actors", "--workers", "64")
    assert done.returncode == 0, done.stderr
    assert live(opened)["actors"].generation == 2


def test_diff_shows_what_changes_and_does_not_swap_without_a_yes(long: str, opened: Connection) -> None:
    opened.execute(
        "DELETE FROM pr_reviews_g1.pr_reviews WHERE ctid IN (SELECT ctid FROM pr_reviews_g1.pr_reviews LIMIT 3)"
    )
    opened.execute("UPDATE pull_requests_g1.pull_requests SET title = 'old' WHERE number % 10 = 1")
    before = schemas(opened)
    done = run(long, "replay", "--diff", "pr_reviews", "pull_requests", "event_counts")
    assert done.returncode == 1
    assert "pr_reviews: 3 rows added, 0 removed, 0 changed" in done.stdout
    assert "pull_requests: 0 rows added, 0 removed, " in done.stdout
    assert "changed: title (" in done.stdout
    assert " reviews: " in done.stdout
    assert "event_counts: 0 rows added, 0 removed, 0 changed" in done.stdout
    assert done.stderr.splitlines()[-1] == (
        "github-metrics: nothing is swapped in: without a terminal nobody can be asked. What was built is kept:"
        " the same command with --yes swaps it in, `replay cancel 1` drops it"
    )
    assert numbers(opened) == {1}
    assert len(schemas(opened) - before) == 3
    assert "replay 1 (replay) resumable: " in run(long, "replay", "status").stdout
    assert run(long, "replay", "cancel", "1").returncode == 0
    assert (numbers(opened), schemas(opened)) == ({1}, before)
    done = run(long, "replay", "--diff", "--yes", "pr_reviews", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["change"]["added"] for line in lines if "change" in line] == [3]
    assert sum(line["number"]["difference"] for line in lines if "number" in line) == 3
    assert live(opened)["pr_reviews"].generation == 2


def test_what_differs_is_named_and_kept_until_the_same_command_says_yes(long: str, opened: Connection) -> None:
    opened.execute("UPDATE actors_g1.actors SET login = 'planted' WHERE actor_id = (SELECT min(actor_id) FROM actors)")
    done = run(long, "replay", "actors", "event_counts")
    assert done.returncode == 1
    assert "actors: row actor_id " in done.stdout
    assert " is changed\n    login: live 'planted', from the log " in done.stdout
    assert "the same command with --yes swaps it in" in done.stderr
    fill(opened, LONG + 200, after=LONG)
    project(long, opened)
    done = run(long, "replay", "actors", "event_counts", "--yes")
    assert done.returncode == 0, done.stderr
    assert [(one.replay_id, one.state) for one in replays.replays(opened)] == [(1, "finished")]
    assert live(opened)["actors"].generation == 2
    assert_live_equals_the_fold(opened)


# Interrupted, resumed, cancelled


def test_ctrl_c_before_anything_is_begun_says_so(database: str, connection: Connection) -> None:
    connection.execute("SELECT pg_advisory_lock(%s)", (BEGIN_LOCK,))
    first = begun(database, "replay")
    waiting = "SELECT FROM pg_locks JOIN pg_database ON pg_database.oid = database WHERE NOT granted"
    waiting += " AND locktype = 'advisory' AND datname = current_database()"  # pg_locks has those of other tests too
    until(lambda: connection.execute(waiting.encode()).fetchall())
    first.send_signal(signal.SIGINT)
    assert ended(first, 130) == ("", "github-metrics: interrupted\n")
    assert replays.replays(connection) == []


def test_ctrl_c_stops_cleanly_and_the_same_command_resumes_where_it_was(long: str, opened: Connection) -> None:
    gate = Gate(opened)
    first = begun(long, "replay", "--workers", "1")
    until(gate.reached)
    status = run(long, "replay", "status").stdout
    assert "replay 1 (replay) running: 40 % of 5,000, actors, " in status
    first.send_signal(signal.SIGINT)
    time.sleep(0.5)
    gate.open()
    _output, errors = ended(first, 1)
    assert errors.splitlines()[-1] == "github-metrics: replay 1 is stopped; the same command resumes it"
    assert "Traceback" not in errors
    stopped_at = done_so_far(opened)
    assert 2_000 <= stopped_at < LONG
    assert "replay 1 (replay) resumable: " in run(long, "replay", "status").stdout
    assert numbers(opened) == {1}
    done = run(long, "replay", "--workers", "1", "--json")
    assert done.returncode == 0, done.stderr
    progress = [json.loads(line)["progress"] for line in done.stdout.splitlines() if "progress" in line]
    assert progress[0]["position"] >= stopped_at
    assert [(one.replay_id, one.state) for one in replays.replays(opened)] == [(1, "finished")]
    assert numbers(opened) == {2}
    assert_live_equals_the_fold(opened)


def test_two_replays_at_once_the_second_says_so_and_cancel_ends_the_first(long: str, opened: Connection) -> None:
    gate = Gate(opened)
    first = begun(long, "replay", "actors", "repositories")
    until(gate.reached)
    second = run(long, "replay", "actors")
    assert second.returncode == 1
    assert "replay 1 of actors is running: wait for it, or cancel it" in second.stderr
    cancelling = begun(long, "replay", "cancel")
    until(lambda: replays.find(opened, 1).state == "cancelled")
    gate.open()
    ended(cancelling, 0)
    _output, errors = ended(first, 1)
    assert "github-metrics: replay 1 was cancelled: cancelled" in errors
    assert "Traceback" not in errors
    assert schemas(opened) == {generation.schema_name for generation in live(opened).values()}
    assert run(long, "replay", "cancel").stdout == "No replay is running.\n"
    again = run(long, "replay", "cancel", "1")
    assert (again.returncode, again.stderr) == (1, "github-metrics: replay 1 is cancelled: nothing to cancel\n")


def test_a_shadow_schema_dropped_by_hand_is_told_and_the_next_replay_works(long: str, opened: Connection) -> None:
    gate = Gate(opened)
    first = begun(long, "replay", "actors", "--workers", "1")
    until(gate.reached)
    with opened.transaction():
        # The worker waits in a transaction that has not touched the table yet.
        opened.execute("DROP SCHEMA actors_g2 CASCADE")
    gate.open()
    _output, errors = ended(first, 1)
    assert "github-metrics: replay 1 has failed, the live tables are untouched: " in errors
    assert 'relation "actors_g2.actors" does not exist' in errors
    assert replays.find(opened, 1).state == "failed"
    assert states(opened)[0] == ("actors", 1, "live")
    assert_live_equals_the_fold(opened)
    done = run(long, "replay", "actors")
    assert done.returncode == 0, done.stderr
    assert_live_equals_the_fold(opened)


def test_a_definition_changed_in_the_middle_of_a_replay_begins_it_anew(long: str, opened: Connection) -> None:
    gate = Gate(opened)
    first = begun(long, "replay", "actors", "--workers", "1")
    until(gate.reached)
    first.kill()
    first.wait()  # its worker outlives it, and holds its pipes
    gate.open()
    first.communicate()
    opened.execute("UPDATE projection_generations SET definition_hash = 'of yesterday' WHERE state = 'replaying'")
    done = run(long, "replay", "actors", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert [(one.replay_id, one.state, one.message) for one in replays.replays(opened)] == [
        (2, "finished", None),
        (1, "cancelled", "superseded"),
    ]
    assert_live_equals_the_fold(opened)


def test_a_full_disk_is_told_nothing_is_lost_and_the_same_command_resumes(long: str, opened: Connection) -> None:
    gate = Gate(opened)
    opened.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
    )
    first = begun(long, "replay", "actors", "--workers", "1")
    until(gate.reached)
    stopped_at = done_so_far(opened)
    opened.execute(
        "CREATE TRIGGER full_disk BEFORE INSERT ON actors_g2.actors FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"
    )
    gate.open()
    _output, errors = ended(first, 1)
    last = errors.splitlines()[-1]
    assert "No space left on device" in last
    assert last.endswith("; the same command resumes the replay")
    assert "Traceback" not in errors
    assert (replays.find(opened, 1).state, done_so_far(opened)) == ("running", stopped_at)
    assert_live_equals_the_fold(opened)
    opened.execute("DROP TRIGGER full_disk ON actors_g2.actors")
    done = run(long, "replay", "actors", "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert [one.state for one in replays.replays(opened)] == ["finished"]
    assert_live_equals_the_fold(opened)


def test_an_unreachable_database_is_told_in_a_line(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (("replay",), ("verify",), ("replay", "status"), ("parked", "list")):
        done = run(database, *arguments, METRICS_DB_NAME="nowhere")
        assert done.returncode == 1
        assert done.stderr.startswith("github-metrics: ")
        assert 'database "nowhere" does not exist' in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_list_of_nothing_parked_says_so(database: str) -> None:
    assert run(database, "parked", "list").stdout == "Nothing is parked.\n"
    assert run(database, "parked", "list", "--json").stdout == ""


# Back, and away


def test_rollback_catches_up_first_and_refuses_another_definition(long: str, opened: Connection) -> None:
    none = run(long, "replay", "rollback", "actors")
    assert (none.returncode, none.stderr) == (
        1,
        "github-metrics: actors has no earlier generation to go back to\n",
    )
    assert run(long, "replay", "actors", "pr_reviews").returncode == 0
    fill(opened, LONG + 300, after=LONG)
    project(long, opened)
    assert {g.position for g in live(opened).values()} == {LONG + 300}
    done = run(long, "replay", "rollback", "actors")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "actors: generation 1 is live again\n"
    back = live(opened)["actors"]
    assert (back.generation, back.position, back.state) == (1, LONG + 300, "live")
    assert_live_equals_the_fold(opened)
    opened.execute("UPDATE projection_generations SET definition_hash = 'older' WHERE state = 'retired'")
    refused = run(long, "replay", "rollback", "pr_reviews")
    assert refused.returncode == 1
    assert "is of another definition: run that release to go back" in refused.stderr
    dropped = run(long, "replay", "drop")
    assert sorted(dropped.stdout.splitlines()) == [
        "actors: generation 2 is dropped",
        "pr_reviews: generation 1 is dropped",
    ]
    assert run(long, "replay", "drop").stdout == "Nothing to drop.\n"
    assert schemas(opened) == {generation.schema_name for generation in live(opened).values()}


def test_replay_repairs_a_halted_projection_and_readers_never_go_back(long: str, opened: Connection) -> None:
    generations.halt(opened, live(opened)["actors"], "by hand")
    fill(opened, LONG + 200, after=LONG)
    project(long, opened, tuple(p for p in active_projections() if p.name != "actors"))
    done = run(long, "replay", "actors")
    assert done.returncode == 0, done.stderr
    repaired = live(opened)["actors"]
    assert (repaired.state, repaired.generation, repaired.halted_reason) == ("live", 2, None)
    assert repaired.position >= LONG
    project(long, opened)
    assert_live_equals_the_fold(opened)


def test_replay_beside_a_projector_that_does_not_know_the_new_generations(long: str, opened: Connection) -> None:
    """As one of an earlier release: nobody but the command brings them up, though the live ones have moved ahead."""
    gate = Gate(opened)
    first = begun(long, "replay", "actors", "repositories", "--workers", "1")
    until(gate.reached)
    fill(opened, LONG + 400, after=LONG)
    project(long, opened)
    gate.open()
    output, _errors = ended(first, 0)
    assert output.count(f"at position {LONG + 400}, equals the log") == 2
    assert live(opened)["actors"].position == LONG + 400
    assert_live_equals_the_fold(opened)
