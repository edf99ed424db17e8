"""The log: order, duplicates, immutability, and the migrations that make it."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from alembic import command
from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import alembic_directory, migrate
from projections.decode import decode
from replay.compression import Compressor
from replay.event import Appended, Delivery
from replay.log import LogReader, append
from replay.tables import metadata

Connection = psycopg.Connection[Any]
ROOT = Path(__file__).parent.parent
APPENDERS = 4
APPENDING_SECONDS = 4
RESTRICTED = "23001"


def delivery(
    body: bytes = b"{}", delivery_id: uuid.UUID | None = None, *, hook_id: int = 1, event_type: str = "star"
) -> Delivery:
    now = datetime.now(UTC)
    digest = hashlib.sha256(body).digest()
    return Delivery(delivery_id or uuid.uuid4(), event_type, body, digest, now, now, hook_id=hook_id)


def appended(connection: Connection, *batch: Delivery) -> list[Appended]:
    return append(connection, batch, Compressor(current_dictionary()))


def rows(connection: Connection, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), arguments).fetchall()


def config(database: str) -> Config:
    """What alembic's commands need to work on a database."""
    made = Config()
    made.set_main_option("script_location", str(alembic_directory()))
    made.attributes["conninfo"] = database
    return made


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """A database without a schema."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        yield make_conninfo(server, dbname=name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


# ── Law 1 ─────────────────────────────────────────────────────────────────────────────────────────────────────────


APPEND_FOR_EVER = """
import hashlib, os, random, sys, uuid, psycopg
from datetime import UTC, datetime
from replay.compression import Compressor
from replay.event import Delivery
from replay.log import append
compressor = Compressor()
with psycopg.connect(sys.argv[1], autocommit=True, prepare_threshold=1) as connection:
    while True:
        now, batch = datetime.now(UTC), []
        for _ in range(random.randint(1, 5)):
            batch.append(Delivery(uuid.uuid4(), "star", b"{}", hashlib.sha256(b"{}").digest(), now, now))
        for place in append(connection, batch, compressor):
            os.write(1, b"%d\\n" % place.position)
"""
"""The life of one of the concurrent appenders: it prints what it was promised."""


class Follower:
    """Reads on from the last position that it saw, as the projector does."""

    def __init__(self, database: str) -> None:
        self.seen: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=[database])

    def __enter__(self) -> "Follower":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self, database: str) -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while True:
                last = self._stop.is_set()
                after = self.seen[-1] if self.seen else 0
                query = "SELECT position FROM webhooks WHERE position > %s ORDER BY position"
                self.seen += [position for (position,) in rows(connection, query, after)]
                time.sleep(0.001)
                if last:
                    return


@contextmanager
def appenders(database: str, promised: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that append. Their promises go to a file, so that nothing that a killed one had said is lost."""
    processes: list[subprocess.Popen[bytes]] = []
    with promised.open("ab") as output:
        try:
            for _ in range(APPENDERS):
                processes.append(  # noqa: PERF401 - those that were started are killed if one does not start
                    subprocess.Popen([sys.executable, "-c", APPEND_FOR_EVER, database], cwd=ROOT, stdout=output)
                )
            yield processes
        finally:
            for process in processes:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()


def whole_numbers(file: Path) -> list[int]:
    return [int(line) for line in file.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def test_positions_follow_commit_order(database: str, connection: Connection, tmp_path: Path) -> None:
    promised = tmp_path / "promised"
    with Follower(database) as follower, appenders(database, promised) as processes:
        deadline = time.monotonic() + 30
        while len(whole_numbers(promised)) < 100:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        until = time.monotonic() + APPENDING_SECONDS
        dice = random.Random(1)
        while time.monotonic() < until:
            stopped = dice.choice(processes[1:])
            stopped.send_signal(signal.SIGSTOP)
            time.sleep(dice.uniform(0.01, 0.2))
            stopped.send_signal(signal.SIGCONT)
            time.sleep(dice.uniform(0.0, 0.05))
            if len(processes) > 2 and time.monotonic() > until - APPENDING_SECONDS / 2:
                killed = processes.pop()
                killed.kill()
                killed.wait()
    logged = [position for (position,) in rows(connection, "SELECT position FROM webhooks ORDER BY position")]
    assert len(logged) > 500
    assert follower.seen == logged
    assert set(whole_numbers(promised)) <= set(logged)
    assert len(set(whole_numbers(promised))) == len(whole_numbers(promised))
    back = "SELECT count(*) FROM (SELECT appended_at < lag(appended_at) OVER (ORDER BY position) AS b FROM webhooks) x"
    assert rows(connection, back + " WHERE b") == [(0,)]


def test_an_appender_that_stands_still_in_its_transaction_holds_up_the_others_and_no_event_passes_it(
    database: str, connection: Connection
) -> None:
    compressor = Compressor()
    with psycopg.connect(database) as slow, psycopg.connect(database, autocommit=True) as other:
        append(slow, [delivery()], compressor)
        thread = threading.Thread(target=append, args=[other, [delivery()], compressor])
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        assert rows(connection, "SELECT count(*) FROM webhooks") == [(0,)]
        slow.commit()
        thread.join()
    assert rows(connection, "SELECT count(*) FROM webhooks") == [(2,)]


def test_appended_at_never_goes_back_though_the_clock_did(connection: Connection) -> None:
    (first,) = appended(connection, delivery())
    ahead = "SET session_replication_role = replica; ALTER TABLE webhooks DISABLE TRIGGER append_only"
    connection.execute(ahead.encode())
    connection.execute("UPDATE webhooks SET appended_at = clock_timestamp() + interval '1 hour'")
    (second,) = appended(connection, delivery())
    times = dict(rows(connection, "SELECT position, appended_at FROM webhooks"))
    assert times[second.position] == times[first.position]


# ── Appending ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_batch_is_appended_in_its_order(connection: Connection) -> None:
    batch = [delivery(b'{"n":%d}' % n) for n in range(50)]
    positions = [place.position for place in appended(connection, *batch)]
    assert positions == sorted(set(positions))
    logged = [one for (one,) in rows(connection, "SELECT delivery_id FROM webhooks ORDER BY position")]
    assert logged == [one.delivery_id for one in batch]


def test_an_exact_duplicate_is_recorded_and_not_stored_again(connection: Connection) -> None:
    one = delivery()
    (first,) = appended(connection, one)
    (again,) = appended(connection, delivery(one.body, one.delivery_id, hook_id=2))
    assert again == Appended(first.position, duplicate=True)
    assert rows(connection, "SELECT count(*) FROM webhooks") == [(1,)]
    recorded = rows(connection, "SELECT position, delivery_id, hook_id FROM duplicate_deliveries")
    assert recorded == [(first.position, one.delivery_id, 2)]


def test_another_body_under_the_same_id_is_a_repeat(connection: Connection) -> None:
    one = delivery(b'{"a":1}')
    (first,) = appended(connection, one)
    (second,) = appended(connection, delivery(b'{"a":2}', one.delivery_id))
    assert not second.duplicate
    logged = rows(connection, "SELECT position, repeat FROM webhooks ORDER BY position")
    assert logged == [(first.position, False), (second.position, True)]
    assert rows(connection, "SELECT count(*) FROM duplicate_deliveries") == [(0,)]


def test_a_batch_may_hold_duplicates_and_repeats_of_itself(connection: Connection) -> None:
    one, other = delivery(b'{"a":1}'), delivery(b'{"b":1}')
    changed = delivery(b'{"a":2}', one.delivery_id)
    places = appended(connection, one, one, other, changed, one, changed)
    assert [place.duplicate for place in places] == [False, True, False, False, True, True]
    first, again, beside, second, third, fourth = [place.position for place in places]
    assert first == again == third
    assert second == fourth
    assert first < beside < second
    logged = rows(connection, "SELECT position, repeat FROM webhooks ORDER BY position")
    assert logged == [(first, False), (beside, False), (second, True)]
    recorded = rows(connection, "SELECT position FROM duplicate_deliveries ORDER BY duplicate_id")
    assert recorded == [(first,), (first,), (second,)]


def test_an_empty_batch_appends_nothing(connection: Connection) -> None:
    assert appended(connection) == []


def test_a_batch_that_cannot_be_appended_leaves_nothing(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.NumericValueOutOfRange):
        appended(connection, delivery(), delivery(hook_id=2**64))
    with pytest.raises(psycopg.DataError):
        appended(connection, delivery(), delivery(event_type="a\0b"))
    assert rows(connection, "SELECT count(*) FROM webhooks") == [(0,)]


def test_an_event_type_of_255_characters_is_kept_whole(connection: Connection) -> None:
    name = "é" * 255
    appended(connection, delivery(event_type=name))
    assert rows(connection, "SELECT event_type FROM webhooks") == [(name,)]


def test_waiting_readers_are_told_once_for_a_batch(database: str, connection: Connection) -> None:
    with psycopg.connect(database, autocommit=True) as listening:
        listening.execute("LISTEN webhooks")
        appended(connection, *(delivery() for _ in range(10)))
        assert [told.payload for told in listening.notifies(timeout=2, stop_after=1)] == [""]
        assert list(listening.notifies(timeout=0.2)) == []


def test_the_log_gives_back_what_was_appended_byte_for_byte(connection: Connection) -> None:
    bodies = [b"{}", b"\x00\xff", b'{"a":"\\u0000"}', os.urandom(100_000), b"a" * 1_000_000]
    appended(connection, *(delivery(body) for body in bodies))
    reader = LogReader(connection, decode)
    assert [event.body for event in reader.events(reader.records(0))] == bodies


def test_bodies_are_readable_from_a_copy_of_the_two_tables_alone(database: str, empty: str) -> None:
    """What a dump holds is enough: no dictionary is looked for in the package."""
    body = b'{"action":"created","repository":{"id":1,"full_name":"org/repo"}}'
    migrate(empty)
    with psycopg.connect(database, autocommit=True) as source, psycopg.connect(empty, autocommit=True) as target:
        appended(source, delivery(body))
        for table in ("body_dictionaries", "webhooks"):
            copy_table(source, target, table)
        ((frame,),) = rows(target, "SELECT body FROM webhooks")
        assert len(frame) < len(Compressor().compress(body))
        reader = LogReader(target, decode)
        assert [event.body for event in reader.events(reader.records(0))] == [body]


def copy_table(source: Connection, target: Connection, table: str) -> None:
    with (
        source.cursor().copy(f"COPY {table} TO STDOUT".encode()) as read,
        target.cursor().copy(f"COPY {table} FROM STDIN".encode()) as written,
    ):
        for part in read:
            written.write(bytes(part))


# ── Law 10 ────────────────────────────────────────────────────────────────────────────────────────────────────────

APPEND_ONLY = {"webhooks": "repeat = true", "duplicate_deliveries": "hook_id = 5", "body_dictionaries": "content = ''"}


@pytest.mark.parametrize("role", ["origin", "replica", "local"])
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_update_delete_and_truncate_are_refused(connection: Connection, table: str, role: str) -> None:
    one = delivery()
    appended(connection, one, one)
    before = rows(connection, f"SELECT * FROM {table}")
    assert before
    connection.execute(f"SET session_replication_role = {role}".encode())
    for statement in (
        f"UPDATE {table} SET {APPEND_ONLY[table]}",
        f"UPDATE {table} SET {APPEND_ONLY[table]} WHERE false",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only") as refused:
            connection.execute(statement.encode())
        assert refused.value.sqlstate == RESTRICTED
    assert rows(connection, f"SELECT * FROM {table}") == before


# ── Migrations ────────────────────────────────────────────────────────────────────────────────────────────────────


def differences(database: str) -> list[Any]:
    """What `alembic revision --autogenerate` would write."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(database), poolclass=NullPool)
    options = {
        "compare_server_default": True,
        "include_object": lambda _thing, name, kind, _reflected, _other: kind != "table" or name in metadata.tables,
    }
    with engine.connect() as opened:
        return list(compare_metadata(MigrationContext.configure(opened, opts=options), metadata))


def schema(database: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as opened:
        return rows(
            opened,
            "SELECT 'relation', relname::text, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT 'function', proname::text, prosrc FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2",
        )


def test_migrations_and_declared_tables_agree(empty: str) -> None:
    migrate(empty)
    assert differences(empty) == []


def test_upgrade_downgrade_upgrade_ends_where_it_began(empty: str) -> None:
    migrate(empty)
    made = schema(empty)
    command.downgrade(config(empty), "base")
    assert [name for _, name, _ in schema(empty)] == ["alembic_version", "alembic_version_pkc"]
    migrate(empty)
    assert schema(empty) == made
    assert differences(empty) == []


def test_a_downgrade_that_would_drop_a_log_that_is_not_empty_is_refused(empty: str) -> None:
    migrate(empty)
    with psycopg.connect(empty, autocommit=True) as opened:
        appended(opened, delivery())
    made = schema(empty)
    with pytest.raises(CommandError, match="not empty"):
        command.downgrade(config(empty), "base")
    assert schema(empty) == made
    with psycopg.connect(empty, autocommit=True) as opened:
        assert rows(opened, "SELECT count(*) FROM webhooks") == [(1,)]


def run_all(commands: Sequence[Sequence[str]]) -> list[int]:
    """Start them together; their exit codes."""
    processes = [subprocess.Popen(one, cwd=ROOT) for one in commands]
    return [process.wait(timeout=60) for process in processes]


def test_migrations_that_are_started_together_all_succeed(empty: str) -> None:
    program = f"from github_metrics.postgresql.database import migrate; migrate({empty!r})"
    assert run_all([[sys.executable, "-c", program]] * 2) == [0, 0]
    assert differences(empty) == []
