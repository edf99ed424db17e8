"""webhook_payloads: the payload of each event as jsonb, for SQL over payloads.

The log keeps exact bytes; what jsonb cannot hold, NULs and lone surrogates, is U+FFFD here.
"""

import json
from collections.abc import Iterator
from functools import total_ordering

from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, Column, Index
from sqlalchemy.dialects.postgresql import JSONB, UUID

from projections.decode import content, parse
from projections.facts import payload_of, strings
from projections.payload import Payload
from replay.event import Event, Reading
from replay.merges import Row, key, once
from replay.projection import Projection


@total_ordering
class Written(Jsonb):
    """A payload as JSON text, to be sent as it is; ordered, as all that merges."""

    def __init__(self, text: str) -> None:
        super().__init__(text, dumps=str)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and bool(self.obj == other.obj)

    def __lt__(self, other: "Written") -> bool:
        return bool(self.obj < other.obj)

    def __hash__(self) -> int:
        return hash(self.obj)


def webhook_payload_rows(event: Event[Payload]) -> Iterator[Row]:
    """One for each body that could be read; a body that came again under the same delivery id has one, too."""
    if payload_of(event) is None or event.reading is Reading.UNREADABLE:
        return
    try:
        payload = parse(content(event.body))
    except (ValueError, RecursionError):
        # Beside the fields that are read there may be what no JSON holds.
        return
    yield {
        "repository_id": event.repository_id,
        "position": event.position,
        "delivery_id": event.delivery_id,
        "event_type": event.event_type,
        "payload": Written(json.dumps(payload, ensure_ascii=False, separators=(",", ":"))),
    }


webhook_payloads = Projection(
    name="webhook_payloads",
    version=1,
    columns=(
        key(Column("repository_id", BigInteger), Column("position", BigInteger)),
        once(Column("delivery_id", UUID), *strings("event_type"), Column("payload", JSONB)),
    ),
    rows=webhook_payload_rows,
    indexes=(
        Index("webhook_payloads_position", "position"),
        Index("webhook_payloads_delivery", "delivery_id"),
    ),
    optional=True,
)
