"""One uvicorn server, which tells its application before it waits for connections to end."""

import socket

import uvicorn

from github_metrics.app import Application


class Worker(uvicorn.Server):
    """uvicorn lets every answer end before it says anything of stopping, and a live stream has no end of its own."""

    def __init__(self, config: uvicorn.Config, app: Application) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.end_streams()
        await super().shutdown(sockets)
