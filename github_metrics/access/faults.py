"""What nobody foresaw is answered as every error is, and told to the log alone."""

import logging

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from github_metrics.api.problems import problem
from replay.errors import MetricsError

log = logging.getLogger(__name__)

FAILED = "the service failed; its log says at what"


class Faults:
    """Answers 500 for what a route raises that no error of ours stands for. An answer that has begun is cut off: who
    reads it must not take it for whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception:
            if begun:
                raise
            log.exception("a request failed: %s %s", scope["method"], scope["path"])
            await problem(Request(scope), 500, MetricsError.reason, FAILED, {})(scope, receive, send)
