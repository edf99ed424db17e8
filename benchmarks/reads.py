"""How long each endpoint takes, over all time and over seven days, and how that grows with the history.

    uv run python -m benchmarks.reads [--quick] [--large] [--requests N] [--only OPERATION] [--reported N]
        [--keep DIR]

docs/benchmarks.md says what each figure means.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx2

from benchmarks.endpoints import Asked, asked, known
from benchmarks.machine import describe, percentile, table
from benchmarks.projected import add_keep, projected
from benchmarks.reported_history import REPORTED
from benchmarks.stage import connected, database, serving, wait_until
from benchmarks.targets import Target, targets_table

SMALL, MILLION, TEN_MILLION = 100_000, 1_000_000, 10_000_000
ROLLED_UP = {"get_metrics_summary", "get_repository_statistics", "get_metrics_trends", "get_webhook_events"}
"""The operations whose cost is not to grow with history."""
GROWTH = 2.0
BOUNDS = {SMALL: (50, 150), MILLION: (50, 150), TEN_MILLION: (100, 1_000)}
"""Milliseconds at p95, by the events of the history: of these, and of the rest."""


@dataclass(frozen=True)
class Taken:
    """What the requests for one operation took, in milliseconds, over one kind of window."""

    operation: str
    window: str
    events: int
    milliseconds: tuple[float, ...]
    statuses: tuple[int, ...]
    kilobytes: float

    @property
    def median(self) -> float:
        return percentile(self.milliseconds, 0.5)

    @property
    def p95(self) -> float:
        return percentile(self.milliseconds, 0.95)

    @property
    def failed(self) -> int:
        return sum(status != 200 for status in self.statuses)


def main() -> None:
    given = _arguments()
    sizes = [SMALL] if given.quick else [SMALL, MILLION, TEN_MILLION] if given.large else [SMALL, MILLION]
    requests = given.requests or (10 if given.quick else 40)
    began = time.monotonic()
    print(describe(), flush=True)
    taken: list[Taken] = []
    for events in sizes:
        taken += measured(events, requests, given.only or (), given.keep, given.reported)
    print(f"\n== targets ==\n\n{targets_table(targets(taken, sizes))}\n\n{time.monotonic() - began:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="100,000 events, ten requests: not for publication")
    parser.add_argument("--large", action="store_true", help="10,000,000 events too: takes hours and 35 GB")
    parser.add_argument("--requests", type=int, help="for each operation and window [40; 10 with --quick]")
    parser.add_argument("--only", action="append", help="an operation id, repeatable [all that read]")
    parser.add_argument(
        "--reported", type=int, default=REPORTED, metavar="N", help=f"one event in N has a usage report [{REPORTED}]"
    )
    add_keep(parser)
    return parser.parse_args()


def measured(events: int, requests: int, only: Sequence[str], keep: Path | None, reported: int) -> list[Taken]:
    """Ask everything of a history of so many events, and print what that took."""
    with (
        projected(events, keep, reported) as data_dir,
        database(data_dir) as conninfo,
        connected(conninfo) as connection,
        serving(data_dir) as url,
        httpx2.Client(base_url=url, timeout=120) as client,
    ):
        wait_until(lambda: _answers(client))
        questions = asked(client.get("/openapi.json").json(), known(connection), requests)
        found = [_taken(client, question, events) for question in questions if not only or question.of in only]
    print(table(HEAD, [row(one) for one in found]), flush=True)
    return found


HEAD = ("", "window", "p50 ms", "p95 ms", "kB", "not 200")


def row(one: Taken) -> list[str]:
    """A line of the table of figures."""
    figures = [f"{value:,.1f}" for value in (one.median, one.p95, one.kilobytes)]
    return [one.operation, one.window, *figures, str(one.failed)]


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def _taken(client: httpx2.Client, question: Asked, events: int) -> Taken:
    """One after the other; the first two are not counted: they find connections and caches cold."""
    milliseconds, statuses, size = [], [], 0
    for path, parameters in [*question.requests[:2], *question.requests]:
        before = time.perf_counter()
        answer = client.get(f"{path}?{urlencode(parameters)}")
        milliseconds.append(1000 * (time.perf_counter() - before))
        statuses.append(answer.status_code)
        size += len(answer.content)
    return Taken(
        question.of,
        question.window,
        events,
        tuple(milliseconds[2:]),
        tuple(statuses[2:]),
        size / len(statuses) / 1000,
    )


def targets(taken: Sequence[Taken], sizes: Sequence[int]) -> list[Target]:
    """The slowest of each group, at each size; and the growth of those that are not to grow."""
    found = []
    for events in sizes:
        for rolled_up, bound in zip((True, False), BOUNDS[events], strict=True):
            group = [one for one in taken if one.events == events and (one.operation in ROLLED_UP) == rolled_up]
            if group:
                slowest = max(group, key=lambda one: one.p95)
                name = f"p95 at {events:,}, {'rolled up' if rolled_up else 'the rest'}: {slowest.operation}"
                found.append(Target(name, bound, slowest.p95, "ms"))
    if len(sizes) > 1:
        found += [_growth(taken, name, window) for name in sorted(ROLLED_UP) for window in ("all time", "7 days")]
    failed = sum(one.failed for one in taken)
    return [*found, Target("answers that are not 200", 0, failed, "")]


def _growth(taken: Sequence[Taken], operation: str, window: str) -> Target:
    medians = {one.events: one.median for one in taken if (one.operation, one.window) == (operation, window)}
    ratio = medians[MILLION] / medians[SMALL] if len(medians) > 1 else 0.0
    return Target(f"growth from {SMALL:,} to {MILLION:,}: {operation}, {window}", GROWTH, ratio, "times")


if __name__ == "__main__":
    main()
