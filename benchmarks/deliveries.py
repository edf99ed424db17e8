"""Simulated deliveries, as GitHub would send them and as the receiver hands them to the log."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from uuid import UUID

import msgspec

from benchmarks.bare import SECRET
from github_metrics.receiving import intake
from github_metrics.simulator import Delivery as Simulated
from github_metrics.simulator import simulate
from replay.event import Delivery

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
PER_PULL_REQUEST = 40


@cache
def simulated(count: int) -> tuple[Simulated, ...]:
    """The first `count` deliveries of the simulator's default mix; the same each time."""
    story = simulate(seed=1, until=UNTIL, pull_requests=max(50, count // PER_PULL_REQUEST))
    found = tuple(islice(story, count))
    if len(found) < count:
        raise ValueError(f"the story has only {len(found)} deliveries, not {count}")
    return found


def mean(deliveries: Sequence[Simulated]) -> float:
    """Bytes of a body."""
    return sum(len(delivery.body) for delivery in deliveries) / len(deliveries)


def of_mean(deliveries: Sequence[Simulated], wanted: int) -> list[Simulated]:
    """These without some that are smaller than `wanted`, evenly spread, so that the mean is about that."""
    small = [number for number, delivery in enumerate(deliveries) if len(delivery.body) < wanted]
    size, count = sum(len(delivery.body) for delivery in deliveries), len(deliveries)
    dropped: set[int] = set()
    for number in _spread(small):
        if size / count >= wanted:
            break
        dropped.add(number)
        size -= len(deliveries[number].body)
        count -= 1
    return [delivery for number, delivery in enumerate(deliveries) if number not in dropped]


def _spread(numbers: Sequence[int]) -> Iterator[int]:
    for start in range(7):
        yield from numbers[start::7]


@dataclass(frozen=True)
class Stored:
    """What the log is handed of a body, once and for all runs."""

    simulated: Simulated
    sha256: bytes
    repository_id: int
    kept: dict[str, str]

    def delivery(self, *, run: int = 0, at: datetime | None = None) -> Delivery:
        """The delivery as it is received `at` a time, now if none. Each `run` gives it another id, else it would be
        a duplicate.
        """
        now = datetime.now(UTC) if at is None else at
        original = self.simulated
        return Delivery(
            UUID(int=original.delivery_id.int ^ run),
            original.event_type,
            original.body,
            self.sha256,
            now,
            now,
            hook_id=original.hook_id,
            repository_id=self.repository_id,
            headers={**self.kept, "signed_by": "current"},
        )


class _Repository(msgspec.Struct, frozen=True):
    id: int = 0


class _Routed(msgspec.Struct, frozen=True):
    repository: _Repository = _Repository()


def stored(delivery: Simulated) -> Stored:
    """As the receiver reads it: its hash, its repository, and the headers that are kept."""
    sent = [(n.lower().encode(), v.encode()) for n, v in delivery.headers(SECRET.decode()).items()]
    kept = intake.envelope(intake.single_headers(sent)).kept
    number = msgspec.json.decode(delivery.body, type=_Routed).repository.id
    return Stored(delivery, hashlib.sha256(delivery.body).digest(), number, kept)


def batches(deliveries: Sequence[Stored], size: int, *, run: int = 0) -> Iterator[list[Delivery]]:
    """In order, so many at a time."""
    for start in range(0, len(deliveries), size):
        yield [one.delivery(run=run) for one in deliveries[start : start + size]]
