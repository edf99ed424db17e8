"""Versions order what GitHub tells about one thing, without regard to when it arrives.

A version is 17 bytes that compare as (time, rank, tie): GitHub's own time in microseconds, a semantic
rank that settles what happened within one of GitHub's seconds (merged > closed > open), and the first
bytes of the body's hash, so that two different bodies never tie. It comes only from the payload:
never from the position, the delivery id or a clock of ours.
"""

import struct
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PACK = struct.Struct(">QB8s").pack


def version(at: datetime | None, rank: int, body_sha256: bytes) -> bytes:
    """A version that is never null: an unknown time is the oldest. `rank` is 0..255."""
    if at is None:
        return _PACK(0, rank, body_sha256)
    # Several for each event of the log: no call that can be spared.
    since = at - EPOCH
    passed = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return _PACK(max(0, passed), rank, body_sha256)
