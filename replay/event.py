"""An event: one delivery as the log keeps it, with its body decoded."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

P = TypeVar("P")


class Source(StrEnum):
    """How a delivery came to us."""

    WEBHOOK = "webhook"
    RECONCILED = "reconciled"
    BACKFILL = "backfill"
    REPORT = "report"


class Reading(StrEnum):
    """How well a body could be read: wholly, with parts read as null or replaced, or not at all."""

    CLEAN = "clean"
    TOLERANT = "tolerant"
    UNREADABLE = "unreadable"


class Delivery(msgspec.Struct, frozen=True):
    """What is appended to the log. `body` holds the exact bytes received, not compressed.

    `repository_id` is 0 where the body names no repository. `headers` is the allow-list of what
    came beside the body; it never holds a secret or a signature.
    """

    delivery_id: UUID
    event_type: str
    body: bytes
    body_sha256: bytes
    received_at: datetime
    handed_over_at: datetime
    hook_id: int = 0
    repository_id: int = 0
    source: Source = Source.WEBHOOK
    headers: dict[str, Any] = {}


class Appended(msgspec.Struct, frozen=True):
    """Where a delivery stands in the log; `duplicate`: it was there already, byte for byte."""

    position: int
    duplicate: bool


class Decoded(msgspec.Struct, Generic[P], frozen=True):
    """A body, read. `payload` is None when it is unreadable; `error` says what was wrong with it."""

    payload: P | None
    reading: Reading = Reading.CLEAN
    error: str | None = None


Decode = Callable[[str, bytes], Decoded[Any]]
"""Reads a body: (event type, body) -> Decoded. Pure: the same body gives the same answer for ever."""


class Event(msgspec.Struct, Generic[P], frozen=True):
    """A delivery at its position in the log, decoded. Every projection is a function of these.

    `memo` is for what several projections work out of one event in the same way: it holds nothing of its own.
    """

    position: int
    delivery_id: UUID
    event_type: str
    hook_id: int
    repository_id: int
    source: Source
    received_at: datetime
    handed_over_at: datetime
    appended_at: datetime
    repeat: bool
    body_sha256: bytes
    body: bytes
    payload: P | None
    reading: Reading = Reading.CLEAN
    error: str | None = None
    memo: dict[str, Any] = {}
