"""Archives as Parquet, for analysts: one row for each event. pyarrow, an optional extra, reads and writes them."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import orjson

from replay.archive import BYTES, ROWS, Entry, Placed, Write
from replay.archive_lines import whole_file
from replay.errors import ArchiveError


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ArchiveError(
            "Parquet needs pyarrow, which is not installed: install github-metrics[parquet], or write newline-delimited"
            " JSON, with .gz or .zst at the end of the file's name to compress it"
        ) from error


def _schema(arrow: Any) -> Any:
    """In the order of the log's columns; times are UTC, `headers` is JSON, `body` the exact bytes."""
    moment = arrow.timestamp("us", tz="UTC")
    return arrow.schema(
        [
            ("position", arrow.int64()),
            ("delivery_id", arrow.string()),
            ("event_type", arrow.string()),
            ("hook_id", arrow.int64()),
            ("repository_id", arrow.int64()),
            ("source", arrow.string()),
            ("received_at", moment),
            ("handed_over_at", moment),
            ("appended_at", moment),
            ("repeat", arrow.bool_()),
            ("headers", arrow.string()),
            ("body_sha256", arrow.string()),
            ("body", arrow.binary()),
        ]
    )


class _RowGroups:
    """Gathers entries into row groups that are small enough to be held."""

    def __init__(self, arrow: Any, writer: Any) -> None:
        self._arrow = arrow
        self._writer = writer
        self._rows: list[dict[str, Any]] = []
        self._size = 0

    def write(self, entry: Entry) -> None:
        row = {name: getattr(entry, name) for name in self._writer.schema.names}
        row |= {
            "delivery_id": str(entry.delivery_id),
            "source": entry.source.value,
            "headers": orjson.dumps(entry.headers).decode(),
        }
        self._rows.append(row)
        self._size += len(entry.body)
        if self._size >= BYTES or len(self._rows) >= ROWS * 10:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._arrow.Table.from_pylist(self._rows, schema=self._writer.schema))
        self._rows, self._size = [], 0


@contextmanager
def parquet_writer(path: Path) -> Iterator[Write]:
    """Writes entries to a Parquet file."""
    arrow, parquet = _module("pyarrow"), _module("pyarrow.parquet")
    with whole_file(path) as partial, parquet.ParquetWriter(partial, _schema(arrow), compression="zstd") as writer:
        groups = _RowGroups(arrow, writer)
        yield groups.write
        groups.flush()


@contextmanager
def parquet_reader(path: Path) -> Iterator[tuple[Iterator[Placed], Callable[[], int]]]:
    """The entries of a Parquet file, and how many of its rows have been read."""
    arrow, parquet = _module("pyarrow"), _module("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(path)
    except (OSError, arrow.ArrowException) as error:
        raise ArchiveError(f"{path} cannot be read as Parquet: {error}") from error
    with file:
        missing = sorted({name for name in _required() if name not in file.schema_arrow.names})
        if missing:
            raise ArchiveError(f"{path} has no column {', '.join(missing)}: it is no archive of the log")
        read = [0]
        yield _entries(file, arrow, read), lambda: read[0]


def parquet_rows(path: Path) -> int:
    """How many rows a file has."""
    return int(_module("pyarrow.parquet").read_metadata(path).num_rows)


def _required() -> list[str]:
    return [field.name for field in msgspec.structs.fields(Entry) if field.required]


def _entries(file: Any, arrow: Any, read: list[int]) -> Iterator[Placed]:
    names = [name for name in Entry.__struct_fields__ if name in file.schema_arrow.names]
    try:
        for batch in file.iter_batches(batch_size=ROWS, columns=names):
            for row in batch.to_pylist():
                read[0] += 1
                yield f"row {read[0]}", _entry(row, read[0])
    except (OSError, arrow.ArrowException) as error:
        raise ArchiveError(f"row {read[0] + 1} cannot be read: {error}") from error


def _entry(row: dict[str, Any], number: int) -> Entry:
    try:
        headers = orjson.loads(row["headers"])
        given = {**row, "headers": headers, "delivery_id": str(row["delivery_id"])}
        return msgspec.convert(given, Entry, builtin_types=(bytes, datetime))
    except (msgspec.ValidationError, orjson.JSONDecodeError) as error:
        raise ArchiveError(f"row {number} is no event of the log: {error}") from error
