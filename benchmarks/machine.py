"""What the figures were measured on, and how a table of them is printed."""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import psycopg


def describe() -> str:
    """Processor, cores, memory, what else runs, the disk, Python."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    lines = [
        f"{model.partition(':')[2].strip()}, {cores} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}",
        f"load average before the run {os.getloadavg()[0]:.2f} (other programs); fdatasync of 8 kB {_sync_ms():.2f} ms",
        f"Python {platform.python_version()}",
    ]
    return "\n".join(lines)


def _sync_ms() -> float:
    """The median of fifty, in the directory for temporary files, where the databases are made."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            file.write(b"x" * 8192)
            file.flush()
            before = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - before)
    return 1000 * statistics.median(taken)


def describe_postgres(conninfo: str) -> str:
    """Its version, and its settings that decide about durability."""
    with psycopg.connect(conninfo) as connection:
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "wal_compression")
        values = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    return "PostgreSQL " + ", ".join(f"{n} {v[0] if v else '?'}" for n, v in zip(names, values, strict=True))


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Columns aligned to the right, the first to the left."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in cells)
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; 0.0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
