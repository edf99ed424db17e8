"""What the endpoints about people ask of a request: whose work, where and when."""

from typing import Annotated

from fastapi import Depends, Query, Request

from github_metrics.api.requests import Asked, Names, Reads, text
from projections import contributor_queries, user_pull_request_queries
from projections.people import Actors, People
from projections.webhook_queries import repository_ids
from replay.snapshot import Snapshot

READS = tuple(dict.fromkeys((*contributor_queries.READS, *user_pull_request_queries.READS)))

Taken = Annotated[Snapshot, Depends(Reads(*READS), scope="function")]


async def people(
    request: Request,
    snapshot: Taken,
    asked: Asked,
    users: Annotated[Names, Query(description="only these logins; may be repeated")] = None,
    exclude_users: Annotated[Names, Query(description="not these logins; may be repeated")] = None,
    repositories: Annotated[Names, Query(description="org/repo, by any name it ever had; may be repeated")] = None,
    actors: Annotated[Actors, Query(description="humans, bots, or all")] = "human",
) -> People:
    """Whose work a request asks for."""
    return People(
        start=asked.start,
        end=asked.end,
        repository_ids=await repository_ids(snapshot, [text(name) for name in repositories]) if repositories else None,
        users=[text(login) for login in users] if users else None,
        excluded=[text(login) for login in exclude_users or ()],
        actors=actors,
        bot_logins=request.app.state.bot_logins,
    )


AskedPeople = Annotated[People, Depends(people)]
