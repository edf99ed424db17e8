"""A log to be read from: simulated deliveries with the time that their receipt took, and some usage reports."""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from benchmarks.deliveries import PER_PULL_REQUEST, UNTIL, stored
from benchmarks.history import BATCH
from github_metrics.dictionaries import current_dictionary
from github_metrics.simulator import simulate
from replay.compression import Compressor
from replay.event import Delivery, Source
from replay.log import append

REPORTED = 1000
"""One in so many deliveries is reported on by a consumer, and one in ten of these reports is of a failure."""


def fill(connection: Connection[Any], events: int, reported: int = REPORTED) -> int:
    """Append so many deliveries of the half year before UNTIL, and a report on one in `reported` of them; returns the
    number of all. The same numbers give the same log each time.
    """
    compressor, told = Compressor(current_dictionary()), _with_reports(_deliveries(events), reported)
    appended = 0
    while batch := list(islice(told, BATCH)):
        append(connection, batch, compressor)
        appended += len(batch)
    connection.execute("VACUUM (ANALYZE) webhooks")
    return appended


def _deliveries(events: int) -> Iterator[Delivery]:
    """Received within the second in which they happened; taking about two milliseconds, sometimes much longer."""
    chance = Random(1)
    story = simulate(seed=1, until=UNTIL, pull_requests=max(50, events // PER_PULL_REQUEST))
    for told in islice(story, events):
        received = told.occurred_at + timedelta(microseconds=chance.randrange(1_000_000))
        taken = timedelta(milliseconds=min(chance.lognormvariate(0.7, 0.6), 5_000))
        yield msgspec.structs.replace(stored(told).delivery(at=received), handed_over_at=received + taken)


def _with_reports(deliveries: Iterator[Delivery], reported: int) -> Iterator[Delivery]:
    for number, delivery in enumerate(deliveries):
        yield delivery
        if number % reported == 0:
            yield _report(number, delivery, failed=number % (10 * reported) == 0)


def _report(number: int, delivery: Delivery, *, failed: bool) -> Delivery:
    told = {
        "reporter": "a consumer",
        "delivery_id": str(delivery.delivery_id),
        "calls": 1 + number % 7,
        "remaining": 5000 - number % 4000,
        "duration_ms": 100 + number % 900,
        "status": "error" if failed else "success",
    }
    body = msgspec.json.encode(told)
    at = delivery.handed_over_at
    identity = UUID(int=delivery.delivery_id.int ^ 1)
    return Delivery(identity, "usage_report", body, sha256(body).digest(), at, at, source=Source.REPORT)
