"""An event as live streams tell of it, and the stretch of the log that was told last."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile

import orjson

from github_metrics.api.webhooks import WebhookEvent, event_fields
from replay.snapshot import Record

RECENT_UPDATES = 2_000
RECENT_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Update:
    """One event: its row of the listing, for filters, and its message, written once for all who listen."""

    position: int
    row: Record
    message: bytes


def update(row: Record, now: datetime) -> Update:
    """What is said of an event that was found projected at `now`."""
    status = row["status"]
    delta = {
        "total_events": 1,
        "successful_events": int(status == "success"),
        "failed_events": int(status != "success"),
        "partial_events": int(status == "partial"),
    }
    event = WebhookEvent.model_validate(event_fields(row)).model_dump_json().encode()
    message = {
        "type": "metric_update",
        "timestamp": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "position": row["position"],
        "data": {"event": orjson.Fragment(event), "summary_delta": delta},
    }
    told = {name: row[name] for name in ("repository_id", "repository", "event_type", "status")}
    return Update(row["position"], told, orjson.dumps(message))


class Recent:
    """All events after position `begin` up to `end`, so far as memory is granted to them: `begin` follows."""

    def __init__(self) -> None:
        self.begin = 0
        self.end = 0
        self._updates: deque[Update] = deque()
        self._bytes = 0

    def restart(self, position: int) -> None:
        """Forget all, and go on from a position."""
        self.begin = self.end = position
        self._updates.clear()
        self._bytes = 0

    def extend(self, updates: Iterable[Update], reached: int) -> None:
        """Add what follows, of which `reached` is the end. What is known already is passed over."""
        for new in updates:
            if new.position > self.end:
                self._updates.append(new)
                self._bytes += len(new.message)
                self.end = new.position
        self.end = max(self.end, reached)
        while len(self._updates) > RECENT_UPDATES or self._bytes > RECENT_BYTES:
            oldest = self._updates.popleft()
            self._bytes -= len(oldest.message)
            self.begin = oldest.position

    def after(self, position: int, limit: int) -> list[Update]:
        """The first `limit` after a position that is not before `begin`."""
        newest_first = list(takewhile(lambda known: known.position > position, reversed(self._updates)))
        return list(islice(reversed(newest_first), limit))
