"""The world: one clock, one source of chance, one heap of stories that wait for their turn.

A story is a generator that yields the second at which it wants to go on. Memory holds the stories under way and
nothing of those that have ended, so it grows with the pull requests open at a time, not with their number.
"""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Protocol
from uuid import UUID

import orjson

from .delivery import HOOK_ID, Delivery
from .people import People, Person, cast
from .repositories import Repository, repositories
from .rhythm import at_work
from .templates import Json

Story = Iterator[int]

UUID_EPOCH = 0x01B21DD213814000


class Subject(Protocol):
    """What a story is about: two changes never share a second, so that its `updated_at` rises with each."""

    updated_at: int


class World:
    """What stories share. Chance is drawn in the order of the clock, so the same arguments give the same story."""

    def __init__(self, seed: int, start: int) -> None:
        self.random = Random(seed)  # noqa: S311 — a story must be repeatable, not secret
        self.now = start
        self.people: People = cast(self.random)
        self.repositories: list[Repository] = repositories(start)
        for repository in self.repositories:
            repository.main = repository.deployed = self.sha()
        self._node = self.random.getrandbits(62) | 1 << 63
        self._waiting: list[tuple[int, int, Story, Subject | None]] = []
        self._turns = 0
        self._sent: list[Delivery] = []
        self._serial = 0
        self._ids = {"check": 31_204_118_907, "suite": 28_117_440_212, "run": 11_902_337_104, "comment": 2_204_117_003}

    def begin(self, story: Story, subject: Subject | None = None, at: int = 0) -> None:
        """Start a story now, or `at` a later second."""
        self._turns += 1
        heapq.heappush(self._waiting, (max(at, self.now), self._turns, story, subject))

    def run(self, until: int) -> Iterator[Delivery]:
        """Every delivery before `until`; what is unfinished then stays unfinished."""
        while self._waiting and self._waiting[0][0] < until:
            second, turn, story, subject = heapq.heappop(self._waiting)
            if subject is not None and subject.updated_at >= second:
                heapq.heappush(self._waiting, (subject.updated_at + 1, turn, story, subject))
                continue
            self.now = second
            following = next(story, None)
            if following is not None:
                self.begin(story, subject, following)
            yield from self._sent
            self._sent.clear()

    def send(self, event_type: str, payload: Json, repository: Repository | None, sender: Person) -> None:
        """A delivery at this second: the payload and what every payload of an organisation's hook carries."""
        if repository is not None:
            pushed = event_type == "push"
            account = self.people.account
            payload["repository"] = repository.pushed(account) if pushed else repository.json(account)
        payload["organization"] = self.people.organisation
        payload["sender"] = sender.json
        occurred_at = datetime.fromtimestamp(self.now, UTC)
        self._sent.append(Delivery(self._delivery_id(), event_type, HOOK_ID, occurred_at, orjson.dumps(payload)))

    def id(self, kind: str) -> int:
        """Ids rise with time and are larger than 32 bits hold where GitHub's are."""
        self._ids[kind] = number = self._ids.get(kind, 1_904_233_118) + self.random.randrange(1, 400)
        return number

    def sha(self) -> str:
        """Of a commit."""
        return f"{self.random.getrandbits(160):040x}"

    def chance(self, rate: float) -> bool:
        """True as often as `rate` says."""
        return self.random.random() < rate

    def around(self, median: float, spread: float = 0.8) -> int:
        """Seconds, log-normal around the median, at least one."""
        return 1 + int(median * self.random.lognormvariate(0, spread))

    def after(self, person: Person, median: float, spread: float = 0.8) -> int:
        """When the person, at work, gets to something that takes about `median` seconds."""
        return at_work(person, self.now + self.around(median, spread), self.random)

    def _delivery_id(self) -> UUID:
        """Version 1, whose clock tells the second of the event, as GitHub's do; the serial keeps it unique."""
        self._serial += 1
        ticks = self.now * 10_000_000 + UUID_EPOCH + self._serial % 10_000_000
        low, middle, high = ticks & 0xFFFFFFFF, ticks >> 32 & 0xFFFF, ticks >> 48 | 0x1000
        return UUID(int=low << 96 | middle << 80 | high << 64 | self._node)
