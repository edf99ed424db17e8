"""The figures of ingestion, side by side in one run: acknowledgement, disk, append and projection.

    uv run python -m benchmarks.ingest [--seconds N] [--quick]

docs/benchmarks.md says what each figure means.
"""

import argparse
import time
from collections.abc import Callable

from benchmarks import acknowledgement, append, disk, latency
from benchmarks.machine import describe
from benchmarks.targets import Target, targets_table

Part = Callable[[], list[Target]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=int, default=2, help="of each load [2]")
    parser.add_argument("--quick", action="store_true", help="one short round of everything: not for publication")
    parser.add_argument("--only", choices=["acknowledgement", "disk", "append", "latency"], action="append")
    given = parser.parse_args()
    began = time.monotonic()
    print(describe())
    targets: list[Target] = []
    for name, part in _parts(given.seconds, quick=given.quick).items():
        if not given.only or name in given.only:
            print(f"\n== {name} ==\n", flush=True)
            targets += part()
    print(f"\n== targets ==\n\n{targets_table(targets)}\n\n{time.monotonic() - began:.0f} s")


def _parts(seconds: int, *, quick: bool) -> dict[str, Part]:
    if quick:
        return {
            "acknowledgement": lambda: acknowledgement.measure(seconds=1, rounds=1),
            "disk": lambda: disk.measure(events=2_000),
            "append": lambda: append.measure(events=2_048, rounds=1),
            "latency": lambda: latency.measure(seconds=1),
        }
    return {
        "acknowledgement": lambda: acknowledgement.measure(seconds=seconds, rounds=3),
        "disk": lambda: disk.measure(events=24_000),
        "append": lambda: append.measure(events=4_096, rounds=5),
        "latency": lambda: latency.measure(seconds=4 * seconds),
    }


if __name__ == "__main__":
    main()
