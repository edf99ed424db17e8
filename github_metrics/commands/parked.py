"""`parked`: the events that a projection could not apply, as a person sees them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
import typer

from github_metrics.commands.replaying import database
from github_metrics.settings import Settings
from projections.catalog import active_projections
from projections.decode import decode
from replay import retry
from replay.errors import ReplayError
from replay.log import LogReader
from replay.rebuild import OPTIONS
from replay.retry import Retry


@contextmanager
def _connected(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    with database(settings) as conninfo, psycopg.connect(conninfo, autocommit=True, options=OPTIONS) as connection:
        yield connection


def list_parked(settings: Settings, *, every: bool, json: bool) -> None:
    """One line for each, or with `every` for those that are settled, too."""
    with _connected(settings) as connection:
        events = retry.parked(connection, None if every else "parked")
        for event in events:
            fields = {"id": event.parked_id, **{name: getattr(event, name) for name in event.__struct_fields__}}
            line = f"{event.parked_id}  {event.state}  {event.event_type} {event.delivery_id}  {event.error}"
            typer.echo(orjson.dumps(fields, default=str).decode() if json else line)
    if not events and not json:
        typer.echo("Nothing is parked.")


def show_parked(settings: Settings, parked_id: str) -> None:
    """What is known of one, and the body as it came."""
    with _connected(settings) as connection:
        event = retry.find(connection, parked_id)
        for name in event.__struct_fields__:
            typer.echo(f"{name}: {getattr(event, name)}")
        reader = LogReader(connection, decode)
        for record in reader.records(event.position - 1, until=event.position, limit=1):
            typer.echo(reader.body(record.body or b"").decode(errors="backslashreplace"))


def retry_parked(settings: Settings, parked_ids: Sequence[str]) -> int:
    """Apply them again, all if none is named. Returns the exit code: 1 if one stays parked."""
    with _connected(settings) as connection:
        again = Retry(connection, retry.by_name(active_projections(settings.extra_projections)), decode)
        events = [retry.find(connection, one) for one in parked_ids] or retry.parked(connection)
        failed = 0
        for event in events:
            try:
                failure = again.retry(event)
            except ReplayError as error:
                failure = str(error)
            failed += failure is not None
            typer.echo(f"{event.parked_id}: {failure or 'resolved'}")
    if not events:
        typer.echo("Nothing is parked.")
    return 1 if failed else 0


def ignore_parked(settings: Settings, parked_id: str) -> None:
    """Leave one out for good."""
    with _connected(settings) as connection:
        retry.ignore(connection, retry.find(connection, parked_id))
    typer.echo(f"{parked_id}: ignored")
