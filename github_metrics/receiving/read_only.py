"""A service over the past takes nothing in."""

from github_metrics.api.problems import ReadOnly
from github_metrics.receiving.intake import Refusal
from github_metrics.receiving.receiver import Receive, Receiver, Scope
from replay.event import Appended, Delivery

MESSAGE = "this service only reads, from the log as it was: send it to the one that takes deliveries"


class ReadOnlyAppender:
    """In the place of the way into the log."""

    async def append(self, delivery: Delivery) -> Appended:
        """Raises ReadOnly."""
        raise ReadOnly(f"{MESSAGE} ({delivery.event_type})")


class ReadOnlyReceiver(Receiver):
    """Refuses every delivery, before looking at it."""

    async def _take(self, scope: Scope, receive: Receive) -> tuple[Delivery, Appended]:
        if scope["method"] != "POST":
            return await super()._take(scope, receive)
        raise Refusal(503, ReadOnly.reason, MESSAGE)
