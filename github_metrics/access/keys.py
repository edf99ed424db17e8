"""API keys, and the tickets that stand for them in a browser's cookie.

A ticket says until when it is good, and is signed with a key. So every worker knows it, after a restart too; it is not
the key; and it is worth nothing once its key is taken out of the settings. Nothing is kept of it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

COOKIE = "github_metrics_ticket"
GOOD_SECONDS = 30 * 24 * 3600
MEANING = b"github-metrics ticket 1: "
"""What is signed means nothing elsewhere, should somebody use a key for something else."""


class Keys:
    """The keys of the settings. Whatever is given is compared with every one of them, in constant time."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._keys)

    def has(self, given: str) -> bool:
        """Whether it is one of the keys."""
        matches = [secrets.compare_digest(given.encode(), key) for key in self._keys]
        return any(matches)

    def has_ticket(self, given: str, now: float) -> bool:
        """Whether it is a ticket for one of the keys, and still good at `now`, in seconds since 1970."""
        until, _, signature = given.partition(".")
        matches = [secrets.compare_digest(signature.encode(), _signature(key, until)) for key in self._keys]
        return any(matches) and int(until) > now


def ticket(key: str, now: float) -> str:
    """A ticket for a key, good from `now` on."""
    until = str(int(now) + GOOD_SECONDS)
    return f"{until}.{_signature(key.encode(), until).decode()}"


def _signature(key: bytes, until: str) -> bytes:
    return hmac.new(key, MEANING + until.encode(), hashlib.sha256).hexdigest().encode()
