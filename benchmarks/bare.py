"""The least that a receiver can do: read the body, check the signature, answer. Stores nothing."""

import hmac
from typing import Any

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
