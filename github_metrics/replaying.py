"""`replay` and `verify`: rebuilding projections from the log, as a person sees it."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import orjson
import psycopg
import typer

from github_metrics.database import await_database, migrate
from github_metrics.embedded import embedded_conninfo
from github_metrics.progress import ReplayProgress
from github_metrics.settings import Settings
from projections.catalog import active_projections
from projections.decode import decode
from projections.headlines import headlines
from replay import playback, replays
from replay.errors import ReplayError
from replay.generations import Generation
from replay.headlines import Change, Moved, change, moved
from replay.playback import Playback, pairs
from replay.projection import Projection
from replay.verify import Difference, Verdict, compare, differences

FIRST = 20
"""How many differing rows are shown unless all are asked for."""


class Interrupted(ReplayError):
    """Stopped by Ctrl-C or SIGTERM; the same command resumes."""

    reason = "interrupted"


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The configured database, or the embedded one, shared with a service that runs, migrated."""
    with ExitStack() as stack:
        embedded = settings.embedded
        conninfo = stack.enter_context(embedded_conninfo(settings.data_dir)) if embedded else settings.conninfo()
        await_database(conninfo, tell=partial(typer.echo, err=True))
        migrate(conninfo)
        yield conninfo


def playback_of(settings: Settings, conninfo: str) -> Playback:
    """What replays with the projections of these settings."""
    return Playback(conninfo, partial(active_projections, settings.extra_projections), decode)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    stop = threading.Event()
    before = [signal.signal(signum, lambda *_: stop.set()) for signum in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield stop
    finally:
        for signum, held in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(signum, held)


@contextmanager
def _built(
    settings: Settings, names: Sequence[str], *, purpose: str, workers: int | None, json: bool
) -> Iterator[tuple[psycopg.Connection[Any], int, Playback]]:
    """New generations of the named projections, caught up with the live ones, and not seen by readers yet."""
    workers = workers or len(os.sched_getaffinity(0))
    with ExitStack() as stack:
        conninfo = stack.enter_context(database(settings))
        stop = stack.enter_context(_stopped_by_signals())
        own = playback_of(settings, conninfo)
        stack.enter_context(own.projecting())
        connection, replay_id = stack.enter_context(own.owning(names, purpose=purpose, workers=workers))
        with ReplayProgress(connection, json=json) as progress:
            own.build(connection, replay_id, workers=workers, watch=progress.show, stop=stop)
        if stop.is_set():
            raise Interrupted(f"replay {replay_id} is stopped; the same command resumes it")
        own.caught_up(connection, replay_id)
        yield connection, replay_id, own


@contextmanager
def _one_position(connection: psycopg.Connection[Any], replay_id: int) -> Iterator[list[tuple[Generation, Generation]]]:
    """A snapshot in which each new generation stands exactly where its live one stands: (live, rebuilt)."""
    while True:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            both = [(live, own) for own, live in pairs(connection, replay_id) if live is not None]
            if all(live.position == own.position for live, own in both):
                yield both
                return


def replay(
    settings: Settings,
    names: Sequence[str],
    *,
    workers: int | None,
    diff: bool,
    yes: bool,
    json: bool,
    confirm: Callable[[str], bool],
) -> int:
    """Rebuild, verify, swap. Returns the exit code: 0 swapped, 1 not."""
    with _built(settings, names, purpose="replay", workers=workers, json=json) as (connection, replay_id, own):
        projections = {projection.name: projection for projection in own.chosen(names)}
        with _one_position(connection, replay_id) as both:
            same = [(live, new) for live, new in both if live.definition_hash == new.definition_hash]
            verdicts = [compare(connection, projections[live.projection], live, new) for live, new in same]
            changes = _changes(connection, projections, both) if diff else []
            numbers = moved(connection, headlines, both) if diff else []
        _report_verdicts(verdicts, json=json)
        if diff:
            _report_changes(changes, numbers, json=json)
        unequal = [verdict.projection for verdict in verdicts if not verdict.equal]
        question = "Swap the new generations in?" if diff else f"{', '.join(unequal)} differ from the log. Swap in?"
        if (diff or unequal) and not yes and not confirm(question):
            playback.cancel(connection, replay_id, "not swapped in")
            typer.echo("Nothing was swapped in; what was built is dropped.", err=True)
            return 1
        own.caught_up(connection, replay_id)
        playback.swap_in(connection, replay_id)
        _say(json, f"Swapped in: {', '.join(sorted(projections))}", {"replay_id": replay_id, "state": "finished"})
        return 0


def _changes(
    connection: psycopg.Connection[Any],
    projections: dict[str, Projection],
    both: Sequence[tuple[Generation, Generation]],
) -> list[Change]:
    return [change(connection, projections[live.projection], live, new) for live, new in both]


def verify(settings: Settings, names: Sequence[str], *, workers: int | None, every: bool, json: bool) -> int:
    """Rebuild beside the live ones and compare. Returns the exit code: 0 the same, 1 different."""
    with _built(settings, names, purpose="verify", workers=workers, json=json) as (connection, replay_id, own):
        projections = {projection.name: projection for projection in own.chosen(names)}
        verdicts: list[Verdict] = []
        found: list[Difference] = []
        with _one_position(connection, replay_id) as both:
            for live, new in both:
                verdict = compare(connection, projections[live.projection], live, new)
                verdicts.append(verdict)
                if not verdict.equal:
                    rows = differences(connection, projections[live.projection], live, new, verdict.differing_buckets)
                    found += [row for number, row in enumerate(rows) if every or number < FIRST]
        playback.cancel(connection, replay_id, "verified")
        replays.end(connection, replay_id, "finished")
    _report_verdicts(verdicts, json=json)
    for difference in found:
        _report_difference(difference, json=json)
    return 0 if all(verdict.equal for verdict in verdicts) else 1


def _say(json: bool, text: str, fields: dict[str, Any]) -> None:
    typer.echo(orjson.dumps(fields, default=str).decode() if json else text)


def _report_verdicts(verdicts: Sequence[Verdict], *, json: bool) -> None:
    for verdict in verdicts:
        text = "equals the log" if verdict.equal else f"DIFFERS in {len(verdict.differing_buckets)} of 256 buckets"
        parked = f", parked differently: {len(verdict.parked_differently)}" if verdict.parked_differently else ""
        line = f"{verdict.projection}: {verdict.rows} rows at position {verdict.position}, {text}{parked}"
        _say(json, line, {"verdict": {**asdict(verdict), "equal": verdict.equal}})


def _report_difference(difference: Difference, *, json: bool) -> None:
    key = ", ".join(f"{name} {value}" for name, value in difference.key.items())
    line = f"{difference.projection}: row {key} is {difference.kind}"
    if difference.kind == "changed":
        cells = (f"{name}: live {live!r}, from the log {own!r}" for name, (live, own) in difference.columns.items())
        line += "".join(f"\n    {cell}" for cell in cells)
    _say(json, line, {"difference": asdict(difference)})


def _report_changes(changes: Sequence[Change], numbers: Sequence[Moved], *, json: bool) -> None:
    for one in changes:
        columns = ", ".join(f"{name} ({count})" for name, count in one.columns.items())
        line = f"{one.projection}: {one.added} rows added, {one.missing} removed, {one.changed} changed"
        _say(json, f"{line}{': ' + columns if columns else ''}", {"change": asdict(one)})
    for number in numbers:
        by = None if number.old is None or number.new is None else number.new - number.old
        line = f"{number.repository} {number.metric}: {number.old} -> {number.new} ({by if by is None else f'{by:+g}'})"
        _say(json, line, {"number": {**asdict(number), "difference": by}})
    if not numbers:
        _say(json, "No headline number moves.", {"numbers": []})


def interactive() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()
