"""Deliveries played against a receiver over real HTTP."""

import asyncio
from collections.abc import Callable, Iterable, Iterator

import httpx2
import msgspec

from replay.errors import MetricsError

from .delivery import Delivery

ATTEMPTS = 8
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0
TIMEOUT = 30.0
UNAVAILABLE = 503


class PlayError(MetricsError):
    """The receiver refused a delivery, or could not be reached in several attempts."""

    reason = "play"


class PlayReport(msgspec.Struct, frozen=True):
    """What was played: deliveries acknowledged, bytes of their bodies, and attempts that had to be repeated."""

    delivered: int
    body_bytes: int
    retried: int


async def play(
    url: str,
    deliveries: Iterable[Delivery],
    *,
    secret: str | None,
    concurrency: int = 32,
    on_delivered: Callable[[int], None],
) -> PlayReport:
    """Post every delivery, `concurrency` at a time and begun in order; `on_delivered` is told the count so far.

    503 and lost connections are tried again for about twenty seconds; any other refusal ends the play with PlayError.
    """
    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    async with httpx2.AsyncClient(limits=limits, timeout=TIMEOUT) as client:
        player = _Player(client, url, secret, iter(deliveries), on_delivered)
        senders = [asyncio.create_task(player.play()) for _ in range(concurrency)]
        try:
            await asyncio.gather(*senders)
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
    return PlayReport(player.delivered, player.body_bytes, player.retried)


class _Player:
    """What the concurrent senders share: one source of deliveries, one count."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        url: str,
        secret: str | None,
        deliveries: Iterator[Delivery],
        on_delivered: Callable[[int], None],
    ) -> None:
        self._client, self._url, self._secret = client, url, secret
        self._deliveries, self._on_delivered = deliveries, on_delivered
        self.delivered = self.body_bytes = self.retried = 0

    async def play(self) -> None:
        for delivery in self._deliveries:
            await self._deliver(delivery)
            self.delivered += 1
            self.body_bytes += len(delivery.body)
            self._on_delivered(self.delivered)

    async def _deliver(self, delivery: Delivery) -> None:
        headers = delivery.headers(self._secret)
        pause, trouble = FIRST_PAUSE, ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self.retried += 1
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            try:
                response = await self._client.post(self._url, content=delivery.body, headers=headers)
            except httpx2.TransportError as error:
                trouble = repr(error)
                continue
            if response.is_success:
                return
            trouble = f"{response.status_code} {response.text[:200]}"
            if response.status_code != UNAVAILABLE:
                break
        raise PlayError(f"{self._url} refused {delivery.event_type} {delivery.delivery_id}: {trouble}")
