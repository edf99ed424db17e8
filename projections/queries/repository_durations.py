"""How long the webhook events of repositories took, of those repositories only that a reader sees."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from projections.queries import duration_queries
from projections.queries.duration_queries import NOTHING, Grouping
from projections.queries.rolled_up import Rollups
from projections.queries.units import DAY
from projections.queries.webhook_filters import Filters
from replay.snapshot import Record, Snapshot

BY_ITSELF = Grouping(of_units="c.repository_id", of_events="e.repository_id", monthly=True)
TOGETHER = 100
"""Of so many repositories durations are asked for at once."""


async def timed(
    snapshot: Snapshot, rollups: Rollups, filters: Filters, repositories: AsyncGenerator[Record]
) -> AsyncGenerator[Record]:
    """Rows of `summary_queries.of_repositories` with `quantiles`."""
    waiting: list[Record] = []
    async with aclosing(repositories):
        async for repository in repositories:
            waiting.append(repository)
            if len(waiting) == TOGETHER:
                for row in await with_quantiles(snapshot, rollups, filters, waiting):
                    yield row
                waiting = []
    for row in await with_quantiles(snapshot, rollups, filters, waiting):
        yield row


async def with_quantiles(
    snapshot: Snapshot, rollups: Rollups, filters: Filters, repositories: list[Record]
) -> list[Record]:
    """The same, of so many as can be asked for at once. Whether events are few is said of all repositories together: so
    a number does not depend on the page that it is on.
    """
    if not repositories:
        return []
    ids = [row["repository_id"] for row in repositories]
    theirs = replace(filters, people=replace(filters.people, repository_ids=ids))
    few = repositories[0]["of_all"] <= duration_queries.FEW
    cover = rollups.cover(theirs, DAY, of_any_type=True)
    found = await duration_queries.quantiles(snapshot, cover, theirs, BY_ITSELF, few=few)
    return [{**row, "quantiles": found.get((row["repository_id"], ""), NOTHING)} for row in repositories]
