"""The embedded PostgreSQL of a data directory, shared by the processes that use it.

METRICS_DATA_DIR holds `postgres` (the server's own directory), `postgres.log`, `service.lock` (held by the
service that runs; says where) and two locks of the server: whoever starts or stops it holds
`postgres.change`; whoever uses it holds `postgres.use`, shared. The last to leave stops it, and since the
kernel drops the locks of a killed process, nobody has to clean up after one.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from github_metrics.postgresql.postgres import Postgres
from replay.errors import AlreadyRunning, DatabaseError

DATABASE = "github_metrics"


class Embedded:
    """The embedded server while it is used."""

    def __init__(self, postgres: Postgres, change: BinaryIO) -> None:
        """`change` is the open lock file to hold while the server starts or stops."""
        self._postgres = postgres
        self._change = change
        self.conninfo = ""

    def start(self) -> None:
        """Start the server if it does not run, as at first, or after somebody has killed it."""
        with _held(self._change):
            self._postgres.start()
            self._postgres.create_database(DATABASE)
            self.conninfo = self._postgres.conninfo(DATABASE) or ""

    def runs(self) -> bool:
        """Whether the server process is there; cheap."""
        return self._postgres.runs()


@contextmanager
def embedded(data_dir: Path) -> Iterator[Embedded]:
    """Use the embedded server, starting it if it does not run; the last user stops it on leaving."""
    _make_directory(data_dir)
    postgres = Postgres(data_dir.resolve() / "postgres")
    with _lock_file(data_dir, "postgres.change") as change, _lock_file(data_dir, "postgres.use") as use:
        server = Embedded(postgres, change)
        with _held(change):
            fcntl.flock(use, fcntl.LOCK_SH)
        try:
            server.start()
            yield server
        finally:
            with _held(change):
                if _is_last(use):
                    postgres.stop()
                else:
                    postgres.leave()


@contextmanager
def embedded_conninfo(data_dir: Path) -> Iterator[str]:
    """As `embedded`, for those who need only connect."""
    with embedded(data_dir) as server:
        yield server.conninfo


@contextmanager
def only_service(data_dir: Path, url: str) -> Iterator[None]:
    """Be the one service of the data directory, or raise AlreadyRunning."""
    _make_directory(data_dir)
    with _lock_file(data_dir, "service.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            running = json.loads(lock.read() or b"{}")
            where, pid = running.get("url", "an unknown address"), running.get("pid", "unknown")
            raise AlreadyRunning(f"already running at {where} (process {pid}) on {data_dir}") from None
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "url": url}).encode())
        lock.flush()
        yield
        lock.truncate(0)


def _make_directory(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"the data directory {data_dir} cannot be made: {error.strerror}") from None


def _lock_file(data_dir: Path, name: str) -> BinaryIO:
    try:
        return open(os.open(data_dir / name, os.O_RDWR | os.O_CREAT, 0o600), "r+b")  # noqa: PTH123 - of a descriptor
    except OSError as error:
        raise DatabaseError(f"{data_dir / name} cannot be opened: {error.strerror}") from None


@contextmanager
def _held(lock: BinaryIO) -> Iterator[None]:
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)


def _is_last(use: BinaryIO) -> bool:
    try:
        fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
