"""`export` and `replay --from-archive`: moving the log, as a person sees it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import typer
from psycopg import sql

from github_metrics.commands.replaying import database
from github_metrics.commands.transfer_progress import TransferProgress
from github_metrics.counts import counted
from github_metrics.dictionaries import current_dictionary
from github_metrics.settings import Settings
from projections.decode import decode
from projections.queries.webhook_queries import NAMED
from replay.archive import Importer, Placed, Selection, Write, entries
from replay.archive_lines import STANDARD, line_reader, line_writer
from replay.archive_parquet import parquet_reader, parquet_rows, parquet_writer
from replay.compression import Compressor, register_dictionary
from replay.errors import ArchiveError
from replay.generations import generations, head
from replay.log import LogReader

OPTIONS = "-c timezone=UTC -c jit=off"
LINES = (".ndjson", ".jsonl", "")
"""What a file of lines may end in, before the ending of a compressed one."""
COMPRESSED = (".gz", ".zst")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of the log to export: positions (after, until], a repository by any name, received in [start, end)."""

    after: int = 0
    until: int | None = None
    repository: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@contextmanager
def _connected(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    with (
        database(settings) as conninfo,
        psycopg.connect(conninfo, autocommit=True, options=OPTIONS, application_name="archive") as connection,
    ):
        yield connection


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def check_asked(path: Path, asked: Asked) -> None:
    """Raises BadParameter for a file of no known kind, and for a part of the log that can hold nothing."""
    kind = path.with_suffix("") if path.suffix in COMPRESSED else path
    if kind.suffix not in LINES and not _is_parquet(path):
        raise typer.BadParameter(
            f"{path}: the ending says what is written: {', '.join(filter(None, LINES))} or none, with"
            f" {' or '.join(COMPRESSED)} after it or without, or .parquet"
        )
    if asked.until is not None and asked.until < asked.after:
        raise typer.BadParameter(f"--until {asked.until} is before --after {asked.after}")
    if asked.start is not None and asked.end is not None and asked.end < asked.start:
        raise typer.BadParameter(f"--end {asked.end.isoformat()} is before --start {asked.start.isoformat()}")


def export(settings: Settings, path: Path, asked: Asked) -> None:
    """Write the log, or the part of it that is asked for, to a file, or to standard output."""
    writer: Callable[[Path], AbstractContextManager[Write]] = parquet_writer if _is_parquet(path) else line_writer
    with _connected(settings) as connection:
        selection = _selection(connection, asked)
        try:
            with writer(path) as write:
                written = _write(connection, selection, write)
        except BrokenPipeError:
            # Whoever reads our standard output has enough; it must not be flushed again on the way out.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
    typer.echo(
        f"{counted(written, 'event')} of positions {selection.after:,} to {selection.until:,} are in {path}", err=True
    )


def _write(connection: psycopg.Connection[Any], selection: Selection, write: Write) -> int:
    written = 0
    with TransferProgress("export", selection.until - selection.after) as progress:
        for entry in entries(connection, LogReader(connection, decode), selection):
            write(entry)
            written += 1
            progress.show((entry.position or 0) - selection.after, written)
    return written


def _selection(connection: psycopg.Connection[Any], asked: Asked) -> Selection:
    end = head(connection)
    until = end if asked.until is None else min(asked.until, end)
    ids = None if asked.repository is None else _repository_ids(connection, asked.repository)
    return Selection(max(until, asked.after), asked.after, ids, asked.start, asked.end)


def _repository_ids(connection: psycopg.Connection[Any], name: str) -> tuple[int, ...]:
    live = [g for g in generations(connection) if g.live and g.projection in ("repositories", "repository_names")]
    if len(live) < 2:
        raise ArchiveError("repositories cannot be told by name yet: let the service build its projections first")
    with connection.transaction():
        path = sql.SQL(", ").join(map(sql.Identifier, [*(generation.schema_name for generation in live), "public"]))
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(path))
        found = tuple(repository_id for _name, repository_id in connection.execute(NAMED, {"names": [name]}))
    if not found:
        raise ArchiveError(f"no repository was ever called {name}")
    return found


def import_archive(settings: Settings, path: Path) -> None:
    """Append what the log does not hold yet; a service that runs applies it to the projections at once."""
    reader: Callable[[Path], AbstractContextManager[tuple[Iterator[Placed], Callable[[], int]]]]
    reader = parquet_reader if _is_parquet(path) else line_reader
    with _connected(settings) as connection, reader(path) as (placed, read):
        register_dictionary(connection, current_dictionary())
        importer = Importer(connection, Compressor(current_dictionary()))
        try:
            with TransferProgress("import", _size(path)) as progress:
                for imported in importer.take(placed):
                    progress.show(read(), imported.appended + imported.duplicates)
        finally:
            done = importer.imported
            typer.echo(
                f"{counted(done.appended, 'event')} appended, {done.duplicates:,} were in the log already", err=True
            )


def _size(path: Path) -> int | None:
    if path == STANDARD:
        return None
    return parquet_rows(path) if _is_parquet(path) else path.stat().st_size
