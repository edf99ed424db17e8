"""A running service for tests: real HTTP, real PostgreSQL, the projector in a thread."""

import hashlib
import hmac
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson
import psycopg
import uvicorn
from psycopg.conninfo import make_conninfo

from github_metrics.app import create_app
from github_metrics.processes.worker import Worker
from github_metrics.settings import Settings, load_settings
from projections.catalog import active_projections
from projections.decode import decode
from replay.projector import Projector

SECRET = "a secret of the tests"


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery_headers(event_type: str, body: bytes, delivery_id: uuid.UUID | None = None, **more: str) -> dict[str, str]:
    return {
        "X-GitHub-Delivery": str(delivery_id or uuid.uuid4()),
        "X-GitHub-Event": event_type,
        "X-GitHub-Hook-ID": "1",
        "X-Hub-Signature-256": sign(body),
        "User-Agent": "GitHub-Hookshot/test",
        "Content-Type": "application/json",
        **more,
    }


@dataclass
class Service:
    """A service and a client for it."""

    url: str
    client: httpx2.Client
    port: int
    server: uvicorn.Server | None

    def stop(self) -> None:
        """As SIGTERM does."""
        assert self.server is not None
        self.server.should_exit = True

    def post(self, event_type: str, payload: Any, **more: Any) -> httpx2.Response:
        """Deliver a payload as GitHub would, signed."""
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        return self.client.post("/metrics", content=body, headers=delivery_headers(event_type, body, **more))

    def get(self, path: str, **parameters: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


class _Server(Worker):
    def install_signal_handlers(self) -> None:
        """A thread may not."""


@contextmanager
def clone(server: str, template: str) -> Iterator[str]:
    """A database of a module's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield make_conninfo(server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def running(database: str, *, projector: bool = True, **environ: str) -> Iterator[Service]:
    """A service on a database, signed with SECRET unless METRICS_WEBHOOK_SECRET says otherwise."""
    settings = load_settings({"METRICS_WEBHOOK_SECRET": SECRET, **environ})
    stop = threading.Event()
    projections = Projector(database, active_projections(settings.extra_projections), decode)
    thread = threading.Thread(target=projections.run, args=[stop])
    if projector:
        thread.start()
    try:
        with _serving(settings, database) as service:
            yield service
    finally:
        stop.set()
        if projector:
            thread.join()


@contextmanager
def _serving(settings: Settings, database: str) -> Iterator[Service]:
    app = create_app(settings, database)
    server = _Server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=url, timeout=20) as client:
            yield Service(url, client, port, server)
    finally:
        server.should_exit = True
        thread.join()
