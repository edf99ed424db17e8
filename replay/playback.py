"""A replay from beginning to end: lay out or resume, build in worker processes, hand over, wait until the new
generations stand where the live ones stand.
"""

import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection as PipeConnection
from multiprocessing.process import BaseProcess
from typing import Any

import psycopg
from psycopg import Connection

from replay import generations, rebuild, replays
from replay.errors import MetricsError, ReplayError
from replay.event import Decode
from replay.generations import Generation, State
from replay.projection import Projection
from replay.projector import Projector
from replay.rebuild import LoadProjections
from replay.replays import Replay

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.25
WORKER_LIVES = 3
"""How often a worker that was killed is begun again before the replay is left to be resumed by a person."""
Watch = Callable[[Replay], None]
"""Told a few times a second how far the replay has come."""


class Playback:
    """Builds projections from the log, beside the live ones."""

    def __init__(self, conninfo: str, load: LoadProjections, decode: Decode) -> None:
        self._conninfo = conninfo
        self._load = load
        self._decode = decode
        self._projections = {projection.name: projection for projection in load()}

    def chosen(self, names: Sequence[str]) -> list[Projection]:
        """The projections of these names, all if there are none. Raises ReplayError for a name that there is not."""
        unknown = sorted(set(names) - self._projections.keys())
        if unknown:
            known = ", ".join(sorted(self._projections))
            raise ReplayError(f"no projection {', '.join(unknown)}; there are {known}")
        return [projection for name, projection in sorted(self._projections.items()) if not names or name in names]

    @contextmanager
    def owning(self, names: Sequence[str], *, purpose: str, workers: int) -> Iterator[tuple[Connection[Any], int]]:
        """A replay of these projections that is this session's: an interrupted one of the same, or a new one.

        Raises ReplayError when one of them is being replayed by somebody else.
        """
        projections = self.chosen(names)
        with psycopg.connect(
            self._conninfo, autocommit=True, options=rebuild.OPTIONS, application_name="replay"
        ) as connection:
            replay_id = self._resumed(connection, projections, purpose)
            if replay_id is None:
                replay_id = rebuild.lay_out(connection, projections, workers=workers, purpose=purpose)
                replays.own(connection, replay_id)
            try:
                yield connection, replay_id
            finally:
                replays.disown(connection, replay_id)

    def _resumed(self, connection: Connection[Any], projections: Sequence[Projection], purpose: str) -> int | None:
        names = {projection.name for projection in projections}
        for replay in replays.replays(connection):
            if replay.state != "running" or not names & set(replay.names):
                continue
            if not replays.own(connection, replay.replay_id):
                shared = ", ".join(sorted(names & set(replay.names)))
                raise ReplayError(f"replay {replay.replay_id} of {shared} is running: wait for it, or cancel it")
            if set(replay.names) == names and replay.purpose == purpose and self._unchanged(connection, replay):
                replays.release_all(connection, replay.replay_id)
                return replay.replay_id
            log.warning("replay %s cannot be resumed: it was of other projections or definitions", replay.replay_id)
            cancel(connection, replay.replay_id, "superseded")
        return None

    def _unchanged(self, connection: Connection[Any], replay: Replay) -> bool:
        own = [g for g in generations.generations(connection) if g.replay_id == replay.replay_id]
        current = {name: projection.definition_hash for name, projection in self._projections.items()}
        return all(current.get(g.projection) == g.definition_hash for g in own)

    def build(
        self, connection: Connection[Any], replay_id: int, *, workers: int, watch: Watch, stop: threading.Event
    ) -> None:
        """Apply all ranges in worker processes, then hand the generations over, held. Raises ReplayError if it cannot
        be finished; returns early when `stop` is set, to be resumed later.
        """
        crew = _Crew((self._conninfo, replay_id, self._load, self._decode), workers)
        try:
            while crew.working() and not stop.is_set():
                watch(_replay(connection, replay_id))
                time.sleep(WATCH_SECONDS)
                for number in crew.killed():
                    if replays.running(connection, replay_id):
                        log.warning("a worker of replay %s was killed: another goes on", replay_id)
                        replays.release(connection, replay_id, number)
                        crew.begin(number)
        finally:
            crew.end()
        self._built(connection, replay_id, stop)
        watch(_replay(connection, replay_id))

    def _built(self, connection: Connection[Any], replay_id: int, stop: threading.Event) -> None:
        replay = _replay(connection, replay_id)
        if replay.state != "running":
            raise ReplayError(f"replay {replay_id} was {replay.state}: {replay.message or 'by somebody else'}")
        if replay.done < replay.target:
            if stop.is_set():
                return
            raise ReplayError(f"replay {replay_id} came to an end at {replay.done} of {replay.target}: resume it")
        rebuild.hand_over(connection, replay_id, list(self._projections.values()), State.HELD)

    def rebuild(self, names: Sequence[str], stop: threading.Event) -> None:
        """In the background of a running service: build, and let the projector swap in. Faults are logged: the
        generation that serves goes on serving, frozen.
        """
        try:
            with self.owning(names, purpose="replay", workers=1) as (connection, replay_id):
                self.build(connection, replay_id, workers=1, watch=lambda _replay: None, stop=stop)
                if stop.is_set():
                    return
                for own, _live in pairs(connection, replay_id):
                    generations.set_state(connection, own, State.BUILDING)
                replays.end(connection, replay_id, "finished")
        except (MetricsError, psycopg.Error):
            log.exception("%s cannot be rebuilt in the background", ", ".join(names))

    @contextmanager
    def projecting(self) -> Iterator[None]:
        """A projector that leads while no other does, so that a replay ends without a running service, too."""
        stop = threading.Event()
        projector = Projector(self._conninfo, list(self._projections.values()), self._decode, prepares=False)
        thread = threading.Thread(target=projector.run, args=[stop], daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def caught_up(self, connection: Connection[Any], replay_id: int, *, seconds: float = 600.0) -> None:
        """Wait until each generation stands where its live one stands. Raises ReplayError if one cannot."""
        deadline = time.monotonic() + seconds
        while behind := [
            (own, live)
            for own, live in pairs(connection, replay_id)
            if live is not None and own.position < live.position
        ]:
            halted = [own for own, _ in behind if own.state == State.HALTED]
            if halted:
                raise ReplayError(f"{halted[0].projection} was halted: {halted[0].halted_reason}")
            if time.monotonic() > deadline:
                names = ", ".join(own.projection for own, _ in behind)
                raise ReplayError(f"{names}: nobody brings the new generation up; does an older release project?")
            time.sleep(WATCH_SECONDS / 5)

    def swapped(self, connection: Connection[Any], built: Generation, *, seconds: float = 600.0) -> None:
        """Wait until readers see a generation that the projector is to swap in. Raises ReplayError if they do not."""
        deadline = time.monotonic() + seconds
        while not any(
            g.live and (g.projection, g.generation) == (built.projection, built.generation)
            for g in generations.generations(connection)
        ):
            if time.monotonic() > deadline:
                raise ReplayError(f"{built.projection}: nobody brings generation {built.generation} up to date")
            time.sleep(WATCH_SECONDS / 5)


def pairs(connection: Connection[Any], replay_id: int) -> list[tuple[Generation, Generation | None]]:
    """Each generation of a replay beside the live one of its projection."""
    held = generations.generations(connection)
    live = {generation.projection: generation for generation in held if generation.live}
    return [(own, live.get(own.projection)) for own in held if own.replay_id == replay_id and not own.live]


def swap_in(connection: Connection[Any], replay_id: int) -> None:
    """Let readers see all generations of a replay, at once."""
    with connection.transaction():
        for own, _live in pairs(connection, replay_id):
            generations.swap(connection, own)
        replays.end(connection, replay_id, "finished")


def cancel(connection: Connection[Any], replay_id: int, message: str = "cancelled") -> None:
    """End a replay and drop what it has built; its workers stop at their next batch. The live tables are untouched."""
    replays.end(connection, replay_id, "cancelled", message)
    for own, _live in pairs(connection, replay_id):
        generations.drop(connection, own)


def _replay(connection: Connection[Any], replay_id: int) -> Replay:
    return next(replay for replay in replays.replays(connection) if replay.replay_id == replay_id)


class _Crew:
    """The worker processes of one replay. Each holds one end of a pipe, whose closing, be it by us or by our death,
    tells it to stop after the batch at hand. (A multiprocessing.Event would hang on a waiter that was killed.)
    """

    def __init__(self, arguments: tuple[str, int, LoadProjections, Decode], workers: int) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._arguments = arguments
        self._workers = workers
        self._lives = WORKER_LIVES
        self._members: dict[int, tuple[BaseProcess, PipeConnection]] = {}
        for number in range(workers):
            self.begin(number)

    def begin(self, number: int) -> None:
        """Start a worker, or another in the place of one that was killed."""
        theirs, ours = self._context.Pipe(duplex=False)
        arguments = (*self._arguments, theirs, number, self._workers)
        process = self._context.Process(target=_work, args=arguments, daemon=True)
        process.start()
        theirs.close()
        self._members[number] = process, ours

    def working(self) -> bool:
        """Whether any of them is at work, or was killed and has not been replaced."""
        return any(process.exitcode != 0 for process, _ in self._members.values())

    def killed(self) -> list[int]:
        """Those that died at their work. Raises ReplayError when it happens again and again."""
        dead = [number for number, (process, _) in self._members.items() if process.exitcode not in (None, 0)]
        self._lives -= len(dead)
        if self._lives < 0:
            raise ReplayError("the workers of this replay are killed again and again; the same command resumes it")
        for number in dead:
            self._members.pop(number)[1].close()
        return dead

    def end(self) -> None:
        """Let them finish the batch at hand."""
        for process, pipe in self._members.values():
            pipe.close()
            process.join()


def _work(
    conninfo: str,
    replay_id: int,
    load: LoadProjections,
    decode: Decode,
    pipe: PipeConnection,
    number: int,
    workers: int,
) -> None:
    """A worker process. What is wrong with the replay itself ends the replay; a worker that is killed is replaced."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which lets us finish the batch
    stop = threading.Event()
    threading.Thread(target=_follow, args=[pipe, stop], daemon=True).start()
    try:
        rebuild.Worker(conninfo, replay_id, load(), decode).run(number, workers, stop)
    except (MetricsError, psycopg.Error) as error:
        log.exception("replay %s: a worker gives up", replay_id)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            if replays.running(connection, replay_id):
                replays.end(connection, replay_id, "failed", " ".join(str(error).split()))


def _follow(pipe: PipeConnection, stop: threading.Event) -> None:
    try:
        pipe.recv()
    except (EOFError, OSError):
        stop.set()
