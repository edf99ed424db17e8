"""What the rounds of `benchmarks.replay` have measured, as tables and targets."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import floor
from benchmarks.machine import table
from benchmarks.playbacks import Run
from benchmarks.targets import Target


@dataclass
class Seen:
    """`runs` by workers; `reads`: seconds by way and processes."""

    runs: dict[int, list[Run]] = field(default_factory=dict)
    reads: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    copies: list[floor.Copied] = field(default_factory=list)

    def run(self, workers: int) -> Run:
        """The one of median time."""
        ordered = sorted(self.runs[workers], key=lambda run: run.seconds)
        return ordered[len(ordered) // 2]

    def reading(self, way: str, processes: int) -> float:
        return statistics.median(self.reads[way, processes])

    def copying(self) -> float:
        """Seconds of COPY into empty tables and of their indexes; the copy out is nothing that a replay needs."""
        return statistics.median(one.into + one.indexes for one in self.copies)

    def share(self, workers: int) -> float:
        """A replay's rate in per cent of its floor's."""
        return 100 * (self.reading(floor.BARE, workers) + self.copying()) / self.run(workers).seconds


def rates(seen: Seen, events: int) -> str:
    """Replay, floor and the parts of the floor, in seconds and events/s."""
    rows = []
    for count in sorted(seen.runs):
        bare, ours = (seen.reading(way, count) for way in (floor.BARE, floor.OURS))
        rows += [
            _rate(f"replay, {_count(count, 'worker')}", events, seen.run(count).seconds, seen.share(count)),
            _rate(f"floor: read by {_count(count, 'process', 'processes')}, COPY", events, bare + seen.copying(), 100),
            _rate("    reading, inflating, decoding", events, bare),
            _rate("    the same by LogReader", events, ours),
        ]
    rows.append(_rate("COPY of the finished tables, indexes", events, seen.copying()))
    return table(["", "s", "events/s", "of floor"], rows)


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number} {one if number == 1 else several or one + 's'}"


def _rate(name: str, events: int, seconds: float, share: float | None = None) -> list[str]:
    return [name, f"{seconds:.2f}", f"{events / seconds:,.0f}", "" if share is None else f"{share:.0f}%"]


def parts(runs: Sequence[Run]) -> str:
    """Where the time of each replay went."""
    head = ["replay", "starting s", "applying s", "indexes s", "in sum s", "events/s", "of it CPU s"]
    return table(
        head,
        (
            [
                _count(run.workers, "worker"),
                *(f"{seconds:.2f}" for seconds in (run.starting, run.applying, run.indexing, run.seconds)),
                f"{run.per_second:,.0f}",
                f"{run.processors:.2f}",
            ]
            for run in runs
        ),
    )


def copies(found: Sequence[floor.Copied]) -> str:
    """COPY of all tables, round by round."""
    head = ["finished tables", "rows", "MB", "COPY out s", "COPY in s", "indexes s"]
    rows = ([f"{c.rows:,}", f"{c.size / 1e6:.0f}", *(f"{s:.2f}" for s in (c.out, c.into, c.indexes))] for c in found)
    return table(head, ([f"round {number}", *row] for number, row in enumerate(rows, 1)))


def memory(runs: Sequence[Run]) -> str:
    """The largest resident set of each worker process."""
    return table(
        ["events", "workers", "peak MB of each"],
        ([f"{run.events:,}", str(run.workers), ", ".join(f"{peak:.0f}" for peak in run.peaks_mb)] for run in runs),
    )


def swaps(runs: Sequence[Run]) -> str:
    """How long each swap took, in milliseconds."""
    return table(
        ["swap after a replay by", "transaction ms", "in sum ms"],
        ([_count(run.workers, "worker"), f"{1000 * run.swap:.1f}", f"{1000 * run.handing_over:.1f}"] for run in runs),
    )


def targets(seen: Seen, few: Run, runs: Sequence[Run], failures: Sequence[str]) -> list[Target]:
    """`few`: the replay of a part of the log; `runs`: all those of the whole log."""
    peak, peak_of_few = max(max(run.peaks_mb) for run in runs), max(few.peaks_mb)
    return [
        *(
            Target(f"replay by {_count(n, 'worker')}, of its floor", 50, seen.share(n), "%", least=True)
            for n in seen.runs
        ),
        Target("replay by 2 workers, in all", 25_000, seen.run(2).per_second, "events/s", least=True),
        Target("largest worker", 300, peak, "MB"),
        Target(f"largest worker, of that at {few.events:,} events", 110, 100 * peak / peak_of_few, "%"),
        Target("swap, longest transaction", 250, 1000 * max(run.swap for run in runs), "ms"),
        Target("failed reads", 0, len(failures), ""),
    ]
