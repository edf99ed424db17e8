"""One uvicorn server, as the service runs it."""

import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from github_metrics.processes.protocol import Protocol

if TYPE_CHECKING:
    from github_metrics.app import Application

HTTP: dict[str, Any] = {
    "http": Protocol,
    "lifespan": "on",
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,
}
"""How uvicorn serves; the receiver that benchmarks compare with is served so too."""
PING_SECONDS = 15.0
PONG_SECONDS = 30.0
LARGEST_FRAME = 64 * 1024
"""Readers of a WebSocket have nothing to say."""


class Worker(uvicorn.Server):
    """Ends live streams when it stops: uvicorn waits for every answer to end before it tells anybody that it stops, and
    a stream has no end of its own. WebSockets are not compressed, which would cost memory for each idle reader.
    """

    def __init__(self, app: "Application", **more: Any) -> None:
        config = uvicorn.Config(
            app,
            **HTTP,
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            ws_per_message_deflate=False,
            **more,
        )
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.end_streams()
        await super().shutdown(sockets)
