"""Every error answer is problem+json (RFC 9457) that keeps FastAPI's `detail` and adds our `reason`."""

import http
import logging
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from replay.errors import DatabaseAway, MetricsError, ProjectionsBehind, RequestError

log = logging.getLogger(__name__)

POSITION_HEADER = "X-Log-Position"


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field(description="a URI that names the kind of problem")
    title: str = Field(description="the HTTP status in words")
    status: int = Field(description="the HTTP status")
    detail: Any = Field(description="what to mend; a list of faults for 422")
    reason: str = Field(description="the kind of problem, for programs; it does not change between releases")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": text, "content": {"application/problem+json": {}}}
    for code, text in {
        400: "A parameter cannot be understood; `detail` names it",
        401: "An API key is needed",
        422: "A parameter is out of bounds, or selects nothing here",
        503: "The database is away, the projections have not come so far yet, or too much is under way: try again",
    }.items()
}


class NotFound(RequestError):
    """What was asked for is not there."""

    reason = "not_found"
    status = 404


class Unauthorized(RequestError):
    """An API key is needed, and none that is known was given."""

    reason = "unauthorized"
    status = 401


class Forbidden(RequestError):
    """Whoever asks may not do that."""

    reason = "forbidden"
    status = 403


class ReadOnly(RequestError):
    """The service reads from a schema of the past, and takes nothing in."""

    reason = "read_only"
    status = 503


class Busy(RequestError):
    """As much as may be is under way."""

    reason = "busy"
    status = 503


RETRY_SECONDS = {DatabaseAway.reason: "10", ProjectionsBehind.reason: "1", Busy.reason: "10"}
"""Of what is answered with 503: when to try again."""


class BadParameter(RequestError):
    """A parameter cannot be understood. Its name is in the message."""

    reason = "bad_parameter"


class NotModified(Exception):
    """The reader has the answer already. No error: it ends the request before anything is read."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("not modified")
        self.headers = headers


def problem(request: Request, status: int, reason: str, detail: object, headers: dict[str, str]) -> JSONResponse:
    """The answer for one problem. The log position stays on it when a snapshot was taken before."""
    position = getattr(request.state, "position", None)
    held = {POSITION_HEADER: str(position)} if position is not None else {}
    body = Problem(
        type="about:blank", title=http.HTTPStatus(status).phrase, status=status, detail=detail, reason=reason
    )
    return JSONResponse(
        jsonable_encoder(body), status, headers={**held, **headers}, media_type="application/problem+json"
    )


async def _ours(request: Request, error: Exception) -> JSONResponse:
    failure = cast("MetricsError", error)
    status = failure.status if isinstance(failure, RequestError) else 500
    headers = {}
    if failure.reason in RETRY_SECONDS:
        status, headers = 503, {"Retry-After": RETRY_SECONDS[failure.reason]}
    if status == http.HTTPStatus.UNAUTHORIZED:
        headers = {"WWW-Authenticate": "Bearer"}
    if status == http.HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("a request failed: %s", failure, exc_info=failure)
    return problem(request, status, failure.reason, str(failure), headers)


async def _http(request: Request, error: Exception) -> JSONResponse:
    failure = cast("HTTPException", error)
    reason = http.HTTPStatus(failure.status_code).name.lower()
    return problem(request, failure.status_code, reason, failure.detail, dict(failure.headers or {}))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    failure = cast("RequestValidationError", error)
    faults: list[dict[str, Any]] = []
    for fault in failure.errors():
        told = {name: fault[name] for name in ("type", "loc", "msg")}
        # A parameter of two dependencies is found wrong twice.
        if told not in faults:
            faults.append(told)
    return problem(request, 422, "invalid_parameter", faults, {})


async def _not_modified(request: Request, error: Exception) -> Response:
    found = cast("NotModified", error)
    return Response(status_code=304, headers={POSITION_HEADER: str(request.state.position), **found.headers})


def add_problems(app: FastAPI) -> None:
    """Answer every error of `app` in this form."""
    app.add_exception_handler(MetricsError, _ours)
    app.add_exception_handler(NotModified, _not_modified)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
