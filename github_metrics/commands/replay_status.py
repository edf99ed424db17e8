"""Looking after generations: status, rollback, drop, cancel."""

from collections.abc import Sequence
from typing import Any

import orjson
import psycopg
import typer

from github_metrics.commands.replaying import database, playback_of
from github_metrics.settings import Settings
from projections.catalog import active_projections, all_projections
from replay import generations, replays
from replay.endings import cancel, clear
from replay.errors import ReplayError
from replay.generations import Generation, State
from replay.names import check_names
from replay.rebuild import OPTIONS
from replay.replays import Phase, Replay


def _connect(conninfo: str) -> psycopg.Connection[Any]:
    return psycopg.connect(conninfo, autocommit=True, options=OPTIONS, application_name="replay")


def replay_state(replay: Replay) -> str:
    """running: somebody is at work on it; resumable: nobody is, but it is not ended; or how it ended."""
    return replay.state if replay.state != "running" else "running" if replay.owned else "resumable"


def show_status(settings: Settings, *, json: bool) -> None:
    """Print every replay and every generation."""
    with database(settings) as conninfo, _connect(conninfo) as connection:
        end = generations.head(connection)
        for replay in reversed(replays.replays(connection, limit=20)):
            _print_replay(replay, json=json)
        for generation in generations.generations(connection):
            _print_generation(generation, end, json=json)


def _print_replay(replay: Replay, *, json: bool) -> None:
    if json:
        typer.echo(_json({"replay": {n: getattr(replay, n) for n in replay.__struct_fields__}}))
        return
    share = f"{100 * replay.done / replay.target:.0f} %" if replay.target else "100 %"
    if replay.state == "running" and replay.phase != Phase.EVENTS:
        share = f"{replay.phase}, {share}"
    names = ", ".join(replay.names) or "(dropped)"
    line = f"replay {replay.replay_id} ({replay.purpose}) {replay_state(replay)}: {share} of {replay.target:,}, {names}"
    typer.echo(f"{line}{', ' + replay.message if replay.message else ''}")


def _print_generation(generation: Generation, end: int, *, json: bool) -> None:
    if json:
        typer.echo(_json({"generation": {n: getattr(generation, n) for n in generation.__struct_fields__}}))
        return
    seen = " (readers see it)" if generation.live else ""
    reason = f": {generation.halted_reason}" if generation.halted_reason else ""
    typer.echo(
        f"{generation.projection} generation {generation.generation}, version {generation.version},"
        f" {generation.state}{seen} at {generation.position:,} of {end:,}{reason}"
    )


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value, default=str).decode()


def roll_back(settings: Settings, name: str) -> None:
    """Bring the newest retired generation up to the live one, and swap it in."""
    with database(settings) as conninfo:
        previous = playback_of(settings, conninfo).roll_back(name)
    typer.echo(f"{name}: generation {previous.generation} is live again")


def drop_unused(settings: Settings, names: Sequence[str]) -> None:
    """Drop retired generations, what ended replays have left, and what is left of projections that are not active.

    Raises UnknownProjection for a name that is of none, now or before.
    """
    definitions = {p.name: p.definition_hash for p in active_projections(settings.extra_projections)}
    with database(settings) as conninfo, _connect(conninfo) as connection:
        there = generations.generations(connection)
        check_names(names, {p.name for p in all_projections()} | {generation.projection for generation in there})
        clear(connection)
        dropped = 0
        for generation in generations.generations(connection):
            if _unused(generation, definitions) and (not names or generation.projection in names):
                generations.drop(connection, generation)
                typer.echo(f"{generation.projection}: generation {generation.generation} is dropped")
                dropped += 1
    if not dropped:
        typer.echo("Nothing to drop.")


def _unused(generation: Generation, definitions: dict[str, str]) -> bool:
    """Nobody reads it and nothing goes on with it: a definition that is being built may be of another release."""
    of_another = definitions.get(generation.projection) != generation.definition_hash
    begun = generation.state in (State.BUILDING, State.HALTED) and not generation.live and of_another
    return generation.state == State.RETIRED or begun or generation.projection not in definitions


def cancel_running(settings: Settings, replay_id: int | None) -> None:
    """End replays that are not ended. Raises ReplayError for an id that is not running."""
    with database(settings) as conninfo, _connect(conninfo) as connection:
        found = [r for r in replays.replays(connection) if r.state == "running" and replay_id in (None, r.replay_id)]
        if replay_id is not None and not found:
            raise ReplayError(f"replay {replay_id} is {replays.find(connection, replay_id).state}: nothing to cancel")
        for replay in found:
            cancel(connection, replay.replay_id)
            typer.echo(f"replay {replay.replay_id} is cancelled")
    if not found:
        typer.echo("No replay is running.")
