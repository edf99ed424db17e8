"""MCP at exactly /mcp, built when the first assistant comes.

FastMCP takes seconds to import. A worker that waited for it would take no deliveries meanwhile, and GitHub does not
send them again.
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

PATH = "/mcp"


def add_mcp(api: FastAPI, origins: Sequence[str]) -> None:
    """Serve MCP at PATH. A mount would answer PATH itself with a redirect."""
    endpoint = McpEndpoint(api, origins)
    api.router.routes.append(Route(PATH, endpoint=endpoint, include_in_schema=False))
    outer = api.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[Any]:
        async with outer(app) as state, endpoint.running():
            yield state

    api.router.lifespan_context = lifespan


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
        await app(scope, receive, send)

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
