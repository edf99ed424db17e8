"""The embedded PostgreSQL, on real servers: wherever its data lies, whoever runs it, whatever was killed."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from github_metrics.postgresql.embedded import embedded, embedded_conninfo, only_service
from github_metrics.postgresql.postgres import Postmaster
from replay.errors import AlreadyRunning, DatabaseError, DatabaseTooOld

ORDINARY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

USE = """
import sys, warnings
warnings.simplefilter("error")
from pathlib import Path
import psycopg
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.postgresql.postgres import Postmaster
with embedded_conninfo(Path(sys.argv[1])) as conninfo:
    psycopg.connect(conninfo).close()
    print(Postmaster.read(Path(sys.argv[1]) / "postgres").pid, flush=True)
    sys.stdin.read()
"""


class User:
    """Another process that uses the server until it is told to leave."""

    def __init__(self, data_dir: Path, *prefix: str) -> None:
        command = [*prefix, sys.executable, "-c", USE, str(data_dir)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def postmaster(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def leave(self) -> int:
        self.process.communicate(timeout=30)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


def running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def server_pid(data_dir: Path) -> int:
    postmaster = Postmaster.read(data_dir / "postgres")
    assert postmaster is not None
    return postmaster.pid


def value(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query).fetchone()
    return row and row[0]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "data"
    yield directory
    postmaster = Postmaster.read(directory / "postgres")
    if postmaster is not None and running(postmaster.pid):
        os.kill(postmaster.pid, signal.SIGQUIT)


@pytest.mark.parametrize("name", ["plain", "with 'spaces' and \"quotes\"", "comma,s", "l" * 120, "ünïcode"])
def test_any_path_will_do(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.chdir("/")
    with embedded_conninfo(tmp_path / name / "data") as conninfo:
        assert value(conninfo, "SELECT current_database()") == "github_metrics"
        directory = Path(str(value(conninfo, "SHOW unix_socket_directories")).strip('"'))
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    if not directory.is_relative_to(tmp_path):
        shutil.rmtree(directory)


def test_what_is_committed_is_on_disk_and_nobody_else_can_connect(data_dir: Path) -> None:
    with embedded_conninfo(data_dir) as conninfo:
        settings = ["fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "server_encoding"]
        assert [value(conninfo, f"SHOW {name}") for name in settings] == ["on", "on", "on", "", "UTF8"]
        assert str(value(conninfo, "SHOW server_version")).startswith("18")


def test_data_survives_a_restart_and_the_server_stops_with_its_last_user(data_dir: Path) -> None:
    with embedded_conninfo(data_dir) as conninfo:
        with psycopg.connect(conninfo) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = server_pid(data_dir)
    assert not running(pid)
    with embedded_conninfo(data_dir) as conninfo:
        assert value(conninfo, "SELECT answer FROM kept") == 42


def test_users_share_one_server_and_the_last_stops_it(data_dir: Path) -> None:
    first = User(data_dir)
    pid = first.postmaster()
    second = User(data_dir)
    assert second.postmaster() == pid
    assert first.leave() == 0
    assert running(pid)
    assert second.leave() == 0
    assert not running(pid)


def test_users_that_start_together_get_one_server(data_dir: Path) -> None:
    users = [User(data_dir) for _ in range(4)]
    pids = {user.postmaster() for user in users}
    assert [user.leave() for user in users] == [0] * 4
    assert len(pids) == 1
    assert not running(pids.pop())


def test_after_kill_9_of_its_user_the_server_is_used_again_and_stopped(data_dir: Path) -> None:
    user = User(data_dir)
    pid = user.postmaster()
    user.kill()
    assert running(pid)
    with embedded_conninfo(data_dir):
        assert server_pid(data_dir) == pid
    assert not running(pid)


def test_after_kill_9_of_the_server_it_starts_again_though_its_process_id_is_taken(data_dir: Path) -> None:
    user = User(data_dir)
    pid = user.postmaster()
    os.kill(pid, signal.SIGKILL)
    user.kill()
    file = data_dir / "postgres" / "postmaster.pid"
    with subprocess.Popen(["/bin/sleep", "60"], cwd="/") as other:
        file.write_text(file.read_text().replace(str(pid), str(other.pid), 1))
        with embedded_conninfo(data_dir):
            assert server_pid(data_dir) != pid
        assert other.poll() is None
        other.kill()


def test_a_server_killed_while_it_is_used_can_be_started_again(data_dir: Path) -> None:
    with embedded(data_dir) as server:
        before = server.conninfo
        pid = server_pid(data_dir)
        os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while server.runs() and time.monotonic() < deadline:
            time.sleep(0.01)
        server.start()
        assert server.conninfo == before
        assert value(before, "SELECT 1") == 1


@AS_ROOT
def test_root_leaves_closed_directories_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded_conninfo(closed / "data"):
        pid = server_pid(closed / "data")
        assert psutil.Process(pid).uids().effective != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@AS_ROOT
def test_an_ordinary_user_runs_it_as_itself(data_dir: Path) -> None:
    data_dir.mkdir()
    os.chown(data_dir, ORDINARY, ORDINARY)
    # The capability stands for an interpreter that the user can reach, which root's own may not be.
    keep = ["--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    user = User(data_dir, "setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", *keep)
    pid = user.postmaster()
    assert psutil.Process(pid).uids().effective == ORDINARY
    assert user.leave() == 0
    assert not running(pid)


def test_one_service_per_data_directory_and_the_second_is_told_where_the_first_is(tmp_path: Path) -> None:
    with only_service(tmp_path, "http://localhost:8080"):
        second = only_service(tmp_path, "http://localhost:9090")
        with pytest.raises(AlreadyRunning, match=rf"at http://localhost:8080 \(process {os.getpid()}\)"), second:
            pass
    with only_service(tmp_path, "http://localhost:9090"):
        pass


def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(DatabaseTooOld, match="made by PostgreSQL 15"), embedded_conninfo(tmp_path):
        pass


def test_a_data_directory_that_cannot_be_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="cannot be made"), embedded_conninfo(tmp_path / "file" / "data"):
        pass


def test_a_fault_that_stays_is_told_at_once(data_dir: Path) -> None:
    with embedded_conninfo(data_dir):
        pass
    (data_dir / "postgres").chmod(0o755)
    log = data_dir / "postgres.log"
    before = log.read_text()
    with pytest.raises(DatabaseError, match="invalid permissions"), embedded_conninfo(data_dir):
        pass
    assert log.read_text().removeprefix(before).count("invalid permissions") == 1, "it was tried again and again"
    (data_dir / "postgres").chmod(0o700)
    with embedded_conninfo(data_dir) as conninfo:
        assert value(conninfo, "SELECT 1") == 1


def test_a_half_made_server_is_made_anew(data_dir: Path) -> None:
    (data_dir / "postgres.unfinished" / "base").mkdir(parents=True)
    with embedded_conninfo(data_dir) as conninfo:
        assert value(conninfo, "SELECT 1") == 1


@pytest.mark.parametrize("socket", ["", "/run/here"])
def test_a_file_that_names_no_socket_yet_is_not_read(tmp_path: Path, socket: str) -> None:
    """PostgreSQL writes it line by line, and not in their order."""
    lines = ["42", str(tmp_path), "1700000000", "5432", socket, "", "12345 67", "starting"]
    (tmp_path / "postmaster.pid").write_text("".join(f"{line}\n" for line in lines))
    assert Postmaster.read(tmp_path) == (Postmaster(42, Path(socket)) if socket else None)
