"""Dictionaries that never saw what they are measured on.

GitHub's example events are split into two halves by family (all `pull_request…` events are one family, all
`check_…`, all `workflow_…`, and so on, for they hold the same objects). A dictionary is trained on each half, and
an event is compressed with the one of the other half.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.deliveries import Stored
from benchmarks.train_dictionary import EXAMPLES
from replay.compression import Compressor, train

BATCH = 128


def family(event_type: str) -> str:
    """`pull` of pull_request_review, `issue` of issues."""
    return event_type.split("_", maxsplit=1)[0].removesuffix("s")


@dataclass(frozen=True)
class HeldOut:
    """A dictionary, the families it was trained on, and how it compresses the others."""

    trained_on: frozenset[str]
    dictionary: bytes

    def others(self, deliveries: Iterable[Stored]) -> list[Stored]:
        """The deliveries whose family it never saw."""
        return [one for one in deliveries if family(one.simulated.event_type) not in self.trained_on]

    def compressor(self) -> Compressor:
        return Compressor(self.dictionary)


def halves() -> tuple[HeldOut, HeldOut]:
    """Every second family, by the alphabet, is in the first half."""
    events = json.loads(EXAMPLES.read_bytes())
    families = sorted({family(event["name"]) for event in events})
    return _trained(events, families[::2]), _trained(events, families[1::2])


def _trained(events: list[dict[str, object]], families: list[str]) -> HeldOut:
    samples = [
        json.dumps(example, separators=(",", ":"), ensure_ascii=False).encode()
        for event in events
        if family(str(event["name"])) in families
        for example in event["examples"]  # type: ignore[attr-defined]
    ]
    return HeldOut(frozenset(families), train(samples))
