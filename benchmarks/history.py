"""A log to be replayed: simulated deliveries, received in the second in which they happened."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from psycopg import Connection

from benchmarks.deliveries import PER_PULL_REQUEST, UNTIL, stored
from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from replay.compression import Compressor
from replay.event import Delivery
from replay.log import append

BATCH = 512


def fill(connection: Connection[Any], events: int) -> float:
    """Append so many deliveries of the simulator's default mix, one batch in memory at a time; returns the mean bytes
    of a body. The same number gives the same log each time.
    """
    compressor, told = Compressor(current_dictionary()), _deliveries(events)
    appended = size = 0
    while batch := list(islice(told, BATCH)):
        append(connection, batch, compressor)
        appended += len(batch)
        size += sum(len(delivery.body) for delivery in batch)
    if appended < events:
        raise ValueError(f"the story has only {appended} deliveries, not {events}")
    connection.execute("VACUUM (ANALYZE) webhooks")
    return size / appended


def _deliveries(events: int) -> Iterator[Delivery]:
    story = simulate(seed=1, until=UNTIL, pull_requests=max(50, events // PER_PULL_REQUEST))
    for told in islice(story, events):
        yield stored(told).delivery(at=told.occurred_at)


def size_on_disk(connection: Connection[Any]) -> int:
    """Bytes of the log with its TOAST and indexes."""
    found = connection.execute("SELECT pg_total_relation_size('webhooks')").fetchone()
    assert found is not None
    return int(found[0])
