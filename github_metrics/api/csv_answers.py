"""Lists as CSV (RFC 4180): the whole result, sent from the first rows on, in memory that does not grow with it."""

import asyncio
import csv
import io
import types
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, Union, get_args, get_origin

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from github_metrics.api.downloads import Download, Downloads
from replay.snapshot import Record, Snapshot

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
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


@dataclass(frozen=True, slots=True)
class Table:
    """What a CSV is of: rows, and the fields of `model` that are shown of each. It is downloaded as `name`.csv."""

    name: str
    model: type[BaseModel]
    rows: AsyncGenerator[Record]
    shown: Callable[[Record], dict[str, Any]] = dict

    def text(self, rows: list[Record]) -> bytes:
        return _text([_cells(self.model, self._told(row)) for row in rows])

    def header(self) -> bytes:
        return _text([columns(self.model)])

    def _told(self, row: Record) -> dict[str, Any]:
        return self.model.model_validate(self.shown(row)).model_dump(mode="json")


def _text(lines: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(lines)
    return written.getvalue().encode(errors="replace")


async def csv_answer(request: Request, response: Response, table: Table, snapshot: Snapshot | None = None) -> Response:
    """Every row as CSV, with the headers that `response` has by now. `snapshot`: what they are read from, if they are
    still to be read. A fault before the answer begins is an error; one that comes later breaks it off.
    """
    headers = {**response.headers, "Content-Disposition": f'attachment; filename="{table.name}.csv"'}
    async with AsyncExitStack() as begun:
        batches = await begun.enter_async_context(aclosing(_batches(table.rows)))
        first = await anext(batches)
        text = table.header() + await asyncio.to_thread(table.text, first)
        if len(first) < BATCH:
            return Response(text, media_type=MEDIA_TYPE, headers=headers)
        downloads: Downloads = request.app.state.downloads
        kept = AsyncExitStack() if snapshot is None else downloads.keep(snapshot)
        kept.push_async_exit(begun.pop_all())  # the rows are closed before what they are read from
        return Download(downloads, _parts(text, table, batches), kept, MEDIA_TYPE, headers)
    raise AssertionError


async def _parts(text: bytes, table: Table, batches: AsyncIterator[list[Record]]) -> AsyncGenerator[bytes]:
    yield text
    async for batch in batches:
        yield await asyncio.to_thread(table.text, batch)


async def _batches(rows: AsyncGenerator[Record]) -> AsyncGenerator[list[Record]]:
    """All rows, BATCH at a time; the last are fewer, and may be none."""
    batch: list[Record] = []
    async with aclosing(rows):
        async for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                yield batch
                batch = []
    yield batch


async def each(rows: Iterable[Record]) -> AsyncGenerator[Record]:
    """Rows that are there already, for a Table."""
    for row in rows:
        yield row
