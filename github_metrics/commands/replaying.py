"""`replay` and `verify`: rebuilding projections from the log, as a person sees it."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import psycopg
import typer

from github_metrics.commands.progress import ReplayProgress
from github_metrics.commands.replay_report import Report
from github_metrics.postgresql.database import await_database, migrate
from github_metrics.postgresql.embedded import embedded_conninfo
from github_metrics.settings import Settings
from projections.catalog import active_projections
from projections.decode import decode
from projections.queries.headlines import headlines
from replay import replays
from replay.catch_up import Pair
from replay.endings import Interrupted, cancel
from replay.errors import DatabaseError
from replay.generations import Generation
from replay.headlines import change, moved
from replay.playback import Playback
from replay.projection import Projection
from replay.replays import Phase
from replay.verify import Verdict, compare, differences

__all__ = ["Interrupted", "database", "playback_of", "replay", "stopped_by_signals", "verify"]

FIRST = 20
"""How many differing rows of a projection are shown unless all are asked for."""
Both = tuple[Generation, Generation]
"""The live generation and the new one."""


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The configured database, or the embedded one, shared with a service that runs, migrated. What it refuses later is
    a DatabaseError, too.
    """
    with ExitStack() as stack:
        embedded = settings.embedded
        conninfo = stack.enter_context(embedded_conninfo(settings.data_dir)) if embedded else settings.conninfo()
        await_database(conninfo, tell=partial(typer.echo, err=True))
        logging.getLogger("alembic").setLevel(logging.WARNING)  # a person asked for something else
        migrate(conninfo)
        try:
            yield conninfo
        except psycopg.Error as error:
            raise DatabaseError(f"the database failed: {' '.join(str(error).split())}") from error


def playback_of(settings: Settings, conninfo: str) -> Playback:
    """What replays with the projections of these settings."""
    return Playback(conninfo, partial(active_projections, settings.extra_projections), decode)


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    """Set by Ctrl-C and SIGTERM, which end nothing by themselves meanwhile."""
    stop = threading.Event()
    before = [signal.signal(signum, lambda *_: stop.set()) for signum in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield stop
    finally:
        for signum, held in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(signum, held)


class _Rebuilding:
    """One replay that this command owns: its new generations are built, and not seen by readers yet."""

    def __init__(
        self,
        playback: Playback,
        projections: dict[str, Projection],
        connection: psycopg.Connection[Any],
        replay_id: int,
        progress: ReplayProgress,
    ) -> None:
        self.playback = playback
        self.projections = projections
        self.connection = connection
        self.replay_id = replay_id
        self.progress = progress
        self.stop = threading.Event()

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Ctrl-C ends the block with Interrupted, soon."""
        with stopped_by_signals() as self.stop:
            yield

    @contextmanager
    def compared(self) -> Iterator[tuple[psycopg.Connection[Any], Sequence[Pair]]]:
        """A snapshot in which each new generation stands where its live one stands, if that one can move."""
        with self.stoppable(), self.progress as progress:
            levelled = self.playback.levelled(self.connection, self.replay_id, self.stop, progress.show)
            with levelled as (connection, pairs):
                progress.pause()
                yield connection, pairs

    @contextmanager
    def comparing(self, done: int, total: int) -> Iterator[None]:
        """Shows that a table is compared, and nothing afterwards: the verdict is printed."""
        self.progress.show(replays.enter(self.connection, self.replay_id, Phase.COMPARING, done, total))
        yield
        self.progress.pause()

    def swap_in(self) -> None:
        with self.stoppable(), self.progress as progress:
            self.playback.swap_in(self.connection, self.replay_id, self.stop, progress.show)


@contextmanager
def _rebuilt(
    settings: Settings, names: Sequence[str], *, purpose: str, workers: int | None, json: bool
) -> Iterator[_Rebuilding]:
    workers = workers or len(os.sched_getaffinity(0))
    with database(settings) as conninfo:
        playback = playback_of(settings, conninfo)
        with playback.owning(names, purpose=purpose, workers=workers) as (connection, replay_id):
            projections = {projection.name: projection for projection in playback.chosen(names)}
            progress = ReplayProgress(connection, json=json)
            own = _Rebuilding(playback, projections, connection, replay_id, progress)
            with own.stoppable(), progress:
                playback.build(connection, replay_id, workers=workers, watch=progress.show, stop=own.stop)
            yield own


def replay(
    settings: Settings,
    names: Sequence[str],
    *,
    workers: int | None,
    diff: bool,
    yes: bool,
    json: bool,
) -> int:
    """Rebuild, verify, swap. Returns the exit code: 0 swapped, 1 not."""
    report = Report(json=json)
    with _rebuilt(settings, names, purpose="replay", workers=workers, json=json) as own:
        with own.compared() as (connection, pairs):
            unequal = _unequal_named(own, connection, pairs, report, FIRST)
            if diff:
                _changes(connection, own.projections, pairs, report)
        question = "Swap the new generations in?" if diff else f"{', '.join(unequal)} differ from the log. Swap in?"
        if (diff or unequal) and not yes and not _asked(question, own.replay_id):
            cancel(own.connection, own.replay_id, "not swapped in")
            typer.echo("Nothing was swapped in; what was built is dropped.", err=True)
            return 1
        own.swap_in()
        fields = {"replay_id": own.replay_id, "state": "finished"}
        report.say(f"Swapped in: {', '.join(own.projections)}", fields)
        return 0


def _asked(question: str, replay_id: int) -> bool:
    """Ctrl-C at the question leaves everything as it is, for the same command to ask again; so does nobody to ask."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise Interrupted(
            "nothing is swapped in: without a terminal nobody can be asked. What was built is kept:"
            f" the same command with --yes swaps it in, `replay cancel {replay_id}` drops it"
        )
    try:
        return typer.confirm(question, err=True)
    except (typer.Abort, KeyboardInterrupt):
        raise Interrupted("stopped at the question; the same command asks it again") from None


def _unequal(
    own: _Rebuilding, connection: psycopg.Connection[Any], pairs: Sequence[Pair], report: Report
) -> Iterator[tuple[Both, Verdict]]:
    """Compare what can be compared and report it. Gives those that differ."""
    for done, (new, live) in enumerate(pairs):
        projection = own.projections[new.projection]
        why = _incomparable(live, new)
        if live is None or why is not None:
            report.not_compared(projection.name, why or "it is new")
            continue
        with own.comparing(done, len(pairs)):
            verdict = compare(connection, projection, live, new)
        report.verdict(verdict)
        if not verdict.equal:
            yield (live, new), verdict


def _unequal_named(
    own: _Rebuilding, connection: psycopg.Connection[Any], pairs: Sequence[Pair], report: Report, first: int | None
) -> list[str]:
    """The projections that differ, whose rows that do are reported: the `first`, or all."""
    unequal = []
    for (live, new), verdict in _unequal(own, connection, pairs, report):
        projection = own.projections[new.projection]
        found = differences(connection, projection, live, new, verdict.differing_buckets)
        report.differences(projection.name, found, first)
        unequal.append(projection.name)
    return unequal


def _incomparable(live: Generation | None, new: Generation) -> str | None:
    """Why there is nothing to compare with."""
    if live is None:
        return "it is new"
    if live.definition_hash != new.definition_hash:
        return f"the live one, version {live.version}, is of another definition"
    if live.position != new.position:
        where = f"{live.halted_reason or live.state}, at position {live.position}"
        return f"the live one stands still: {where}; the new one is at {new.position}"
    return None


def _changes(
    connection: psycopg.Connection[Any], projections: dict[str, Projection], pairs: Sequence[Pair], report: Report
) -> None:
    both: list[Both] = [(live, new) for new, live in pairs if live is not None]
    for live, new in both:
        report.change(change(connection, projections[new.projection], live, new))
    report.numbers(moved(connection, headlines, both))


def verify(settings: Settings, names: Sequence[str], *, workers: int | None, every: bool, json: bool) -> int:
    """Rebuild beside the live ones and compare. Returns the exit code: 0 the same, 1 different."""
    report = Report(json=json)
    with _rebuilt(settings, names, purpose="verify", workers=workers, json=json) as own:
        with own.compared() as (connection, pairs):
            unequal = _unequal_named(own, connection, pairs, report, None if every else FIRST)
        cancel(own.connection, own.replay_id, "verified", state="finished")
    return 1 if unequal else 0
