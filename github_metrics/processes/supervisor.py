"""The processes of the service: started, started again when they die, and stopped together."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess
from typing import Any

import structlog

_SPAWN = multiprocessing.get_context("spawn")
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TICK_SECONDS = 0.5
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_STABLE_SECONDS = 60.0
STOP_SECONDS = 6.0
"""Whoever has not stopped by then is killed. On a machine that is busy, to finish the batch at hand takes seconds."""

_log = structlog.get_logger(__name__)


@dataclass
class Child:
    """One process: what it runs, and how it has fared."""

    name: str
    target: Callable[..., None]
    arguments: Sequence[Any]
    once: bool = False
    process: SpawnProcess | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    due: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)

    def start(self) -> None:
        """Spawn; until the child can take signals they wait, so that Ctrl-C shows no traceback of an import."""
        self.process = _SPAWN.Process(target=_run, args=(self.target, *self.arguments), name=self.name)
        resource_tracker.ensure_running()  # else the first spawn starts it, which unblocks the signals
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        self.started = time.monotonic()

    def bury(self) -> None:
        """Note the death, and when to start again: later each time, unless it had lived well."""
        assert self.process is not None
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        self.process = None
        if self.once:
            return
        self.deaths = 1 if time.monotonic() - self.started > _STABLE_SECONDS else self.deaths + 1
        delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (self.deaths - 1))
        self.due = time.monotonic() + delay
        _log.error("process died", process=self.name, exit_code=code, restart_in_seconds=delay)


def supervise(children: Sequence[Child], tick: Callable[[], None]) -> None:
    """Keep the children running, calling `tick` twice a second; stop them when an exception ends this."""
    try:
        for child in children:
            child.start()
        while True:
            tick()
            sentinels = [child.process.sentinel for child in children if child.process is not None]
            connection.wait(sentinels, timeout=_TICK_SECONDS)
            for child in children:
                _attend(child)
    finally:
        _stop(children)


def _attend(child: Child) -> None:
    if child.process is None:
        if not child.once and time.monotonic() >= child.due:
            child.start()
    elif child.process.exitcode is not None:
        child.bury()


def _stop(children: Sequence[Child]) -> None:
    processes = [child.process for child in children if child.process is not None and child.process.pid is not None]
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.exitcode is None:
            _log.warning("process killed", process=process.name)
            process.kill()
            process.join()


def _run(target: Callable[..., None], *arguments: Any) -> None:
    """A child's life. Ctrl-C reaches the whole terminal; children wait for their parent to stop them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, name="die with parent", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    target(*arguments)


def _die_with_parent() -> None:
    """A pipe whose other end the parent holds reads its end however the parent ends, kill -9 included."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def ignore_stop_signals() -> None:
    """Once stopping, be stopped by nothing else until what was opened is closed."""
    for signum in _STOP_SIGNALS:
        signal.signal(signum, signal.SIG_IGN)


@contextmanager
def stopping() -> Iterator[None]:
    """SIGTERM and Ctrl-C end the block with SystemExit(0), once; what it opened is closed in peace."""

    def stop(_signum: int, _frame: object) -> None:
        ignore_stop_signals()
        raise SystemExit(0)

    before = [signal.signal(signum, stop) for signum in _STOP_SIGNALS]
    try:
        yield
    finally:
        for signum, action in zip(_STOP_SIGNALS, before, strict=True):
            signal.signal(signum, action)
