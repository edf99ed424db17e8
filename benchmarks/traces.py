"""What worker processes leave behind when they end, so that their memory can be read without asking in time."""

import atexit
import json
import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from projections.catalog import active_projections
from replay.projection import Projection


@dataclass(frozen=True)
class Trace:
    """One process. Moments are of the machine's monotonic clock, which all processes share."""

    began: float
    ended: float
    processor_seconds: float
    peak_mb: float


def load_traced(folder: str) -> Sequence[Projection]:
    """All projections; a worker process that loads them leaves a trace in `folder` at its end."""
    found = active_projections()
    if multiprocessing.parent_process() is not None:
        atexit.register(partial(_leave, folder, time.monotonic()))
    return found


def _leave(folder: str, began: float) -> None:
    trace = Trace(began, time.monotonic(), time.process_time(), peak_mb())
    (Path(folder) / f"{os.getpid()}.json").write_text(json.dumps(asdict(trace)))


def peak_mb() -> float:
    """The largest resident set of this process so far. Not ru_maxrss, which a child inherits from its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def traces(folder: str) -> list[Trace]:
    """Those of all processes that have ended."""
    return [Trace(**json.loads(path.read_text())) for path in sorted(Path(folder).glob("*.json"))]
