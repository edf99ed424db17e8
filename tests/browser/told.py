"""A history to look at: an organisation's deliveries, received when they happened, with what bots reported of them."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from github_metrics.demo.player import load
from github_metrics.simulator import simulate
from github_metrics.simulator.receipts import received


def tell(connection: psycopg.Connection[Any], *, until: datetime, days: int, pull_requests: int) -> None:
    """Append it to the log."""
    for _ in load(connection, received(simulate(seed=4, until=until, days=days, pull_requests=pull_requests))):
        pass


def now() -> datetime:
    """The whole second: what is simulated has no finer times."""
    return datetime.now(UTC).replace(microsecond=0)
