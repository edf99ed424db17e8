"""A replay from beginning to end: lay out or resume, build in worker processes, bring the new generations to where
the live ones stand, compare, swap in.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
from psycopg import Connection

from replay import generations, parking, rebuild, replays
from replay.catch_up import NEAR, CatchUp, Check, Pair, beside, level, pairs
from replay.crew import Crew, Hopeless
from replay.endings import cancel, check_runs, clear, stoppable
from replay.errors import ReplayError
from replay.event import Decode
from replay.generations import Generation, State
from replay.names import check_names
from replay.projection import Projection
from replay.rebuild import LoadProjections
from replay.replays import Phase, Replay
from replay.views import publish_views

log = logging.getLogger(__name__)

WATCH_SECONDS = 0.25
BEGIN_LOCK = int.from_bytes(b"begining", "big") >> 1
Watch = Callable[[Replay], None]
"""Told a few times a second how far the replay has come."""


def _unwatched(_replay: Replay) -> None:
    """Nobody is told."""


def _unchecked(_position: int, _until: int) -> None:
    """Nothing stands in the way."""


class Busy(ReplayError):
    """Somebody else is replaying one of the projections."""


class Playback:
    """Builds projections from the log, beside the live ones."""

    def __init__(self, conninfo: str, load: LoadProjections, decode: Decode) -> None:
        self._conninfo = conninfo
        self._load = load
        self._decode = decode
        self._projections = {projection.name: projection for projection in load()}

    def chosen(self, names: Sequence[str]) -> list[Projection]:
        """The projections of these names, all if there are none. Raises UnknownProjection."""
        check_names(names, self._projections)
        return [projection for name, projection in sorted(self._projections.items()) if not names or name in names]

    def connect(self) -> Connection[Any]:
        """A session of a replay's own."""
        return psycopg.connect(self._conninfo, autocommit=True, options=rebuild.OPTIONS, application_name="replay")

    @contextmanager
    def owning(
        self, names: Sequence[str], *, purpose: str, workers: int, target: int | None = None
    ) -> Iterator[tuple[Connection[Any], int]]:
        """A replay of these projections that is this session's: an interrupted one of the same, or a new one.

        Raises Busy when one of them is being replayed by somebody else.
        """
        projections = self.chosen(names)
        with self.connect() as connection:
            # One at a time looks whether there is a replay already: two at once would both find none.
            connection.execute("SELECT pg_advisory_lock(%s)", (BEGIN_LOCK,))
            replay_id = self._resumed(connection, projections, purpose)
            if replay_id is None:
                replay_id = rebuild.lay_out(connection, projections, workers=workers, purpose=purpose, target=target)
            connection.execute("SELECT pg_advisory_unlock(%s)", (BEGIN_LOCK,))
            try:
                yield connection, replay_id
            finally:
                with suppress(psycopg.Error):
                    replays.disown(connection, replay_id)

    def _resumed(self, connection: Connection[Any], projections: Sequence[Projection], purpose: str) -> int | None:
        clear(connection)
        names = {projection.name for projection in projections}
        for replay in replays.replays(connection):
            if replay.state != "running" or not names & set(replay.names):
                continue
            if not replays.own(connection, replay.replay_id):
                shared = ", ".join(sorted(names & set(replay.names)))
                raise Busy(f"replay {replay.replay_id} of {shared} is running: wait for it, or cancel it")
            if set(replay.names) == names and replay.purpose == purpose and self._unchanged(connection, replay):
                log.info("replay %s goes on at %s of %s", replay.replay_id, replay.done, replay.target)
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
        self,
        connection: Connection[Any],
        replay_id: int,
        *,
        workers: int,
        stop: threading.Event,
        watch: Watch = _unwatched,
    ) -> None:
        """Apply all ranges in worker processes, and hold what they have built. Raises endings.Interrupted when `stop` is set,
        ReplayError if it cannot be finished.
        """
        try:
            members = min(workers, replays.unfinished(connection, replay_id))
            replays.enter(connection, replay_id, Phase.EVENTS)
            crew = Crew(self._conninfo, replay_id, self._load, self._decode, workers=workers, members=members)
            with crew:
                while crew.working() and not stop.wait(WATCH_SECONDS):
                    replay = replays.find(connection, replay_id)
                    watch(replay)
                    if replay.state == "running":
                        crew.attend(replay.done)
            check_runs(connection, replay_id, stop)
            left = replays.find(connection, replay_id)
            if left.done < left.target:
                raise ReplayError(f"replay {replay_id} came to an end at {left.done} of {left.target}: resume it")
            self._finish(connection, replay_id, workers, watch, stop)
        except (Hopeless, psycopg.Error) as error:
            if isinstance(error, psycopg.Error) and not parking.broken(error):
                raise
            check_runs(connection, replay_id, stop)
            cancel(connection, replay_id, " ".join(str(error).split()), state="failed")
            raise ReplayError(f"replay {replay_id} has failed, the live tables are untouched: {error}") from error
        watch(replays.find(connection, replay_id))

    def _finish(
        self, connection: Connection[Any], replay_id: int, workers: int, watch: Watch, stop: threading.Event
    ) -> None:
        """Several tables at a time, each by a session of its own; the largest first, so that they end together."""
        target = replays.find(connection, replay_id).target
        own = [g for g in generations.generations(connection) if g.replay_id == replay_id]
        sizes = generations.sizes(connection, own)
        left = sorted((g for g in own if g.state == State.REPLAYING), key=lambda g: -sizes.get(g.schema_name, 0))

        def finish(generation: Generation) -> None:
            with self.connect() as session, stoppable(session, stop):
                rebuild.finish(session, self._projections[generation.projection], generation, target)

        watch(replays.enter(connection, replay_id, Phase.INDEXES, len(own) - len(left), len(own)))
        with ThreadPoolExecutor(workers) as pool:
            finishing = [pool.submit(finish, generation) for generation in left]
            try:
                for done, finished in enumerate(as_completed(finishing), len(own) - len(left) + 1):
                    finished.result()
                    watch(replays.enter(connection, replay_id, Phase.INDEXES, done, len(own)))
            finally:
                pool.shutdown(cancel_futures=True)

    @contextmanager
    def levelled(
        self, connection: Connection[Any], replay_id: int, stop: threading.Event, watch: Watch = _unwatched
    ) -> Iterator[tuple[Connection[Any], Sequence[Pair]]]:
        """A connection in a snapshot in which no new generation stands behind its live one. The live ones stand still
        only until it is taken.
        """
        of_replay = partial(pairs, replay_id=replay_id)
        with ExitStack() as stack:
            reading = stack.enter_context(self.connect())
            catch_up = self._near(reading, of_replay, _checking(connection, replay_id, watch, stop))
            with level(connection, catch_up, of_replay):
                stack.enter_context(reading.transaction())
                reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                both = of_replay(reading)
            stack.enter_context(stoppable(reading, stop))
            yield reading, both

    def _near(
        self, connection: Connection[Any], of_replay: Callable[..., Sequence[Pair]], check: Check = _unchecked
    ) -> CatchUp:
        catch_up = CatchUp(connection, list(self._projections.values()), self._decode)
        catch_up.run(of_replay, NEAR, check)
        return catch_up

    def swap_in(
        self, connection: Connection[Any], replay_id: int, stop: threading.Event, watch: Watch = _unwatched
    ) -> None:
        """Let readers see all generations of a replay, at once, none of them behind what they saw before."""
        of_replay = partial(pairs, replay_id=replay_id)
        catch_up = self._near(connection, of_replay, _checking(connection, replay_id, watch, stop))
        watch(replays.enter(connection, replay_id, Phase.SWAPPING))
        with level(connection, catch_up, of_replay) as both:
            replays.end(connection, replay_id, "finished")
            _check_all_there(both, replays.find(connection, replay_id))
            for own, _live in both:
                generations.swap(connection, own)
        publish_views(connection)

    def roll_back(self, name: str) -> Generation:
        """Bring the newest retired generation up to the live one, and swap it in. Raises ReplayError if there is none
        of the present definition.
        """
        (projection,) = self.chosen([name])
        with self.connect() as connection:
            retired = [g for g in generations.generations(connection) if g.projection == name and g.state == "retired"]
            if not retired:
                raise ReplayError(f"{name} has no earlier generation to go back to")
            if retired[-1].definition_hash != projection.definition_hash:
                raise ReplayError(
                    f"the earlier generation of {name} is of another definition: run that release to go back"
                )
            of_it = partial(beside, name=name, number=retired[-1].generation)
            catch_up = self._near(connection, of_it)
            with level(connection, catch_up, of_it) as both:
                for own, _live in both:
                    generations.swap(connection, own)
            publish_views(connection)
        return retired[-1]


def _checking(connection: Connection[Any], replay_id: int, watch: Watch, stop: threading.Event) -> Check:
    """Before each batch of catching up: does the replay still run? And say how far it has come."""

    def check(position: int, until: int) -> None:
        check_runs(connection, replay_id, stop)
        watch(replays.enter(connection, replay_id, Phase.CATCHING_UP, position, until))

    return check


def _check_all_there(both: Sequence[Pair], replay: Replay) -> None:
    if not both or any(own.state != State.HELD for own, _live in both) or len(both) != len(replay.names):
        raise ReplayError(f"replay {replay.replay_id} has lost what it had built: begin anew")
