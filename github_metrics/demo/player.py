"""What puts the story of a demo into its log: the past with the times at which it would have been received, and from
then on each delivery through `POST /metrics`, when it happens.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

import psycopg
import structlog
import typer

from github_metrics.demo.progress import DemoProgress
from github_metrics.demo.story import Story
from github_metrics.dictionaries import current_dictionary
from github_metrics.logs import configure_logs
from github_metrics.processes.announcement import base_url
from github_metrics.processes.supervisor import stopping
from github_metrics.settings import Settings
from github_metrics.simulator.delivery import Delivery
from github_metrics.simulator.play import PlayError, play
from github_metrics.simulator.receipts import LATEST, received
from replay import event
from replay.compression import Compressor, register_dictionary
from replay.generations import generations
from replay.log import append

BATCH = 500
OPTIONS = "-c timezone=UTC"
READY_SECONDS, LOOK_SECONDS = 60.0, 0.2
LONGEST_SLEEP = 60.0
"""Seconds: after these the clock is looked at again, which a machine that slept has moved."""
HELD = "SELECT delivery_id FROM webhooks WHERE delivery_id = ANY(%s)"

_log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


def now() -> datetime:
    """In UTC."""
    return datetime.now(UTC)


def play_history(settings: Settings, story: Story, conninfo: str) -> None:
    """Bring the log up to the present, and then follow the story; a process of its own."""
    configure_logs(settings)
    url = base_url(settings)
    secret = settings.webhook_secret[0].get_secret_value()
    past, future = parted(story.deliveries(), now)
    with stopping():
        try:
            with psycopg.connect(conninfo, autocommit=True, options=OPTIONS) as connection:
                await_projections(connection)
                added = _load_shown(connection, story, past)
        except psycopg.Error:
            _log.exception("the history of the demo could not be loaded; the next start goes on with it")
            return
        typer.echo(f"  Demo       history loaded, {added:,} events new: {url}/dashboard follows what happens now")
        asyncio.run(_until_stopped(follow(f"{url}/metrics", future, secret=secret)))


def parted(story: Iterator[Delivery], clock: Clock) -> tuple[Iterator[Delivery], Iterator[Delivery]]:
    """What would have been received by now, at each moment anew, and what comes after it; to be read in this order."""
    met: list[Delivery] = []

    def past() -> Iterator[Delivery]:
        for delivery in story:
            if delivery.occurred_at + LATEST > clock():
                met.append(delivery)
                return
            yield delivery

    def future() -> Iterator[Delivery]:
        yield from chain(met, story)

    return past(), future()


def load(connection: psycopg.Connection[Any], deliveries: Iterable[event.Delivery]) -> Iterator[tuple[datetime, int]]:
    """Append what the log does not hold; how far it has come, and how many were new, again and again."""
    register_dictionary(connection, current_dictionary())
    compressor, rest, added = Compressor(current_dictionary()), iter(deliveries), 0
    while batch := sorted(islice(rest, BATCH), key=lambda one: one.received_at):
        held = {identity for (identity,) in connection.execute(HELD, [[one.delivery_id for one in batch]])}
        if new := [one for one in batch if one.delivery_id not in held]:
            append(connection, new, compressor)
        added += len(new)
        yield batch[-1].received_at, added


def await_projections(connection: psycopg.Connection[Any]) -> None:
    """Wait a while until the projections are there: over an empty log they are at once, and then everyone sees them
    grow; begun later they would be built out of sight.
    """
    for _ in range(round(READY_SECONDS / LOOK_SECONDS)):
        found = generations(connection)
        if found and all(generation.state != "building" for generation in found):
            return
        time.sleep(LOOK_SECONDS)


def _load_shown(connection: psycopg.Connection[Any], story: Story, past: Iterator[Delivery]) -> int:
    added = 0
    with DemoProgress(story.start, now()) as progress:
        for reached, added in load(connection, received(past)):
            progress.show(reached, added)
    return added


async def follow(url: str, story: Iterable[Delivery], *, secret: str, clock: Clock = now) -> None:
    """Post each delivery a moment after what it tells of has happened. One that is refused is left to the next start."""
    for delivery in story:
        due = delivery.occurred_at + timedelta(seconds=1)
        while (seconds := (due - clock()).total_seconds()) > 0:  # noqa: ASYNC110 — a clock tells nobody
            await asyncio.sleep(min(seconds, LONGEST_SLEEP))
        try:
            await play(url, [delivery], secret=secret, concurrency=1, on_delivered=lambda _count: None)
        except PlayError as error:
            _log.warning("a delivery of the demo was not taken", reason=error.reason, detail=str(error))


async def _until_stopped(following: Coroutine[Any, Any, None]) -> None:
    """SIGTERM and Ctrl-C cancel it, so that a delivery is not torn off with a traceback."""
    task = asyncio.ensure_future(following)
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
