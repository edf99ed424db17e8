"""What there is to ask: every endpoint that answers in JSON, as the service's OpenAPI document tells it, with what
its path needs taken from the data.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

from psycopg import Connection, sql

from replay import generations

BELOW = "/api/metrics/"
WEEK = timedelta(days=7)
STEP = timedelta(hours=29, minutes=17)
"""Each window of seven days begins at another time of the day."""
PULL_REQUESTS = """
SELECT split_part(names.full_name, '/', 1) AS owner, split_part(names.full_name, '/', 2) AS repo, number::text
FROM pull_requests JOIN repositories names USING (repository_id) ORDER BY md5(number::text), repository_id LIMIT 50
"""
DELIVERIES = """
SELECT delivery_id::text FROM webhook_events WHERE position IS NOT NULL ORDER BY body_hash LIMIT 50
"""

Request = tuple[str, dict[str, str]]
"""A path and its parameters."""


@dataclass(frozen=True)
class Known:
    """What paths are filled with, and when the last event came."""

    paths: Sequence[dict[str, str]]
    last: datetime


@dataclass(frozen=True)
class Asked:
    """Requests to one operation, over one kind of window."""

    of: str
    window: str
    requests: Sequence[Request]


def known(connection: Connection[Any]) -> Known:
    """From the live generations."""
    live = [generation.schema_name for generation in generations.generations(connection) if generation.live]
    path = sql.SQL(", ").join(map(sql.Identifier, [*live, "public"]))
    connection.execute(sql.SQL("SET search_path = {}").format(path))
    pulls = connection.execute(PULL_REQUESTS).fetchall()
    deliveries = connection.execute(DELIVERIES).fetchall()
    ((last,),) = connection.execute("SELECT max(received_at) FROM webhook_events").fetchall()
    paths = [
        {"owner": owner, "repo": repo, "number": number, "delivery_id": delivery}
        for (owner, repo, number), (delivery,) in zip(pulls, cycle(deliveries), strict=False)
    ]
    return Known(paths, last)


def asked(document: dict[str, Any], told: Known, requests: int) -> list[Asked]:
    """So many requests to each operation for each kind of window that it takes."""
    found: list[Asked] = []
    for path, methods in sorted(document["paths"].items()):
        operation = methods.get("get")
        if path.startswith(BELOW) and operation is not None and "application/json" in _answers(operation):
            found += _of(path, operation, told, requests)
    return found


def _answers(operation: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = operation["responses"]["200"].get("content", {})
    return content


def _of(path: str, operation: dict[str, Any], told: Known, requests: int) -> Iterator[Asked]:
    filled = [path.format(**values) for values in told.paths]
    paths = list(islice(cycle(filled), requests))
    name = operation["operationId"]
    yield Asked(name, "all time", [(path, {}) for path in paths])
    if any(parameter["name"] == "start_time" for parameter in operation.get("parameters", ())):
        weeks = [told.last - WEEK - number * STEP for number in range(requests)]
        yield Asked(name, "7 days", [(path, _week(start)) for path, start in zip(paths, weeks, strict=True)])


def _week(start: datetime) -> dict[str, str]:
    return {"start_time": start.isoformat(), "end_time": (start + WEEK).isoformat()}
