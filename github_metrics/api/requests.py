"""What the endpoints ask of a request: a snapshot to read from, a window, a page."""

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import orjson
from fastapi import Depends, Query, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer
from pydantic import Field

from github_metrics.api.problems import POSITION_HEADER, BadParameter, NotModified
from github_metrics.api.times import EXAMPLES, FORMS, read_time
from projections.queries.people import Window
from replay.snapshot import Pool, Snapshot, snapshot, wait_for

MAX_POSITION = 2**63 - 1
MAX_PAGE = 10**9

MinPosition = Annotated[
    int | None,
    Query(
        ge=0,
        le=MAX_POSITION,
        description="wait up to 5 s until everything up to this log position is counted (the X-Log-Position of a POST)",
    ),
]
Names = Annotated[list[str] | None, Field(max_length=500)]
"""A parameter that may be repeated."""
StartTime = Annotated[str | None, Query(description=f"at or after: {FORMS}", examples=EXAMPLES)]
EndTime = Annotated[str | None, Query(description=f"before; a period counts in full: {FORMS}", examples=EXAMPLES)]
Page = Annotated[int, Query(ge=1, le=MAX_PAGE, description="page number, from 1")]


Clock = Callable[[Request, Window], bool]
"""Whether the answer to a request depends on the time of day, which is not told by its window."""


def never(_request: Request, _window: Window) -> bool:
    return False


def always(_request: Request, _window: Window) -> bool:
    return True


def until_over(request: Request, window: Window) -> bool:
    """While the window is not over, by a clock of whole seconds as answers use it."""
    return window.end is None or window.end > instant(request).replace(microsecond=0)


class Reads:
    """A dependency: a snapshot of the projections that an endpoint reads, at least as new as `min_position`. What the
    request has already is not read again: it raises NotModified. `clock`: whether `now` is part of the answer.
    """

    def __init__(self, *names: str, clock: Clock = never) -> None:
        self._names = tuple(dict.fromkeys(names))
        self._clock = clock

    async def __call__(
        self, request: Request, response: Response, min_position: MinPosition = None
    ) -> AsyncIterator[Snapshot]:
        pool: Pool = request.app.state.pool
        if min_position is not None:
            await wait_for(pool, self._names, min_position)
        async with snapshot(pool, self._names) as taken:
            request.state.position = taken.position
            response.headers[POSITION_HEADER] = str(taken.position)
            response.headers.update(validated(request, taken.state, clock=self._clock))
            yield taken


def validated(request: Request, state: str, *, clock: Clock) -> dict[str, str]:
    """The headers by which an answer can be asked for again. Raises NotModified where the request has it already.

    The ETag is made of all that the answer is made of: what the projections hold, the configuration, and the question
    with its relative times resolved.
    """
    app = request.app
    asked = [request.url.path, request.url.query, request.headers.get("accept", ""), app.version]
    resolved = _resolved(request)
    moving = resolved is None or clock(request, resolved)
    told = [*asked, resolved, instant(request) if moving else None, *(part() for part in app.state.configuration)]
    return unless_known(request, orjson.dumps([state, *told]))


def unless_known(request: Request, made_of: bytes) -> dict[str, str]:
    """The headers of an answer that differs wherever `made_of` does. Raises NotModified."""
    tag = f'W/"{hashlib.sha256(made_of).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
    given = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    if "*" in given or tag.removeprefix("W/") in (part.removeprefix("W/") for part in given):
        raise NotModified(headers)
    return headers


def _resolved(request: Request) -> Window | None:
    """The window of a request as it is now; None of one that will be refused."""
    asked = request.query_params
    try:
        return window(request, zone(asked.get("tz", "UTC")), asked.get("start_time"), asked.get("end_time"))
    except BadParameter:
        return None


def moment(name: str, text: str | None, now: datetime, *, end: bool = False) -> datetime | None:
    """The time that a parameter gives. Raises BadParameter, which names the parameter."""
    if text is None:
        return None
    try:
        return read_time(text, now, end=end)
    except (ValueError, OverflowError):
        expected = "use ISO 8601, for example 2024-01-15T00:00:00Z, or 24h, 7d, today, last week, this month"
        raise BadParameter(f"{name} is not a time: {expected}") from None


def instant(request: Request) -> datetime:
    """The moment of a request, the same wherever it is asked for."""
    if not hasattr(request.state, "instant"):
        request.state.instant = datetime.now(UTC)
    moment: datetime = request.state.instant
    return moment


def zone(tz: str) -> ZoneInfo:
    """The time zone of a name. Raises BadParameter, which names the parameter."""
    name = tz if tz == "UTC" else _zone_names().get(tz.lower())
    if name is None:
        raise BadParameter(f"tz is not a time zone: {tz[:100]!r}; use an IANA name, for example Europe/Prague")
    return ZoneInfo(name)


@cache
def _zone_names() -> dict[str, str]:
    """IANA's names of zones by themselves in small letters. What else a machine keeps beside them depends on it."""
    return {name.lower(): name for name in available_timezones() - {"localtime", "Factory"}}


# A dependency that is not async is sent to a thread, which takes longer than what it does.
async def _zone(
    tz: Annotated[str, Query(description="IANA time zone, such as Europe/Prague", examples=["Europe/Prague"])] = "UTC",
) -> ZoneInfo:
    return zone(tz)


Zone = Annotated[ZoneInfo, Depends(_zone)]


def window(request: Request, zone: ZoneInfo, start_time: str | None, end_time: str | None) -> Window:
    """The window that a request asks for: start <= t < end. Raises BadParameter, which names the parameter."""
    now = instant(request).astimezone(zone)
    asked = Window(moment("start_time", start_time, now), moment("end_time", end_time, now, end=True))
    if asked.start is not None and asked.end is not None and asked.start > asked.end:
        raise BadParameter("start_time is after end_time")
    return asked


async def _window(request: Request, zone: Zone, start_time: StartTime = None, end_time: EndTime = None) -> Window:
    return window(request, zone, start_time, end_time)


Asked = Annotated[Window, Depends(_window)]


def text(value: str) -> str:
    """PostgreSQL's text holds no NUL, so neither does any name that could be found."""
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")


KEYS = [Security(APIKeyHeader(name="X-API-Key", auto_error=False)), Security(HTTPBearer(auto_error=False))]
"""What OpenAPI says of keys; `access` asks for them."""


def links(request: Request, pagination: dict[str, Any]) -> str:
    """A Link header (RFC 8288) for a page: first, prev, next, last."""
    page, last = pagination["page"], max(1, pagination["total_pages"])
    wanted = {"first": 1, "prev": min(page - 1, last), "next": page + 1 if page < last else 0, "last": last}
    parts = [
        f'<{request.url.include_query_params(page=number)}>; rel="{relation}"'
        for relation, number in wanted.items()
        if number >= 1
    ]
    return ", ".join(parts)
