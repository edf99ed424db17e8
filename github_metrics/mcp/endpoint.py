"""MCP at /mcp, built when the first assistant comes.

FastMCP takes seconds to import. A worker that waited for it would take no deliveries meanwhile, and GitHub does not
send them again.
"""

import asyncio
import contextlib
import gc
import http
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from github_metrics.api.problems import problem

PATH = "/mcp"


def add_mcp(api: FastAPI, origins: Sequence[str]) -> None:
    """Serve MCP at PATH, and where a slash is put behind it, which else would be a redirect; so would PATH of a mount."""
    endpoint = McpEndpoint(api, origins)
    for path in (PATH, f"{PATH}/"):
        api.router.routes.append(Route(path, endpoint=endpoint, include_in_schema=False))
    outer = api.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        async with outer(app) as state, endpoint.running():
            yield state

    api.router.lifespan_context = lifespan


def _with_problems(scope: Scope, receive: Receive, send: Send) -> Send:
    """In place of a refusal in words the problem that it is. Errors of MCP itself are JSON."""
    replaced = False

    async def sent(message: Message) -> None:
        nonlocal replaced
        if message["type"] == "http.response.start" and message["status"] >= http.HTTPStatus.BAD_REQUEST:
            headers = Headers(raw=message["headers"])
            replaced = "json" not in headers.get("Content-Type", "")
            if replaced:
                await _problem(scope, message["status"], headers)(scope, receive, send)
        if not replaced:
            await send(message)

    return sent


def _problem(scope: Scope, status: int, headers: Headers) -> Response:
    told = http.HTTPStatus(status)
    kept = {"Allow": headers["Allow"]} if "Allow" in headers else {}
    return problem(Request(scope), status, told.name.lower(), told.phrase, kept)


class McpEndpoint:
    """An ASGI application that is made, and started, by the first request."""

    def __init__(self, api: FastAPI, origins: Sequence[str]) -> None:
        self._api = api
        self._origins = origins
        self._wanted = asyncio.Event()
        self._started: asyncio.Future[Starlette]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._wanted.set()
        app = await asyncio.shield(self._started)
        scope = {**scope, "path": PATH, "raw_path": PATH.encode()}
        await app(scope, receive, _with_problems(scope, receive, send))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """A task of its own holds what the first request starts: it must be stopped by whoever started it."""
        self._started = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._hold())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _hold(self) -> None:
        await self._wanted.wait()
        try:
            app = await asyncio.to_thread(self._build)
            async with app.router.lifespan_context(app):
                self._started.set_result(app)
                await asyncio.Event().wait()
        except Exception as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    def _build(self) -> Starlette:
        from github_metrics.mcp.tools import mcp_app  # the import is what takes so long

        app = mcp_app(self._api, PATH, self._origins)
        gc.freeze()  # it stays; each look through it for garbage would stop all requests for 0.1 s
        return app
