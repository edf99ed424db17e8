"""The command line as a process: it starts, says where things are, and leaves nothing behind."""

import csv
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import psutil
import pytest

from github_metrics.demo.story import Story
from github_metrics.settings import setting_rows
from tests.processes import environment, keep_compiled

ENTRYPOINT = Path(__file__).parent.parent / "entrypoint.py"
START_SECONDS = 60
STOP_SECONDS = 5


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ENTRYPOINT), *arguments]
    return subprocess.run(
        command, env=environment(**environ), cwd="/", capture_output=True, text=True, timeout=START_SECONDS, check=False
    )


def test_processes_that_the_command_starts_do_not_load_the_command_line() -> None:
    """They import its main module again: that must not cost what a worker has no use for."""
    heavy = "{'typer', 'fastapi', 'rich', 'pydantic', 'psycopg'}"
    look = f"import runpy, sys; runpy.run_path(sys.argv[1], run_name='__mp_main__'); print({heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", look, str(ENTRYPOINT)], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


compiled = pytest.fixture(scope="module", autouse=True)(keep_compiled)


class Service:
    """A service of its own, started in a session of its own so that all its processes can be found."""

    def __init__(self, data_dir: Path, *arguments: str, port: int | None = None, **environ: str) -> None:
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{port or (port := free_port())}"
        self.output = data_dir.parent / f"output-{port}"
        given = {
            "METRICS_DATA_DIR": str(data_dir),
            "METRICS_SERVER_PORT": str(port),
            "METRICS_SERVER_HOST": "127.0.0.1",
            "METRICS_SERVER_WORKERS": "1",
        }
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(ENTRYPOINT), *arguments],
                env=environment(**{**given, **environ}),
                cwd="/",
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.seen: set[psutil.Process] = set()

    def said(self) -> str:
        return self.output.read_text()

    def wait_until(self, reached: Callable[[], object]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not reached():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            self.look()
            time.sleep(0.05)
        self.look()

    def look(self) -> None:
        """Remember every process below this one, so that it can be found when its parent is gone."""
        if self.process.poll() is None:
            self.seen.update(psutil.Process(self.process.pid).children(recursive=True))

    def answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health", timeout=30).status_code == 200
        except httpx2.TransportError:
            return False

    def stop(self, signum: int) -> float:
        """How long it took until the process had ended."""
        self.look()
        began = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(timeout=30)
        return time.monotonic() - began

    def left(self, *, seconds: float = 2, besides: str = "nothing") -> list[str]:
        """Command lines of its processes that are still there after a moment."""
        deadline = time.monotonic() + seconds
        while (lines := self._alive(besides)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return lines

    def _alive(self, besides: str) -> list[str]:
        lines = [cmdline(process) for process in self.seen if is_alive(process)]
        return [line for line in lines if line and besides not in line]


def cmdline(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    services: list[Service] = []

    def start_service(*arguments: str, **environ: str) -> Service:
        services.append(Service(tmp_path / "data", *arguments, **environ))
        return services[-1]

    yield start_service
    for service in services:
        if service.process.poll() is None:
            service.stop(signal.SIGKILL)
        for process in service.seen:
            if is_alive(process):
                process.send_signal(signal.SIGQUIT)


Start = Callable[..., Service]


def test_it_starts_with_nothing_configured_says_where_things_are_and_stops(start: Start) -> None:
    service = start()
    service.wait_until(service.answers)
    lines = service.said().splitlines()
    port = service.url.rpartition(":")[2]
    assert lines[0].startswith("GitHub Metrics ")
    assert [line.split(None, 1) for line in lines[1:7]] == [
        ["Dashboard", f"http://127.0.0.1:{port}/dashboard"],
        ["API", f"docs   http://127.0.0.1:{port}/docs"],
        ["Webhook", f"POST http://127.0.0.1:{port}/metrics"],
        ["Database", f"embedded PostgreSQL in {service.data_dir}"],
        ["Open", "no METRICS_WEBHOOK_SECRET: anyone who reaches the port can post deliveries"],
        ["Open", "no METRICS_API_KEYS: anyone who reaches the port can read"],
    ]
    second = Service(service.data_dir)
    assert second.process.wait(timeout=START_SECONDS) == 1
    assert f"already running at {service.url} (process {service.process.pid})" in second.said()
    assert service.stop(signal.SIGTERM) < STOP_SECONDS
    assert service.process.returncode == 0
    assert service.left() == []
    assert "Traceback" not in service.said()


def test_ctrl_c_stops_every_process_of_the_terminal(start: Start) -> None:
    service = start()
    service.wait_until(service.answers)
    began = time.monotonic()
    os.killpg(service.process.pid, signal.SIGINT)
    assert service.process.wait(timeout=30) == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert service.left() == []
    assert "Traceback" not in service.said()


@pytest.mark.parametrize("moment", ["first words", "database", "worker"])
def test_it_can_be_stopped_while_it_starts(start: Start, moment: str) -> None:
    service = start()
    reached: dict[str, Callable[[], object]] = {
        "first words": service.said,
        "database": (service.data_dir / "socket").exists,
        "worker": lambda: any("spawn_main" in cmdline(process) for process in service.seen),
    }
    service.wait_until(reached[moment])
    assert service.stop(signal.SIGTERM) < STOP_SECONDS
    assert service.process.returncode == 0
    assert service.left() == []


def test_kill_9_of_the_parent_leaves_no_worker_and_no_projector_and_the_next_start_works(start: Start) -> None:
    service = start(METRICS_SERVER_WORKERS="2")
    service.wait_until(service.answers)
    service.stop(signal.SIGKILL)
    # A worker that is still importing sees that its parent is gone as soon as it has finished.
    assert service.left(seconds=15, besides="postgres") == []
    again = start()
    again.seen |= service.seen
    again.wait_until(again.answers)
    assert again.stop(signal.SIGTERM) < STOP_SECONDS
    assert again.left() == []


def test_what_dies_is_started_again(start: Start) -> None:
    service = start()
    service.wait_until(service.answers)
    for process in psutil.Process(service.process.pid).children():
        if "resource_tracker" not in cmdline(process):
            process.kill()
    service.wait_until(lambda: "process died" in service.said() and "database died" in service.said())
    service.wait_until(service.answers)
    assert service.stop(signal.SIGTERM) < STOP_SECONDS
    assert service.left() == []


def test_a_port_in_use_is_told_before_a_database_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = {"METRICS_SERVER_HOST": "127.0.0.1", "METRICS_SERVER_PORT": port, "METRICS_DATA_DIR": str(tmp_path)}
        result = run(**environ)
    assert result.returncode == 1
    assert f"port {port} is in use" in result.stderr
    assert not (tmp_path / "postgres").exists()


def test_bad_settings_are_a_line_each_and_exit_2() -> None:
    result = run(METRICS_SERVER_PORT="http", METRICS_SERVER_WORKERS="0")
    assert result.returncode == 2
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == [
        "METRICS_SERVER_PORT",
        "METRICS_SERVER_WORKERS",
    ]


def test_help_lists_every_setting_with_its_default() -> None:
    text = run("--help").stdout
    for name, default, description in setting_rows():
        assert re.search(rf"^ *{name}{f'={re.escape(default)}' if default else ''}$", text, re.MULTILINE)
        assert description in text


def test_settings_shows_values_and_masks_secrets() -> None:
    result = run("settings", METRICS_SERVER_PORT="9000", METRICS_API_KEYS="hush", METRICS_SERVER_PROT="1")
    assert "METRICS_SERVER_PORT=9000" in result.stdout
    assert "hush" not in result.stdout
    assert "did you mean METRICS_SERVER_PORT?" in result.stderr


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", run("--version").stdout)


def events_of(service: Service) -> list[tuple[str, str]]:
    """(id, time of receipt) of every webhook event that the service shows."""
    found = httpx2.get(f"{service.url}/api/metrics/webhooks", params={"format": "csv"}, timeout=30).text
    return [(one["delivery_id"], one["created_at"]) for one in csv.DictReader(io.StringIO(found))]


def test_the_demo_loads_its_past_on_data_of_its_own_and_goes_on_where_it_was_stopped(start: Start) -> None:
    database = {"METRICS_DB_NAME": "real", "METRICS_DB_USER": "real", "METRICS_DB_PASSWORD": "real"}
    begun = datetime.now(UTC)
    service = start("demo", "--days", "30", "--pull-requests", "20", **database)
    service.wait_until(lambda: "Loading the history: " in service.said())
    assert f"embedded PostgreSQL in {service.data_dir / 'demo'}" in service.said()
    assert service.stop(signal.SIGTERM) < STOP_SECONDS
    assert service.left() == []
    assert "Traceback" not in service.said()
    again = start("demo", **database)
    again.wait_until(lambda: "history loaded, " in again.said())
    assert "going on with the history begun before" in again.said()
    story = Story.kept(again.data_dir / "demo")
    assert story is not None
    expected = [str(told.delivery_id) for told in story.deliveries() if told.occurred_at < begun]
    again.wait_until(lambda: len(events_of(again)) >= len(expected))
    held = events_of(again)
    assert {delivery_id for delivery_id, _ in held} >= set(expected)
    first, last = (at(moment for _, moment in held) for at in (min, max))
    assert (begun - datetime.fromisoformat(first)).days >= 25
    assert (begun - datetime.fromisoformat(last)).days < 5
    assert again.stop(signal.SIGTERM) < STOP_SECONDS
    assert again.left() == []
    assert "Traceback" not in again.said()
    done = start("demo", **database)
    done.wait_until(lambda: "history loaded, " in done.said())
    assert [one for one in events_of(done) if one not in held] == []
    done.stop(signal.SIGTERM)
    assert done.left() == []
