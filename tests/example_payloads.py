"""GitHub's own example payloads, as tests read them."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

EXAMPLES = Path(__file__).parent / "payloads" / "api.github.com" / "index.json"


@cache
def _events() -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = orjson.loads(EXAMPLES.read_bytes())
    return events


def example_payloads() -> list[tuple[str, dict[str, Any]]]:
    """(event name, payload) of every example, in the package's order; the payloads are shared: do not change them."""
    return [(event["name"], payload) for event in _events() for payload in event["examples"]]
