"""The worker processes of one replay. Each holds one end of a pipe, whose closing, be it by us or by our death, tells
it to stop after the batch at hand. (A multiprocessing.Event would hang on a waiter that was killed.) Through the same
pipe it says why it gives up; one that dies without a word was killed, and is replaced.
"""

import gc
import logging
import multiprocessing
import signal
import sys
import threading
from multiprocessing.connection import Connection as PipeConnection
from multiprocessing.process import BaseProcess
from typing import Self

import psycopg

from replay import parking, rebuild
from replay.errors import MetricsError, ReplayError
from replay.event import Decode
from replay.rebuild import LoadProjections

log = logging.getLogger(__name__)

LIVES = 3
"""How often workers that were killed are begun again, while the replay does not come on between their deaths."""


class Hopeless(ReplayError):
    """What has been built so far is of no use: the replay has failed."""


class Crew:
    """Worker processes, stopped on leaving the block."""

    def __init__(
        self, conninfo: str, replay_id: int, load: LoadProjections, decode: Decode, *, workers: int, members: int
    ) -> None:
        """`workers` is how many the ranges were laid out for, `members` how many are of use."""
        self._context = multiprocessing.get_context("spawn")
        self._arguments = conninfo, replay_id, load, decode
        self._workers = workers
        self._count = members
        self._lives = LIVES
        self._done = 0
        self._members: dict[int, tuple[BaseProcess, PipeConnection]] = {}

    def __enter__(self) -> Self:
        for number in range(self._count):
            self._begin(number)
        return self

    def __exit__(self, *_: object) -> None:
        """Let them finish the batch at hand."""
        for _process, pipe in self._members.values():
            pipe.close()
        for process, _pipe in self._members.values():
            process.join()

    def _begin(self, number: int) -> None:
        theirs, ours = self._context.Pipe()
        arguments = (*self._arguments, theirs, number, self._workers)
        process = self._context.Process(target=work, args=arguments, daemon=True)
        process.start()
        theirs.close()
        self._members[number] = process, ours

    def working(self) -> bool:
        """Whether any of them is at work, or was killed and has not been replaced."""
        return any(process.exitcode != 0 for process, _ in self._members.values())

    def attend(self, done: int) -> None:
        """Replace those that were killed. `done`: how far the replay has come. Raises ReplayError when one has given
        up, and when they are killed again and again; Hopeless.
        """
        dead = [(number, pipe) for number, (p, pipe) in self._members.items() if p.exitcode not in (None, 0)]
        for number, pipe in dead:
            _raise_last_words(pipe)
            self._lives = LIVES if done > self._done else self._lives - 1
            self._done = done
            if self._lives < 0:
                raise ReplayError("the workers of this replay are killed again and again; the same command resumes it")
            log.warning("worker %s was killed: another goes on", number)
            pipe.close()
            self._begin(number)


def _raise_last_words(pipe: PipeConnection) -> None:
    try:
        if not pipe.poll():
            return
        hopeless, text = pipe.recv()
    except (EOFError, OSError):
        return
    if hopeless:
        raise Hopeless(text)
    raise ReplayError(f"{text}; the same command resumes the replay")


def work(
    conninfo: str,
    replay_id: int,
    load: LoadProjections,
    decode: Decode,
    pipe: PipeConnection,
    number: int,
    workers: int,
) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which lets us finish the batch
    stop = threading.Event()
    threading.Thread(target=_follow, args=[pipe, stop], daemon=True).start()
    try:
        worker = rebuild.Worker(conninfo, replay_id, load(), decode)
        # A batch makes many objects and no cycles: looking for them again and again costs a sixth of the time.
        gc.freeze()
        gc.disable()
        worker.run(number, workers, stop)
    except (MetricsError, psycopg.Error) as error:
        hopeless = isinstance(error, ReplayError) or (isinstance(error, psycopg.Error) and parking.broken(error))
        log.warning("worker %s gives up: %s", number, error)
        pipe.send((hopeless, " ".join(str(error).split())))
        sys.exit(1)


def _follow(pipe: PipeConnection, stop: threading.Event) -> None:
    try:
        pipe.recv()
    except (EOFError, OSError):
        stop.set()
