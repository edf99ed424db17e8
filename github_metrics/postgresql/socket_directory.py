"""Where the embedded server's socket lies: a private directory whose path the kernel and libpq can take."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from github_metrics.postgresql.account import Account
from replay.errors import DatabaseError

_SOCKET_NAME = ".s.PGSQL.5432"
_PATH_BYTES = 103
"""The shortest limit among platforms (macOS); Linux allows 107."""


def socket_directory(data: Path, account: Account) -> Path:
    """Beside the data where that path is short enough, else a private directory among the temporary files.

    To be called while no server runs: the sockets of a killed one are removed, with the process id in
    their lock file, which may be another program's by now.
    """
    directory = _place(data)
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in {os.geteuid(), account.uid}:
        raise DatabaseError(
            f"{directory} belongs to another user: remove it, or set METRICS_DATA_DIR to a shorter path"
        )
    directory.chmod(0o700)
    account.own(directory)
    for leftover in directory.glob(".s.PGSQL.*"):
        leftover.unlink()
    return directory


def _place(data: Path) -> Path:
    beside = data.with_name("socket")
    if _fits(beside):
        return beside
    # The same each time, so that clients find a server that was started again.
    name = f"github-metrics-{os.geteuid()}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"
    return next(parent / name for parent in _temporary_directories() if _fits(parent / name))


def _fits(directory: Path) -> bool:
    """Whether a socket in it can be named to the kernel and to libpq, which splits hosts at commas."""
    path = str(directory / _SOCKET_NAME)
    return len(os.fsencode(path)) <= _PATH_BYTES and not set(path) & set(',"')


def _temporary_directories() -> tuple[Path, Path]:
    return Path(tempfile.gettempdir()), Path("/tmp")  # noqa: S108 - the directory made there is private
