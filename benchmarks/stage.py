"""What a measurement runs on: data directories that go when it ends, and processes stopped by their own id."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.bare import SECRET
from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import migrate
from github_metrics.postgresql.embedded import embedded_conninfo
from replay.compression import register_dictionary

ENTRYPOINT = Path(__file__).parent.parent / "entrypoint.py"
START_SECONDS = 60.0
STOP_SECONDS = 8.0


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def data_directory() -> Iterator[Path]:
    """A directory for one measurement, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="github-metrics-benchmark-", ignore_cleanup_errors=True) as name:
        yield Path(name) / "data"


@contextmanager
def database(data_dir: Path) -> Iterator[str]:
    """The embedded PostgreSQL of a data directory, migrated, with the dictionary that the service ships."""
    with embedded_conninfo(data_dir) as conninfo:
        migrate(conninfo)
        with connected(conninfo) as connection:
            register_dictionary(connection, current_dictionary())
        yield conninfo


def connected(conninfo: str) -> psycopg.Connection[Any]:
    """A connection as the receiver's: in autocommit, its one statement prepared at once."""
    return psycopg.connect(conninfo, autocommit=True, prepare_threshold=1, options="-c timezone=UTC")


@contextmanager
def process(*arguments: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process, told to stop at the end, and killed if it does not."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("METRICS_")}
    with tempfile.TemporaryFile() as said:
        started = subprocess.Popen(
            [sys.executable, *arguments], env={**inherited, **settings}, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            yield started
            if started.poll() is not None:
                said.seek(0)
                raise RuntimeError(f"{arguments} has ended:\n{said.read()[-2000:].decode(errors='replace')}")
        finally:
            _stop(started)


def _stop(started: subprocess.Popen[bytes]) -> None:
    if started.poll() is not None:
        return
    started.send_signal(signal.SIGCONT)
    started.terminate()
    try:
        started.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        started.kill()
        started.wait()


@contextmanager
def serving(data_dir: Path, **more: str) -> Iterator[str]:
    """`entrypoint.py serve --no-projector` with one worker and these settings besides; gives its base URL."""
    port = free_port()
    settings = {
        "METRICS_DATA_DIR": str(data_dir),
        "METRICS_SERVER_HOST": "127.0.0.1",
        "METRICS_SERVER_PORT": str(port),
        "METRICS_SERVER_WORKERS": "1",
        "METRICS_WEBHOOK_SECRET": SECRET.decode(),
        **more,
    }
    with process(str(ENTRYPOINT), "serve", "--no-projector", **settings):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def projecting(data_dir: Path, conninfo: str) -> Iterator[subprocess.Popen[bytes]]:
    """`entrypoint.py project`, once it leads."""
    with process(str(ENTRYPOINT), "project", METRICS_DATA_DIR=str(data_dir)) as projector:
        with connected(conninfo) as connection:
            wait_until(lambda: connection.execute("SELECT FROM projections LIMIT 1").rowcount)
        yield projector


def wait_until(reached: Callable[[], object], seconds: float = START_SECONDS) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not reached within {seconds:.0f} s")
        time.sleep(0.02)
