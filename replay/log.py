"""The log: append a batch, read on from a position. Nothing else touches table `webhooks`."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import zstandard
from psycopg import AsyncConnection, Connection

from replay.compression import Compressor, Decompressor, registered_dictionaries
from replay.errors import UnknownDictionary
from replay.event import Appended, Decode, Decoded, Delivery, Event, Reading, Source

log = logging.getLogger(__name__)

APPEND = """
SELECT log_position, duplicate FROM append_webhooks(%b::uuid[], %b::text[], %b::bigint[], %b::bigint[], %b::text[],
    %b::timestamptz[], %b::timestamptz[], %b::text[]::jsonb[], %b::bytea[], %b::bytea[]) ORDER BY ordinal
"""


def append_arguments(batch: Sequence[Delivery], compressor: Compressor) -> tuple[list[Any], ...]:
    """The arrays of one call of append_webhooks."""
    return (
        [delivery.delivery_id for delivery in batch],
        [delivery.event_type for delivery in batch],
        [delivery.hook_id for delivery in batch],
        [delivery.repository_id for delivery in batch],
        [delivery.source.value for delivery in batch],
        [delivery.received_at for delivery in batch],
        [delivery.handed_over_at for delivery in batch],
        [orjson.dumps(delivery.headers).decode() for delivery in batch],
        [compressor.compress(delivery.body) for delivery in batch],
        [delivery.body_sha256 for delivery in batch],
    )


def append(connection: Connection[Any], batch: Sequence[Delivery], compressor: Compressor) -> list[Appended]:
    """Append a batch in array order. The connection is in autocommit: on return it is durable."""
    rows = connection.execute(APPEND, append_arguments(batch, compressor)).fetchall()
    return [Appended(position, duplicate) for position, duplicate in rows]


async def append_async(
    connection: AsyncConnection[Any], batch: Sequence[Delivery], compressor: Compressor
) -> list[Appended]:
    """As `append`, for the receiver."""
    cursor = await connection.execute(APPEND, append_arguments(batch, compressor))
    return [Appended(position, duplicate) for position, duplicate in await cursor.fetchall()]


class Record(NamedTuple):
    """A row of the log. `body` is still compressed, and None where the reader did not want it."""

    position: int
    delivery_id: UUID
    event_type: str
    hook_id: int
    repository_id: int
    source: str
    received_at: datetime
    handed_over_at: datetime
    appended_at: datetime
    repeat: bool
    body_sha256: bytes
    body: bytes | None


_SOURCES = {source.value: source for source in Source}

READ = """
SELECT position, delivery_id, event_type, hook_id, repository_id, source, received_at, handed_over_at, appended_at,
       repeat, body_sha256, CASE WHEN %(wanted)s::text[] IS NULL OR event_type = ANY(%(wanted)s) THEN body END
FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY position) - octet_length(body) AS before
    FROM (SELECT * FROM webhooks WHERE position > %(after)s AND position <= %(until)s
          ORDER BY position LIMIT %(limit)s) AS next
) AS measured WHERE before < %(max_bytes)s ORDER BY position
"""


class LogReader:
    """Reads the log in order of position, a bounded batch at a time."""

    def __init__(self, connection: Connection[Any], decode: Decode) -> None:
        self._connection = connection
        self._decode = decode
        self._decompressor = Decompressor(registered_dictionaries(connection))

    def records(
        self,
        after: int,
        *,
        until: int = 2**63 - 1,
        limit: int = 500,
        wanted: Sequence[str] | None = None,
        max_bytes: int = 16 * 2**20,
    ) -> list[Record]:
        """At most `limit` rows after a position, and no more than about `max_bytes` of compressed bodies.
        `wanted`: the event types whose bodies are fetched (None: all).
        """
        cursor = self._connection.execute(
            READ,
            {"after": after, "until": until, "limit": limit, "wanted": wanted, "max_bytes": max_bytes},
            binary=True,
        )
        return [Record._make(row) for row in cursor.fetchall()]

    def events(self, records: Sequence[Record], *, max_bytes: int = 128 * 2**20) -> Iterator[Event[Any]]:
        """Each record that has a body, decoded. Stops early once `max_bytes` have been inflated: whoever reads
        looks at the last position, not at the count.
        """
        inflated = 0
        for record in records:
            if record.body is None:
                continue
            body, decoded = self._read(record.event_type, record.body)
            inflated += len(body)
            yield Event(
                record.position,
                record.delivery_id,
                record.event_type,
                record.hook_id,
                record.repository_id,
                _SOURCES[record.source],
                record.received_at,
                record.handed_over_at,
                record.appended_at,
                record.repeat,
                record.body_sha256,
                body,
                decoded.payload,
                decoded.reading,
                decoded.error,
            )
            if inflated > max_bytes:
                return

    def _read(self, event_type: str, frame: bytes) -> tuple[bytes, Decoded[Any]]:
        """A body that cannot be inflated, or that the decoder fails on, is an event that cannot be read: it stops
        nobody. Raises UnknownDictionary: that is the database's fault, not the event's.
        """
        try:
            body = self.body(frame)
        except zstandard.ZstdError as error:
            log.error("a body of the log is damaged: %s", error)  # noqa: TRY400
            return b"", Decoded(None, Reading.UNREADABLE, f"the stored body is damaged: {error}")
        try:
            return body, self._decode(event_type, body)
        except Exception as error:
            log.exception("the decoder fails on an event of type %s", event_type)
            return body, Decoded(None, Reading.UNREADABLE, f"cannot be decoded: {type(error).__name__}")

    def body(self, frame: bytes) -> bytes:
        """The exact bytes received. A dictionary registered since we began is looked up once more."""
        try:
            return self._decompressor.decompress(frame)
        except UnknownDictionary:
            self._decompressor = Decompressor(registered_dictionaries(self._connection))
            return self._decompressor.decompress(frame)


async def is_repeat(connection: AsyncConnection[Any], position: int) -> bool:
    """Whether the delivery id at a position was in the log already, with another body."""
    cursor = await connection.execute("SELECT repeat FROM webhooks WHERE position = %s", (position,))
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def body_at(connection: AsyncConnection[Any], position: int) -> bytes | None:
    """The exact bytes of the event at a position: what a projection keeps of it is not enough."""
    cursor = await connection.execute("SELECT body FROM webhooks WHERE position = %s", (position,))
    row = await cursor.fetchone()
    if row is None:
        return None
    frame: bytes = row[0]
    cursor = await connection.execute("SELECT dictionary_id, content FROM body_dictionaries")
    known: dict[int, bytes] = dict(await cursor.fetchall())
    return await asyncio.to_thread(lambda: Decompressor(known).decompress(frame))
