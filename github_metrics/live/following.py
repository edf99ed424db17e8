"""One reader's stream: what it has missed from the table, page by page, and from there on what the feed tells."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from github_metrics.live.feed import Feed
from github_metrics.live.updates import Update, update
from projections.queries import live_queries
from projections.queries.live_queries import FOLLOWED, READS, Match
from replay.errors import MetricsError
from replay.snapshot import ENTER_SECONDS, QUERY_SECONDS, Pool, in_time, snapshot

PAGE = 200
PING_SECONDS = 15.0
CHUNK = 50
"""Updates held for one reader: a slow one keeps no more than these, however far the feed has gone on."""
BEHIND_SECONDS = 0.05


class SlowReader(MetricsError):
    """Takes events more slowly than they come, beyond what is held in memory for all readers."""

    reason = "slow_reader"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some events, none if only time has passed. Everything up to `position` has then been told."""

    position: int
    updates: list[Update]


@dataclass(frozen=True, slots=True)
class Page:
    """Events from the table. `seen`: the checkpoint; `full`: there may be more before it."""

    updates: list[Update]
    seen: int
    full: bool


async def follow(feed: Feed, pool: Pool, match: Match, position: int) -> AsyncIterator[Batch]:
    """Every event that matches after a position, in order and once, until the feed stops. At least every PING_SECONDS
    there is a batch. Raises SlowReader; DatabaseAway while what was missed is read.
    """
    while not feed.stopped:
        # By itself to its end, even when the reader is gone: the connection goes back to the pool in good order.
        page = await in_time(_page(pool, match, position), ENTER_SECONDS + QUERY_SECONDS)
        position = page.updates[-1].position if page.full else max(position, page.seen)
        if page.updates:
            yield Batch(position, page.updates)
        if page.full:
            continue
        if feed.join(page.seen):
            break
        await asyncio.sleep(BEHIND_SECONDS)
    else:
        return
    try:
        async for batch in _live(feed, match, position):
            yield batch
    finally:
        feed.leave()


async def _page(pool: Pool, match: Match, position: int) -> Page:
    async with snapshot(pool, READS) as taken:
        rows = await live_queries.after(taken, match, position, PAGE)
    now = datetime.now(UTC)
    return Page([update(row, now) for row in rows], taken.positions[FOLLOWED], len(rows) == PAGE)


async def _live(feed: Feed, match: Match, position: int) -> AsyncIterator[Batch]:
    loop = asyncio.get_running_loop()
    ping = loop.time() + PING_SECONDS
    while not feed.stopped:
        if position < feed.recent.begin:
            raise SlowReader(f"too slow: events came faster than they were taken; go on from position {position}")
        news = feed.news
        found = feed.recent.after(position, CHUNK)
        position = found[-1].position if found else max(position, feed.recent.end)
        wanted = [known for known in found if match.admits(known.row)]
        if not found:
            await _until(news, ping)
        if wanted or loop.time() >= ping:
            yield Batch(position, wanted)
            ping = loop.time() + PING_SECONDS


async def _until(news: asyncio.Event, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await news.wait()
    except TimeoutError:
        return
