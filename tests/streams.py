"""Readers of live streams, as a browser reads them."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from tests.events import payload
from tests.service import Service

STREAM = "/api/metrics/stream"


@dataclass
class Frame:
    """A server-sent event, as the standard has it read: one without data moves only the last id."""

    last_id: str
    name: str = "message"
    data: str = ""

    @property
    def json(self) -> Any:
        return orjson.loads(self.data)


@dataclass
class Reader:
    """One connection to the stream. `last_id` is what a browser would resume from."""

    answer: httpx2.Response
    last_id: str = ""
    comments: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.frames = self._frames()

    def _frames(self) -> Iterator[Frame]:
        """Every event that has data, until the stream ends."""
        name, data = "message", []
        for line in self.answer.iter_lines():
            kind, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line == "":
                if data:
                    yield Frame(self.last_id, name, "\n".join(data))
                name, data = "message", []
            elif kind == "":
                self.comments.append(value)
            elif kind == "id":
                self.last_id = value
            elif kind == "event":
                name = value
            elif kind == "data":
                data.append(value)

    def take(self, count: int) -> list[Any]:
        """The next messages."""
        return [next(self.frames).json for _ in range(count)]


NARROW = 2**16
"""Bytes that the kernel holds of what a reader has not taken yet."""


def narrow(service: Service) -> None:
    """Let connections that come from now on hold little, so that a reader is soon a slow one."""
    assert service.server is not None
    for listener in service.server.servers[0].sockets:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW)


def post_much(service: Service, count: int = 40) -> int:
    """Events of 100 kB each; the position of the last, once it is projected."""
    answers = [service.post("push", payload("x" * 100_000, after=f"{n:040}")) for n in range(count)]
    last = int(answers[-1].headers["X-Log-Position"])
    service.get("/api/metrics/webhooks", min_position=last, page_size=1)
    return last


@contextmanager
def reading(service: Service, *, headers: dict[str, str] | None = None, **parameters: Any) -> Iterator[Reader]:
    """A connection that is open: the server has said from where on it tells."""
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)]
    with (
        httpx2.Client(transport=httpx2.HTTPTransport(verify=False, socket_options=options), timeout=20) as client,
        client.stream("GET", service.url + STREAM, params=parameters, headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        yield Reader(answer)


def positions(messages: list[Any]) -> list[int]:
    return [message["position"] for message in messages]
