"""/login and /logout: a browser cannot send a key of its own accord, and has a cookie instead."""

import asyncio
import time
from typing import Annotated, Any
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from github_metrics.access.keys import COOKIE, GOOD_SECONDS, Keys, ticket
from github_metrics.access.origins import by_https, is_own
from github_metrics.api.problems import BadParameter, Forbidden, Unauthorized
from github_metrics.openapi import PROBLEM
from github_metrics.pages.login import landing, login_page
from replay.errors import RequestError

router = APIRouter(tags=["sign in"])

DELAY_SECONDS = 0.5
"""What a wrong key costs."""
LARGEST_BODY = 16 * 1024
UNKNOWN = "This key is not known."
FORM = "application/x-www-form-urlencoded"
FIELDS = {"key": {"type": "string", "description": "one of METRICS_API_KEYS"}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "required": ["key"], "properties": FIELDS}},
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["key"],
                    "properties": {**FIELDS, "next": {"type": "string", "description": "path to go to"}},
                }
            },
        },
    }
}


class BodyTooLarge(RequestError):
    """More than a key could be."""

    reason = "body_too_large"
    status = 413


def _problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    told = {
        400: "There is no `key`",
        401: "The key is not known",
        403: "A page of another origin asks",
        413: f"More than {LARGEST_BODY} bytes",
    }
    page: dict[int, dict[str, Any]] = {401: {"text/html": {}}}
    return {code: {"description": told[code], "content": {**PROBLEM, **page.get(code, {})}} for code in codes}


@router.get(
    "/login", operation_id="show_login", response_class=HTMLResponse, responses={303: {"description": "No keys"}}
)
def show_login(
    request: Request,
    destination: Annotated[str, Query(alias="next", description="path of this service to go to")] = "",
) -> Response:
    """The page on which to sign in; without keys in the settings, straight to where `next` leads."""
    if not request.app.state.keys:
        return RedirectResponse(landing(destination), 303)
    return login_page(destination)


@router.post(
    "/login",
    operation_id="log_in",
    status_code=204,
    response_class=Response,
    openapi_extra=BODY,
    responses={204: {"description": "Signed in"}, 303: {"description": "Signed in"}, **_problems(400, 401, 403, 413)},
)
async def log_in(request: Request) -> Response:
    """Exchange a key, as JSON or as a form, for a cookie that is good for 30 days in this browser."""
    _check_origin(request)
    keys: Keys = request.app.state.keys
    as_form = request.headers.get("Content-Type", "").startswith(FORM)
    given = _form(await _body(request)) if as_form else _json(await _body(request))
    wanted = given.get("next", "")
    answer = RedirectResponse(landing(wanted), 303) if as_form else Response(status_code=204)
    if not keys:
        return answer
    if not keys.has(given["key"]):
        await asyncio.sleep(DELAY_SECONDS)
        if as_form:
            return login_page(wanted, error=UNKNOWN)
        raise Unauthorized(UNKNOWN)
    answer.set_cookie(
        COOKIE,
        ticket(given["key"], time.time()),
        max_age=GOOD_SECONDS,
        httponly=True,
        samesite="strict",
        secure=by_https(request),
    )
    return answer


@router.post(
    "/logout",
    operation_id="log_out",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "Signed out"}, 303: {"description": "Signed out"}, **_problems(403)},
)
async def log_out(request: Request) -> Response:
    """Forget the cookie in this browser."""
    _check_origin(request)
    as_form = request.headers.get("Content-Type", "").startswith(FORM)
    answer = RedirectResponse("./login", 303) if as_form else Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=by_https(request))
    return answer


def _check_origin(request: Request) -> None:
    """A page from elsewhere could sign a browser in with a key of its own, or out."""
    if "Origin" in request.headers and not is_own(request.headers):
        raise Forbidden("a page of another origin may not sign in or out")


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge(f"at most {LARGEST_BODY} bytes")
    return body


def _form(body: bytes) -> dict[str, str]:
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {"key": "", **{name: values[0] for name, values in fields.items()}}


def _json(body: bytes) -> dict[str, str]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if isinstance(given, dict) and isinstance(given.get("key"), str):
        return {"key": given["key"]}
    raise BadParameter('key is missing: send {"key": "…"} as JSON, or a form')
