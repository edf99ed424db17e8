"""What every endpoint asks of a request: whose work, where, when, in which zone, and a snapshot to answer from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from github_metrics.api.requests import Asked, Clock, Names, Reads, Zone, instant, never, text
from projections.queries.people import Actors, People, Window
from projections.queries.webhook_queries import repository_ids
from replay.snapshot import Snapshot

NEEDED = ("repositories", "repository_names", "actors")
"""Projections that tell which repositories are meant by a name, and who is a bot."""


Users = Annotated[Names, Query(description="only these logins; may be repeated")]
Excluded = Annotated[Names, Query(description="not these logins; may be repeated")]


class Question(NamedTuple):
    """What a request asks, and the snapshot that answers it."""

    snapshot: Snapshot
    people: People
    zone: ZoneInfo
    now: datetime


def asks(*reads: str, actors: Actors = "human", clock: Clock = never) -> Any:
    """A dependency: the Question of a request to an endpoint that reads these projections. `actors`: whose work it is
    about when the request does not say. `clock`: whether the answer depends on `now`, so that its ETag does too.
    """
    taken = Reads(*reads, *NEEDED, clock=clock)

    async def question(  # each is a parameter of the URL
        request: Request,
        snapshot: Annotated[Snapshot, Depends(taken, scope="function")],
        window: Asked,
        zone: Zone,
        repositories: Annotated[Names, Query(description="org/repo, by any name it ever had; may be repeated")] = None,
        users: Users = None,
        exclude_users: Excluded = None,
        actors: Annotated[Actors, Query(description="humans, bots, or all")] = actors,
    ) -> Question:
        ids = await repository_ids(snapshot, [text(name) for name in repositories]) if repositories else None
        people = whose(request, window, users, exclude_users, actors, ids)
        return Question(snapshot, people, zone, instant(request).replace(microsecond=0))

    return Depends(question, scope="function")


def whose(
    request: Request, window: Window, users: Names, excluded: Names, actors: Actors, ids: Sequence[int] | None
) -> People:
    """Whose work in a window a request asks for, in the repositories of these ids (None: all)."""
    return People(
        start=window.start,
        end=window.end,
        repository_ids=ids,
        users=[text(login) for login in users] if users else None,
        excluded=[text(login) for login in excluded or ()],
        actors=actors,
        bot_logins=request.app.state.bot_logins,
    )


async def within(asked: Question, repository: Sequence[str] | None) -> People:
    """The people of a question in the repositories of the parameter `repository` too, the older form of
    `repositories`.
    """
    if not repository:
        return asked.people
    ids = await repository_ids(asked.snapshot, [text(name) for name in repository])
    return replace(asked.people, repository_ids=(*(asked.people.repository_ids or ()), *ids))
