"""Looking after generations: status, rollback, drop, cancel."""

from collections.abc import Sequence
from typing import Any

import orjson
import psycopg
import typer

from github_metrics.replaying import database, playback_of
from github_metrics.settings import Settings
from projections.catalog import active_projections
from replay import generations, playback, replays
from replay.errors import ReplayError
from replay.generations import Generation, State
from replay.rebuild import OPTIONS
from replay.replays import Replay


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
    with database(settings) as conninfo, _connect(conninfo) as connection:
        own = playback_of(settings, conninfo)
        (projection,) = own.chosen([name])
        retired = [g for g in generations.generations(connection) if g.projection == name and g.state == State.RETIRED]
        if not retired:
            raise ReplayError(f"{name} has no earlier generation to go back to")
        previous = retired[-1]
        if previous.definition_hash != projection.definition_hash:
            raise ReplayError(f"the earlier generation of {name} is of another definition: run that release to go back")
        with own.projecting():
            generations.set_state(connection, previous, State.BUILDING)
            typer.echo(f"{name}: bringing generation {previous.generation} up to date")
            own.swapped(connection, previous)
    typer.echo(f"{name}: generation {previous.generation} is live again")


def drop_unused(settings: Settings, names: Sequence[str]) -> None:
    """Drop retired generations, and what is left of projections that are not active."""
    active = {projection.name for projection in active_projections(settings.extra_projections)}
    with database(settings) as conninfo, _connect(conninfo) as connection:
        dropped = 0
        for generation in generations.generations(connection):
            unused = generation.state == State.RETIRED or generation.projection not in active
            if unused and (not names or generation.projection in names):
                generations.drop(connection, generation)
                typer.echo(f"{generation.projection}: generation {generation.generation} is dropped")
                dropped += 1
    if not dropped:
        typer.echo("Nothing to drop.")


def cancel_running(settings: Settings, replay_id: int | None) -> None:
    """End replays that are not ended."""
    with database(settings) as conninfo, _connect(conninfo) as connection:
        found = [r for r in replays.replays(connection) if r.state == "running" and replay_id in (None, r.replay_id)]
        for replay in found:
            playback.cancel(connection, replay.replay_id)
            typer.echo(f"replay {replay.replay_id} is cancelled")
    if not found:
        typer.echo("No replay is running.")
