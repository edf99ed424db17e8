"""Which story a demo tells: the simulated history of some days before it was begun, and what comes after."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson

from github_metrics.simulator import simulate
from github_metrics.simulator.delivery import Delivery

FILE = "story.json"
AHEAD = 0.5
"""So much of the length of the history is told beyond it; a repository is renamed in the middle of the whole."""


@dataclass(frozen=True, slots=True)
class Story:
    """`days` of history before `begun`, with about so many pull requests. Kept beside the database: it is told on."""

    seed: int
    days: int
    pull_requests: int
    begun: str

    @classmethod
    def kept(cls, data_dir: Path) -> "Story | None":
        """The story of a directory; None where none was begun."""
        file = data_dir / FILE
        return cls(**orjson.loads(file.read_bytes())) if file.exists() else None

    def keep(self, data_dir: Path) -> None:
        """Remember it."""
        (data_dir / FILE).write_bytes(orjson.dumps(asdict(self)))

    @property
    def start(self) -> datetime:
        """When its history begins."""
        return datetime.fromisoformat(self.begun) - timedelta(days=self.days)

    def deliveries(self) -> Iterator[Delivery]:
        """History and what comes after it, the same each time."""
        ahead = max(1, round(self.days * AHEAD))
        until = datetime.fromisoformat(self.begun) + timedelta(days=ahead)
        pull_requests = round(self.pull_requests * (self.days + ahead) / self.days)
        return simulate(seed=self.seed, until=until, days=self.days + ahead, pull_requests=pull_requests)
