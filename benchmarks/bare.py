"""The least that a receiver can do: read the body, check the signature, answer. Stores nothing.

uv run python -m benchmarks.bare PORT
"""

import hmac
import socket
import sys
from typing import Any

import uvicorn

from github_metrics.processes.serve import BACKLOG, GRACEFUL_SECONDS
from github_metrics.processes.worker import HTTP

SECRET = b"benchmark"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """A bare ASGI application."""
    if scope["type"] != "http":
        return
    signature = next(value for name, value in scope["headers"] if name == b"x-hub-signature-256")
    chunks = []
    while True:
        message = await receive()
        chunks.append(message["body"])
        if not message.get("more_body"):
            break
    expected = b"sha256=" + hmac.digest(SECRET, b"".join(chunks), "sha256").hex().encode()
    status = 200 if hmac.compare_digest(expected, signature) else 403
    body = b'{"status":"ok"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve it under the very settings of github_metrics.processes.serve.run_worker."""
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=BACKLOG)
    config = uvicorn.Config(
        app,
        **HTTP,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
