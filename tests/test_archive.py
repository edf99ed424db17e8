"""Archives: the log written to a file and read back, whole, in part, twice, damaged, and into a log that runs."""

import base64
import gzip
import json
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from projections.decode import decode
from replay import archive, archive_lines, archive_parquet, generations
from replay.errors import ArchiveError, DatabaseError
from replay.log import LogReader
from tests.command import invoke, settings_of
from tests.logged import deliveries, fill, project, table
from tests.processes import environment
from tests.service import running

Connection = psycopg.Connection[Any]
COLUMNS = "delivery_id, event_type, hook_id, repository_id, source, received_at, handed_over_at, repeat, headers"


@pytest.fixture
def other(server: str, template: str) -> Iterator[str]:
    """A second database, empty."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def log_of(connection: Connection) -> list[tuple[Any, ...]]:
    """All that an archive preserves, bodies inflated, in order of position."""
    reader = LogReader(connection, decode)
    query = f"SELECT {COLUMNS}, body_sha256, body FROM webhooks ORDER BY position"
    return [(*row[:-1], reader.body(row[-1])) for row in connection.execute(query.encode())]


def live_tables(connection: Connection) -> dict[str, list[str]]:
    """What projections hold, but for places in the log and the time of appending, which belong to one log."""
    found = {}
    for generation in generations.generations(connection):
        places = ("position", "first_position", "last_position", "processed_at")
        found[generation.projection] = table(connection, generation.schema_name, generation.projection, *places)
    return found


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.parametrize("name", ["log.ndjson", "log.ndjson.gz", "log.zst", "log.parquet"])
def test_a_log_that_is_moved_is_the_same(
    database: str, connection: Connection, other: str, tmp_path: Path, name: str
) -> None:
    fill(connection)
    file = tmp_path / name
    exported = invoke(database, "export", str(file))
    assert exported.exit_code == 0, exported.output
    assert f"{len(deliveries()):,} events" in exported.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]
    imported = invoke(other, "replay", "--from-archive", str(file))
    assert f"{len(deliveries()):,} events appended, 0 were in the log already" in imported.stderr
    with psycopg.connect(other, autocommit=True, options="-c timezone=UTC") as there:
        assert log_of(there) == log_of(connection)
        if file.suffix in {".zst", ".parquet"}:
            project(database, connection)
            project(other, there)
            tables = live_tables(there)
            assert tables == live_tables(connection)
            assert all(tables[name] for name in ("pull_requests", "webhook_events", "pr_reviews", "usage_reports"))
        again = invoke(other, "replay", "--from-archive", str(file))
        assert f"0 events appended, {len(deliveries()):,} were in the log already" in again.stderr
        assert log_of(there) == log_of(connection)
        assert there.execute("SELECT count(*) FROM duplicate_deliveries").fetchone() == (0,)


def test_a_line_has_every_column_and_the_exact_body(connection: Connection, database: str, tmp_path: Path) -> None:
    fill(connection, 3)
    invoke(database, "export", str(tmp_path / "log"))
    for line, told in zip(lines_of(tmp_path / "log"), deliveries()[:3], strict=True):
        columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'webhooks'"
        assert set(line) == {row[0] for row in connection.execute(columns)}
        assert base64.b64decode(line["body"]) == told.body
        assert line["headers"] == told.headers
        assert line["body_sha256"] == told.body_sha256.hex()
        assert line["repeat"] is False
        assert line["received_at"] == told.received_at.isoformat().replace("+00:00", "Z")


def test_a_pipe_moves_a_log(database: str, connection: Connection, other: str) -> None:
    fill(connection, 200)
    exported = invoke(database, "export", "-")
    assert "200 events of positions 0 to" in exported.stderr
    imported = invoke(other, "replay", "--from-archive", "-", given=exported.stdout_bytes)
    assert "200 events appended" in imported.stderr
    with psycopg.connect(other, autocommit=True, options="-c timezone=UTC") as there:
        assert log_of(there) == log_of(connection)


def test_a_reader_that_has_enough_is_no_error(database: str, connection: Connection) -> None:
    fill(connection)
    command = (
        f'"{sys.executable}" -c "from github_metrics.commands.cli import main; main()" export - | head -n 1 >/dev/null'
    )
    command += "; exit ${PIPESTATUS[0]}"
    ended = subprocess.run(
        ["bash", "-c", command], env=environment(**settings_of(database)), capture_output=True, check=False, timeout=60
    )
    assert ended.returncode == 0
    assert b"Traceback" not in ended.stderr
    assert b"Error" not in ended.stderr


def test_into_a_log_that_runs_twice(database: str, connection: Connection, other: str, tmp_path: Path) -> None:
    """Half of the archive is there already, and deliveries keep coming; what is imported reaches the tables."""
    fill(connection)
    file = str(tmp_path / "log.zst")
    invoke(database, "export", file)
    with psycopg.connect(other, autocommit=True, options="-c timezone=UTC") as there, running(other) as service:
        fill(there, 400, gap=False)
        service.post("ping", {"zen": "Keep it logically awesome."})
        for _ in range(2):
            invoke(other, "replay", "--from-archive", file)
            service.post("ping", {"zen": "Half measures are as bad as nothing at all."})
        head = generations.head(there)
        service.get("/api/metrics/webhooks", min_position=head, page_size=1)
        assert there.execute("SELECT count(*) FROM webhooks").fetchone() == (len(deliveries()) + 3,)
        assert there.execute("SELECT count(*) FROM duplicate_deliveries").fetchone() == (0,)
        ours = {delivery.delivery_id for delivery in deliveries()}
        assert sorted(row for row in log_of(there) if row[0] in ours) == sorted(log_of(connection))


def test_a_part_of_the_log(database: str, connection: Connection, tmp_path: Path) -> None:
    fill(connection)
    project(database, connection)
    told = connection.execute("SELECT position, repository_id, received_at FROM webhooks ORDER BY position").fetchall()
    (repository,) = connection.execute(
        "SELECT repository_id FROM repository_names GROUP BY 1 HAVING count(*) = 2"
    ).fetchone() or (None,)
    names = [
        row[0]
        for row in connection.execute("SELECT full_name FROM repository_names WHERE repository_id = %s", (repository,))
    ]
    start, end = told[100][2], told[300][2]

    def exported(*options: str) -> list[int]:
        invoke(database, "export", str(tmp_path / "part"), *options)
        return [line["position"] for line in lines_of(tmp_path / "part")]

    assert exported() == [row[0] for row in told]
    assert exported("--after", "50", "--until", "120") == [row[0] for row in told if 50 < row[0] <= 120]
    assert exported("--start", start.isoformat(), "--end", end.isoformat()) == [
        row[0] for row in told if start <= row[2] < end
    ]
    for name in names:
        assert exported("--repository", name) == [row[0] for row in told if row[1] == repository] != []
    with pytest.raises(ArchiveError, match="no repository was ever called octo/nobody"):
        exported("--repository", "octo/nobody")
    assert not (tmp_path / "part.partial").exists()


def broken(change: Callable[[dict[str, Any]], Any]) -> Callable[[list[bytes]], bytes]:
    def write(lines: list[bytes]) -> bytes:
        line = json.loads(lines[6])
        change(line)
        return b"\n".join([*lines[:6], json.dumps(line).encode(), *lines[7:], b""])

    return write


BAD = (
    (broken(lambda line: line.update(body=base64.b64encode(b"{}").decode())), "line 7: the body is not the one"),
    (broken(lambda line: line.pop("event_type")), "line 7 is no event of the log: .*event_type"),
    (broken(lambda line: line.update(received_at="yesterday")), "line 7 is no event of the log"),
    (broken(lambda line: line.update(received_at="2026-01-01T00:00:00")), "line 7 is no event of the log"),
    (broken(lambda line: line.update(source="nowhere")), "line 7 is no event of the log"),
    (broken(lambda line: line.update(hook_id=2**63)), "line 7 is no event of the log"),
    (broken(lambda line: line.update(body_sha256="zz")), "line 7: the body is not the one"),
    (lambda lines: b"\xff\n" + b"\n".join(lines), "line 1 is no event of the log"),
    (broken(lambda line: line.update(event_type="a\x00b")), "line 7: the log does not take it"),
    (lambda lines: b"\n".join(lines)[:-20], "line 10 is no event of the log: .*cut off"),
)


def test_a_bad_line_is_named_and_the_mended_archive_goes_in(
    database: str, connection: Connection, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batches before it stand, nothing of its own batch does but what was appended to find it."""
    monkeypatch.setattr(archive, "ROWS", 4)
    fill(connection, 10, gap=False)
    invoke(database, "export", str(tmp_path / "good"))
    lines = (tmp_path / "good").read_bytes().splitlines()
    standing = []
    with psycopg.connect(other, autocommit=True, options="-c timezone=UTC") as there:
        for write, message in BAD:
            (tmp_path / "bad").write_bytes(write(lines))
            with pytest.raises(ArchiveError, match=message):
                invoke(other, "replay", "--from-archive", str(tmp_path / "bad"))
            standing.append(len(log_of(there)))
            assert log_of(there) == log_of(connection)[: standing[-1]]
        assert standing == [4] * (len(BAD) - 2) + [6, 8]
        mended = invoke(other, "replay", "--from-archive", str(tmp_path / "good"))
        assert "2 events appended, 8 were" in mended.stderr
        assert log_of(there) == log_of(connection)


def test_a_damaged_file_is_a_clear_error(database: str, connection: Connection, tmp_path: Path) -> None:
    fill(connection, 50)
    for name in ("cut.gz", "cut.zst", "cut.parquet"):
        invoke(database, "export", str(tmp_path / name))
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ArchiveError, match=r"line \d+|cannot be read as Parquet"):
            invoke(database, "replay", "--from-archive", str(tmp_path / name))
    (tmp_path / "text.gz").write_bytes(b"no gzip")
    with pytest.raises(ArchiveError, match="line 1 cannot be read"):
        invoke(database, "replay", "--from-archive", str(tmp_path / "text.gz"))
    with pytest.raises(ArchiveError, match="absent cannot be read: No such file"):
        invoke(database, "replay", "--from-archive", str(tmp_path / "absent"))
    with pytest.raises(ArchiveError, match="cannot be written: No such file"):
        invoke(database, "export", str(tmp_path / "no directory" / "log"))


def test_a_line_longer_than_any_event_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_lines, "MAX_LINE", 1000)
    (tmp_path / "log").write_bytes(b"x" * 2000)
    with archive_lines.line_reader(tmp_path / "log") as (placed, _), pytest.raises(ArchiveError, match="is longer"):
        next(placed)


def test_parquet_without_pyarrow_says_what_to_install(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ArchiveError, match=r"install github-metrics\[parquet\]"):
        invoke(database, "export", str(tmp_path / "log.parquet"))


def test_parquet_of_another_kind_is_refused(database: str, tmp_path: Path) -> None:
    arrow, parquet = archive_parquet._module("pyarrow"), archive_parquet._module("pyarrow.parquet")
    parquet.write_table(arrow.table({"delivery_id": ["x"], "body": [b"{}"]}), tmp_path / "log.parquet")
    with pytest.raises(ArchiveError, match="has no column body_sha256, event_type"):
        invoke(database, "replay", "--from-archive", str(tmp_path / "log.parquet"))


def test_an_export_that_fails_leaves_what_was_there(
    database: str, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(connection, 20)
    file = tmp_path / "log.gz"
    invoke(database, "export", str(file))
    before = file.read_bytes()

    def failing(*_: Any) -> Any:
        yield from ()
        raise psycopg.OperationalError

    monkeypatch.setattr("github_metrics.commands.archiving.entries", failing)
    with pytest.raises(DatabaseError):
        invoke(database, "export", str(file))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["log.gz"]


def test_export_holds_no_more_than_a_bounded_part(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large bodies are: a part ends at so many bytes, and the next begins where it ended."""
    fill(connection)
    expected = [row[0] for row in connection.execute("SELECT position FROM webhooks ORDER BY position")]
    monkeypatch.setattr(archive, "BYTES", 3_000)
    selection = archive.Selection(generations.head(connection))
    found = archive.entries(connection, LogReader(connection, decode), selection)
    assert [entry.position for entry in found] == expected


def test_a_copy_within_an_archive_counts_as_a_duplicate(database: str, connection: Connection, tmp_path: Path) -> None:
    fill(connection, 10, gap=False)
    invoke(database, "export", str(tmp_path / "log.gz"))
    again = gzip.decompress((tmp_path / "log.gz").read_bytes())
    new = json.loads(again.splitlines()[0]) | {"delivery_id": str(uuid.uuid4())}
    twice = json.dumps(new).encode() + b"\n"
    (tmp_path / "more").write_bytes(twice + again + b"\n \n" + twice)
    imported = invoke(database, "replay", "--from-archive", str(tmp_path / "more"))
    assert "1 event appended, 11 were in the log already" in imported.stderr


def test_the_archive_stands_alone_on_the_command_line(database: str) -> None:
    assert invoke(database, "replay", "pull_requests", "--from-archive", "x").exit_code == 2
    assert invoke(database, "export", "x", "--start", "yesterday").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("x.csv",), ".ndjson, .jsonl or none"),
        (("x.csv.gz",), ".ndjson, .jsonl or none"),
        (("x.parquet.zst",), "or .parquet"),
        (("x", "--after", "200", "--until", "100"), "--until 100 is before --after 200"),
        (("x", "--start", "2026-02-01", "--end", "2026-01-01"), "is before --start"),
    ],
)
def test_an_export_that_cannot_be_meant_is_wrong_usage(database: str, arguments: tuple[str, ...], told: str) -> None:
    refused = invoke(database, "export", *arguments)
    assert refused.exit_code == 2
    assert told in refused.stderr
