"""What a live stream is asked for: which events, and from where on."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import Header
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints
from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from github_metrics.api.problems import BadParameter, NotFound
from github_metrics.api.requests import MAX_POSITION, text
from github_metrics.live.feed import Feed
from github_metrics.live.following import Batch, follow
from projections.queries import live_queries
from projections.queries.live_queries import FOLLOWED, Match
from replay.snapshot import snapshot

READS = (FOLLOWED, "repositories", "repository_names")
"""The projections that say where a stream begins, and which repositories are meant."""


class NotLive(NotFound):
    """The service shows a moment of the past, in which nothing happens."""

    reason = "not_live"


SEND_SECONDS = 30.0
"""How long a reader may take nothing at all."""


def _given(value: object) -> object:
    """`?status=` asks for nothing in particular."""
    if isinstance(value, list):
        return [item for item in value if item != ""]
    return None if value == "" else value


Repository = Annotated[str, StringConstraints(pattern=r"^[^/\s]+/[^/\s]+$", max_length=200)]
EventType = Annotated[str, StringConstraints(max_length=255)]
Status = Literal["success", "error", "partial"]
Given = BeforeValidator(_given)


class Wanted(BaseModel):
    """The parameters of a stream. Each of the filters may be repeated: any of the values will do."""

    repository: Annotated[list[Repository] | None, Given] = Field(
        None, max_length=500, description="org/repo in any case, as in the listing; one not heard of yet is waited for"
    )
    event_type: Annotated[list[EventType] | None, Given] = Field(
        None, max_length=500, description="for example pull_request"
    )
    status: Annotated[list[Status] | None, Given] = Field(None, max_length=10, description="success, error or partial")
    since: Annotated[int | None, Given] = Field(
        None, ge=0, le=MAX_POSITION, description="begin after this position; without it, with what comes next"
    )

    @classmethod
    def asked(cls, parameters: QueryParams) -> "Wanted":
        """What the URL of a WebSocket asks for. Raises ValidationError."""
        several = {name: parameters.getlist(name) for name in ("repository", "event_type", "status")}
        return cls.model_validate({**several, "since": parameters.get("since")})


LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", description="the position a browser heard last: goes before since")
]


def last_position(given: str) -> int:
    """The position in a Last-Event-ID. Raises BadParameter."""
    if given.isascii() and given.isdecimal() and int(given[:20]) <= MAX_POSITION:
        return int(given[:20])
    raise BadParameter("Last-Event-ID is not a position of this log")


class Stream:
    """The events that one reader wants, after `position`."""

    def __init__(self, connection: HTTPConnection, match: Match, position: int) -> None:
        self.position = position
        self._match = match
        self._feed: Feed = connection.app.state.feed
        self._pool: Any = connection.app.state.pool

    def __aiter__(self) -> AsyncIterator[Batch]:
        return follow(self._feed, self._pool, self._match, self.position)


async def open_stream(connection: HTTPConnection, wanted: Wanted) -> Stream:
    """Raises NotLive, and DatabaseAway. A position beyond the end of the log is none of this log's: the stream begins
    at the end.
    """
    if connection.app.state.feed is None:
        raise NotLive("this service shows a moment of the past, in which nothing happens: it has no live streams")
    async with snapshot(connection.app.state.pool, READS) as taken:
        ids, names = None, frozenset[str]()
        if wanted.repository:
            ids, names = await live_queries.repositories(taken, [text(name) for name in wanted.repository])
        position = taken.positions[FOLLOWED]
        if wanted.since is not None:
            ahead = wanted.since > position
            position = min(wanted.since, await live_queries.head(taken)) if ahead else wanted.since
    match = Match(ids, names, _set(wanted.event_type), _set(wanted.status))
    return Stream(connection, match, position)


def _set(values: list[Any] | None) -> frozenset[str] | None:
    return frozenset(values) if values else None
