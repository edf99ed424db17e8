"""Who may read, and from where: API keys, web origins, and what answers tell a browser to refrain from."""

import http
import time
from collections.abc import Iterator, Sequence

from fastapi import Request
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from github_metrics.access.faults import Faults
from github_metrics.access.keys import COOKIE, Keys
from github_metrics.access.origins import is_own
from github_metrics.api.accepted import weights
from github_metrics.api.problems import POSITION_HEADER, Unauthorized, problem
from github_metrics.pages.login import is_page, way_in

OPEN = frozenset({"/", "/health", "/healthz", "/readyz", "/dashboard", "/login", "/logout", "/llms.txt"})
"""Paths that never need a key. Whatever is not named here does: a path that is added is closed until it is opened."""
OPEN_BELOW = ("/static-offline-docs/", "/dashboard/")
"""Files that hold no data: what they show, they ask the API for."""
NEEDED = "an API key is needed, as X-API-Key or as Authorization: Bearer"

SIGNED_IN_HEADER = "X-Signed-In"

STRICT = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what is no page. A page sets its own Content-Security-Policy, which stands."""
DOCS = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
"""For the offline docs, whose pages start themselves with an inline script. They show nothing that came from outside."""
DOCS_PAGES = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc"})

GZIP_FROM = 1024


def access(keys: Keys, origins: Sequence[str]) -> list[Middleware]:
    """The middleware of the API, the outermost first. A refusal, and a fault, have the headers of CORS: a page
    may read them.
    """
    return [
        Middleware(BrowserHeaders),
        Middleware(Heads),
        *([_cors(origins)] if origins else []),
        Middleware(Faults),
        *([Middleware(KeyGuard, keys=keys)] if keys else []),
        Middleware(Compressed),
    ]


def _cors(origins: Sequence[str]) -> Middleware:
    return Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],
        expose_headers=[POSITION_HEADER, "ETag", "Link", "Retry-After"],
    )


class KeyGuard:
    """Refuses what has none of the keys, before anything says whether it is there."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._has_key(connection := HTTPConnection(scope)):
            await self._app(scope, receive, send)
        elif self._signed_in(connection):
            await self._app(scope, receive, _telling(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif _is_visit(scope):
            await RedirectResponse(way_in(scope), 303, {"Cache-Control": "no-store"})(scope, receive, send)
        elif is_open(scope["path"]):
            await self._app(scope, receive, send)
        else:
            refusal = problem(
                Request(scope), Unauthorized.status, Unauthorized.reason, NEEDED, {"WWW-Authenticate": "Bearer"}
            )
            await refusal(scope, receive, send)

    def _has_key(self, connection: HTTPConnection) -> bool:
        """Every key that is given is looked at, whichever is right: time tells nothing of it."""
        known = [self._keys.has(key) for key in given_keys(connection.headers)]
        return any(known)

    def _signed_in(self, connection: HTTPConnection) -> bool:
        """A browser sends its cookie whoever makes it ask. A page from elsewhere may make it GET, and cannot read the
        answer; whatever else has a cookie must come from a page of ours.
        """
        given = connection.cookies.get(COOKIE)
        if given is None or not self._keys.has_ticket(given, time.time()):
            return False
        return connection.scope.get("method") in ("GET", "HEAD") or is_own(connection.headers)


def _telling(send: Send) -> Send:
    """The page cannot see its cookie: this tells it that there is one, and so something to sign out of."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)[SIGNED_IN_HEADER] = "cookie"
        await send(message)

    return sent


def _is_visit(scope: Scope) -> bool:
    """Whether a person comes to a page with a browser, to be led to where to sign in. What a page loads asks for no
    HTML.
    """
    return scope["method"] == "GET" and is_page(scope["path"]) and "text/html" in Headers(scope=scope).get("Accept", "")


def is_open(path: str) -> bool:
    """Whether a path needs no key."""
    return path in OPEN or path.startswith(OPEN_BELOW)


def given_keys(headers: Headers) -> Iterator[str]:
    """What a request gives as a key."""
    yield from headers.getlist("X-API-Key")
    for given in headers.getlist("Authorization"):
        scheme, _, credentials = given.partition(" ")
        if scheme.lower() == "bearer":
            yield credentials.strip()


class Compressed:
    """gzip for who accepts it. A weight of 0 is a refusal (RFC 9110, 12.4.2), which GZipMiddleware does not read."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._gzip = GZipMiddleware(app, minimum_size=GZIP_FROM, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refuses = scope["type"] == "http" and weights(Headers(scope=scope).get("Accept-Encoding", "")).get("gzip") == 0
        await (self._plain if refuses else self._gzip)(scope, receive, send)


class Heads:
    """HEAD is answered as GET is; the server leaves out the body (RFC 9110, 9.3.2), and it ends with its first part: what
    nobody is sent need not be made. Not of a stream: it may have no first part for long.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith("/stream"):
            await self._app(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET"}, receive, _ending(send))
        else:
            await self._app(scope, receive, _allowing_it(send))


def _allowing_it(send: Send) -> Send:
    """Where GET is named as allowed, HEAD is, too."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == http.HTTPStatus.METHOD_NOT_ALLOWED:
            headers = MutableHeaders(scope=message)
            allowed = headers.get("Allow", "").split(", ")
            if "GET" in allowed and "HEAD" not in allowed:
                headers["Allow"] = ", ".join(["GET", "HEAD", *(one for one in allowed if one != "GET")])
        await send(message)

    return sent


def _ending(send: Send) -> Send:
    """The answer is over with the first part of its body: whoever makes it hears that the reader is gone."""
    over = False

    async def sent(message: Message) -> None:
        nonlocal over
        if over:
            return
        over = message["type"] == "http.response.body"
        await send({**message, "more_body": False} if over else message)

    return sent


class BrowserHeaders:
    """Headers for browsers on every answer, where it has none of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Content-Security-Policy", DOCS if scope["path"] in DOCS_PAGES else STRICT)
            await send(message)

        await self._app(scope, receive, sent)
