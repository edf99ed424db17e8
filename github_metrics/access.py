"""Who may read, and from where: API keys, web origins, and what answers tell a browser to refrain from."""

import secrets
from collections.abc import Iterator, Sequence

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from github_metrics.api.problems import POSITION_HEADER, Unauthorized, problem

OPEN = frozenset({"/", "/health", "/healthz", "/readyz", "/dashboard"})
"""Paths that never need a key. Whatever is not named here does: a path that is added is closed until it is opened."""
OPEN_BELOW = ("/static-offline-docs/", "/dashboard/")
"""Files that hold no data: what they show, they ask the API for."""
NEEDED = "an API key is needed, as X-API-Key or as Authorization: Bearer"

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


def access(keys: Sequence[str], origins: Sequence[str]) -> list[Middleware]:
    """The middleware of the API, the outermost first. A refusal has the headers of CORS: a page may read it."""
    return [
        Middleware(BrowserHeaders),
        *([_cors(origins)] if origins else []),
        *([Middleware(KeyGuard, keys=keys)] if keys else []),
        Middleware(GZipMiddleware, minimum_size=GZIP_FROM, compresslevel=6),
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

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app = app
        self._keys = [key.encode() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or is_open(scope["path"]) or self._admits(Headers(scope=scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = problem(
                Request(scope), Unauthorized.status, Unauthorized.reason, NEEDED, {"WWW-Authenticate": "Bearer"}
            )
            await refusal(scope, receive, send)

    def _admits(self, headers: Headers) -> bool:
        """Every key is compared, in constant time."""
        matches = [secrets.compare_digest(given.encode(), key) for given in given_keys(headers) for key in self._keys]
        return any(matches)


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
