"""The figures of a replay, side by side in one run: its rate beside the floor, its memory, its swap, its readers.

    uv run python -m benchmarks.replay [--events N] [--rounds N] [--large] [--quick]

docs/benchmarks.md says what each figure means.
"""

import argparse
import time

from benchmarks import figures, floor, history
from benchmarks.figures import Seen
from benchmarks.machine import describe, describe_postgres, table
from benchmarks.playbacks import Run, drop_retired, replayed
from benchmarks.reading import Reader
from benchmarks.stage import connected, data_directory, database
from benchmarks.targets import Target, targets_table
from replay import rebuild

FEW = 100_000
"""The memory of a worker is measured at so many events, and at all."""
QUIET_SECONDS = 2.0
"""How long the reader reads while nothing else is done, for comparison."""


def main() -> None:
    events, rounds = _arguments()
    began = time.monotonic()
    print(describe(), flush=True)
    with data_directory() as data_dir, database(data_dir) as conninfo:
        targets = measure(conninfo, events=events, rounds=rounds)
    print(f"\n== targets ==\n\n{targets_table(targets)}\n\n{time.monotonic() - began:.0f} s")


def _arguments() -> tuple[int, int]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--events", type=int, default=200_000, help="in the log [200000]")
    parser.add_argument("--rounds", type=int, help="whose medians are shown [3; 1 with --quick and --large]")
    parser.add_argument("--large", action="store_true", help="1,000,000 events")
    parser.add_argument("--quick", action="store_true", help="20,000 events, one round: not for publication")
    given = parser.parse_args()
    events = 20_000 if given.quick else 1_000_000 if given.large else given.events
    return events, given.rounds or (1 if given.quick or given.large else 3)


def measure(conninfo: str, *, events: int, rounds: int) -> list[Target]:
    """Print everything; the targets at the end."""
    _fill(conninfo, events)
    few = replayed(conninfo, workers=2, events=min(FEW, events // 2))
    seen = Seen()
    for _ in range(rounds):
        _round(conninfo, events, seen)
    print(f"\n== rate ==\n\n{_medians(rounds)}\n\n{figures.rates(seen, events)}")
    runs = [run for workers in seen.runs for run in seen.runs[workers]]
    print(f"\n{figures.parts(runs)}\n\n{figures.copies(seen.copies)}", flush=True)
    beside, reader = _beside_reader(conninfo, events)
    print(f"\n== memory ==\n\n{figures.memory([few, *runs])}")
    print(f"\n== swap ==\n\n{figures.swaps([*runs, beside])}")
    return figures.targets(seen, few, [*runs, beside], reader.failures)


def _medians(rounds: int) -> str:
    return "one round" if rounds == 1 else f"medians of {rounds} interleaved rounds"


def _fill(conninfo: str, events: int) -> None:
    with connected(conninfo) as connection:
        print(describe_postgres(conninfo))
        before = time.monotonic()
        body = history.fill(connection, events)
        taken, size = time.monotonic() - before, history.size_on_disk(connection) / 1e6
        print(f"{events:,} simulated events of the default mix, bodies of {body:,.0f} bytes on average;")
        print(f"a log of {size:,.0f} MB, appended in {taken:.0f} s; replays and copies with {rebuild.OPTIONS};")
        print(f"batches of {rebuild.BATCH:,} events", flush=True)


def _round(conninfo: str, events: int, seen: Seen) -> None:
    """The floor before and after each replay, so that a noisy neighbour hits both."""
    for workers in (1, 2):
        _read(conninfo, events, workers, seen)
        seen.runs.setdefault(workers, []).append(replayed(conninfo, workers=workers, events=events))
        drop_retired(conninfo)
        _read(conninfo, events, workers, seen)
        seen.copies.append(floor.copied(conninfo))


def _read(conninfo: str, events: int, processes: int, seen: Seen) -> None:
    for way in (floor.BARE, floor.OURS):
        taken = floor.read_seconds(conninfo, events, processes=processes, way=way)
        seen.reads.setdefault((way, processes), []).append(taken)


def _beside_reader(conninfo: str, events: int) -> tuple[Run, Reader]:
    """A replay by 2 workers while somebody reads without pause, which costs it a part of a core."""
    with Reader(conninfo, events) as reader:
        time.sleep(QUIET_SECONDS)
        began = time.monotonic()
        run = replayed(conninfo, workers=2, events=events)
        ended = time.monotonic()
    building, (swapping, swapped) = run.swapped[0], run.swapped
    rows = [
        reader.row("before the replay", began - QUIET_SECONDS, began),
        reader.row("while it builds", began, building),
        reader.row("while it swaps", swapping, swapped),
        reader.row("replay and swap", began, ended),
    ]
    print(f"\n== readers ==\n\none reader without pause; the replay beside it: {run.per_second:,.0f} events/s\n")
    print(table(["", "reads", "p50 ms", "p99 ms", "longest ms"], rows))
    print(f"{len(reader.failures)} reads failed{': ' if reader.failures else ''}{'; '.join(reader.failures[:3])}")
    return run, reader
