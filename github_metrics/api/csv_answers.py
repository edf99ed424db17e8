"""Lists as CSV (RFC 4180): the whole result, in memory that does not grow with it."""

import asyncio
import csv
import io
import tempfile
import types
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any, Union, get_args, get_origin

import orjson
from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask

from replay.snapshot import Record

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
IN_MEMORY = 1024 * 1024
CHUNK = 64 * 1024
BATCH = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet runs a cell that begins so; with an apostrophe before it, it is text."""


def columns(model: type[BaseModel]) -> list[str]:
    """The header: the fields of a row; an object within it as one column for each of its fields, `name_field`."""
    named = _fields(model)
    return list(chain.from_iterable([name] if not of else [f"{name}_{c}" for c in columns(of)] for name, of in named))


@cache
def _fields(model: type[BaseModel]) -> list[tuple[str, type[BaseModel] | None]]:
    """Each field with the model of the object that it holds, found out once: it is asked for each cell."""
    return [(name, _object(field.annotation)) for name, field in model.model_fields.items()]


def _object(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _cells(model: type[BaseModel], told: dict[str, Any] | None) -> Iterator[str]:
    for name, of in _fields(model):
        value = None if told is None else told[name]
        if of:
            yield from _cells(of, value)
        else:
            yield _cell(value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return orjson.dumps(value).decode()


async def csv_answer(
    rows: AsyncIterator[Record],
    model: type[BaseModel],
    shown: Callable[[Record], dict[str, Any]],
    name: str,
    headers: Mapping[str, str],
) -> Response:
    """Every row as CSV, a download called `name`.csv, with these headers. It is written to a file first and sent from
    there: so a slow reader holds no connection of the database, and a fault is an error instead of half a file.
    """
    spooled = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed when it is sent
    written = io.TextIOWrapper(spooled, encoding="utf-8", newline="", errors="replace", write_through=True)
    try:
        write = csv.writer(written).writerow
        write(columns(model))
        async for batch in _batches(rows):
            await asyncio.to_thread(_write, batch, model, shown, write)
    except BaseException:
        written.close()
        raise
    length = spooled.tell()
    spooled.seek(0)
    described = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Content-Length": str(length)}
    chunks = iter(lambda: spooled.read(CHUNK), b"")
    return StreamingResponse(
        chunks, media_type=MEDIA_TYPE, headers={**headers, **described}, background=BackgroundTask(written.close)
    )


async def _batches(rows: AsyncIterator[Record]) -> AsyncIterator[list[Record]]:
    batch: list[Record] = []
    async for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _write(
    batch: list[Record],
    model: type[BaseModel],
    shown: Callable[[Record], dict[str, Any]],
    write: Callable[[Iterator[str]], Any],
) -> None:
    for row in batch:
        write(_cells(model, model.model_validate(shown(row)).model_dump(mode="json")))


async def each(rows: Iterable[Record]) -> AsyncIterator[Record]:
    """Rows that are there already, for csv_answer."""
    for row in rows:
        yield row
