"""Archives of the log: every column and the exact body of each event.

Reading an archive appends through the one way into the log. What stands there already, by delivery id, body and
repository, is left alone, so that an archive may be read twice, or into a log that is running.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from replay.compression import Compressor
from replay.errors import ArchiveError
from replay.event import Delivery, Source
from replay.log import LogReader, append

ROWS = 500
BYTES = 16 * 2**20
"""How much is held at a time, both ways: compressed when reading the log, not compressed when appending."""

Big = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Entry(msgspec.Struct, frozen=True):
    """An event in an archive. `position`, `appended_at` and `repeat` say where it stood in the log it comes from; in
    another log it is given new ones.
    """

    delivery_id: UUID
    event_type: str
    repository_id: Big
    hook_id: Big
    source: Source
    received_at: Moment
    handed_over_at: Moment
    headers: dict[str, Any]
    body_sha256: str
    body: bytes
    position: Big | None = None
    appended_at: Moment | None = None
    repeat: bool | None = None

    @property
    def identity(self) -> tuple[UUID, bytes, int]:
        """What the log holds once."""
        return self.delivery_id, bytes.fromhex(self.body_sha256), self.repository_id

    def delivery(self) -> Delivery:
        return Delivery(
            self.delivery_id,
            self.event_type,
            self.body,
            bytes.fromhex(self.body_sha256),
            self.received_at,
            self.handed_over_at,
            self.hook_id,
            self.repository_id,
            self.source,
            self.headers,
        )


Write = Callable[[Entry], None]
"""Puts an entry into an archive."""
Placed = tuple[str, Entry]
"""An entry and where it stands in the archive: line 7, row 7."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: at positions (after, until], of these repositories (None: all), received in [start, end)."""

    until: int
    after: int = 0
    repository_ids: tuple[int, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None


READ = """
SELECT * FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) AS before
    FROM (SELECT * FROM webhooks WHERE position > %(after)s AND position <= %(until)s
          AND (%(repository_ids)s::bigint[] IS NULL OR repository_id = ANY(%(repository_ids)s))
          AND (%(start)s::timestamptz IS NULL OR received_at >= %(start)s)
          AND (%(end)s::timestamptz IS NULL OR received_at < %(end)s)
          ORDER BY position LIMIT %(rows)s) AS next
) AS measured WHERE before < %(bytes)s ORDER BY position
"""


def entries(connection: Connection[Any], reader: LogReader, selection: Selection) -> Iterator[Entry]:
    """The selected events in order of position, a bounded part of them at a time: what was appended never changes, so
    no snapshot is held, however long this takes.
    """
    arguments = {name: getattr(selection, name) for name in ("until", "repository_ids", "start", "end")}
    if selection.repository_ids is not None:
        arguments["repository_ids"] = list(selection.repository_ids)
    after = selection.after
    while True:
        with connection.cursor(row_factory=dict_row, binary=True) as cursor:
            rows = cursor.execute(READ, {**arguments, "after": after, "rows": ROWS, "bytes": BYTES}).fetchall()
        if not rows:
            return
        for row in rows:
            yield _entry(row, reader.body(row["body"]))
        after = rows[-1]["position"]


def _entry(row: dict[str, Any], body: bytes) -> Entry:
    fields = {name: row[name] for name in Entry.__struct_fields__}
    return Entry(**{**fields, "source": Source(row["source"]), "body_sha256": row["body_sha256"].hex(), "body": body})


@dataclass(slots=True)
class Imported:
    """What became of the entries of an archive so far."""

    appended: int = 0
    duplicates: int = 0


class Importer:
    """Appends the entries of an archive, a batch at a time; each batch is durable when it is counted."""

    def __init__(self, connection: Connection[Any], compressor: Compressor) -> None:
        """The connection is in autocommit."""
        self._connection = connection
        self._compressor = compressor
        self.imported = Imported()

    def take(self, placed: Iterable[Placed]) -> Iterator[Imported]:
        """Told after each batch how far it is. Raises ArchiveError for a line that is no event; those of the batches
        before it stand, and another run leaves them alone.
        """
        for batch in _batches(placed):
            self._append(batch)
            yield self.imported

    def _append(self, batch: Sequence[Placed]) -> None:
        known = _known(self._connection, batch)
        new: dict[Any, Placed] = {}
        for place, entry in batch:
            if entry.identity not in known:
                new.setdefault(entry.identity, (place, entry))
        self.imported.duplicates += len(batch) - len(new)
        self._append_new(list(new.values()))

    def _append_new(self, batch: Sequence[Placed]) -> None:
        """A line that PostgreSQL refuses is found by halving."""
        if not batch:
            return
        try:
            found = append(self._connection, [entry.delivery() for _, entry in batch], self._compressor)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            if len(batch) == 1:
                raise ArchiveError(f"{batch[0][0]}: the log does not take it: {error}") from error
            half = len(batch) // 2
            self._append_new(batch[:half])
            self._append_new(batch[half:])
            return
        duplicates = sum(one.duplicate for one in found)
        self.imported.duplicates += duplicates
        self.imported.appended += len(batch) - duplicates


def checked(place: str, entry: Entry) -> Entry:
    """The entry, if its body is the one that its hash names. Raises ArchiveError."""
    if hashlib.sha256(entry.body).hexdigest() != entry.body_sha256:
        raise ArchiveError(f"{place}: the body is not the one that body_sha256 names")
    return entry


def _batches(placed: Iterable[Placed]) -> Iterator[list[Placed]]:
    batch: list[Placed] = []
    size = 0
    for place, entry in placed:
        batch.append((place, checked(place, entry)))
        size += len(entry.body)
        if len(batch) == ROWS or size >= BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


KNOWN = """
SELECT delivery_id, body_sha256, repository_id FROM webhooks
JOIN unnest(%s::uuid[], %s::bytea[], %s::bigint[]) AS asked (delivery_id, body_sha256, repository_id)
USING (delivery_id, body_sha256, repository_id)
"""


def _known(connection: Connection[Any], batch: Sequence[Placed]) -> set[tuple[UUID, bytes, int]]:
    columns = zip(*(entry.identity for _, entry in batch), strict=True)
    return set(connection.execute(KNOWN, [list(column) for column in columns]).fetchall())
