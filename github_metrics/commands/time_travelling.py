"""`replay --until … --into SCHEMA`: the projections as they were, as a person sees it being built."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import psycopg
import typer

from github_metrics.commands.replaying import Interrupted, database, playback_of, stopped_by_signals
from github_metrics.commands.transfer_progress import TransferProgress
from github_metrics.counts import counted
from github_metrics.settings import Settings
from projections.decode import decode
from replay.moment_schema import MomentSchema
from replay.rebuild import OPTIONS
from replay.time_travel import TimeTravel, position_at, position_of


def travel(settings: Settings, names: Sequence[str], moment: int | datetime, schema: str, *, json: bool) -> None:
    """Build the named projections, or all, as they were at a moment."""
    with (
        database(settings) as conninfo,
        psycopg.connect(conninfo, autocommit=True, options=OPTIONS, application_name="time travel") as connection,
        stopped_by_signals() as stop,
    ):
        projections = playback_of(settings, conninfo).chosen(names)
        until = _position(connection, moment)
        asked = moment.isoformat() if isinstance(moment, datetime) else str(moment)
        with TransferProgress("replay", until) as progress:
            TimeTravel(connection, projections, decode, schema).build(until, asked, watch=progress.show, stop=stop)
        if stop.is_set():
            raise Interrupted(f"schema {schema} is not finished; the same command resumes it")
    fields = {"schema": schema, "position": until, "projections": [projection.name for projection in projections]}
    text = f"Schema {schema} holds {counted(len(projections), 'projection')} as they were at position {until:,}"
    typer.echo(orjson.dumps(fields).decode() if json else text)


def _position(connection: psycopg.Connection[Any], moment: int | datetime) -> int:
    if not isinstance(moment, datetime):
        return position_of(connection, moment)
    position = position_at(connection, moment)
    typer.echo(f"{moment.isoformat()} is position {position:,}: the last event appended to the log by then", err=True)
    return position


def drop_schema(settings: Settings, schema: str) -> None:
    """Drop a schema of time travel."""
    with database(settings) as conninfo, psycopg.connect(conninfo, autocommit=True, options=OPTIONS) as connection:
        MomentSchema(connection, schema).drop()
    typer.echo(f"schema {schema} is dropped")
