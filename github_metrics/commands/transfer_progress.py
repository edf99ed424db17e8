"""How far an export or import has come: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

PLAIN_SECONDS = 2.0
REDRAW_SECONDS = 0.1


class TransferProgress:
    """Writes to standard error: standard output may be the archive."""

    def __init__(self, verb: str, total: int | None) -> None:
        """`total` is in whatever unit `show` is told; None: unknown."""
        self._verb = verb
        self._total = total
        self._begun = time.monotonic()
        self._said = self._begun
        self._terminal = sys.stderr.isatty()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[place]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task(verb, total=total, place="")

    def __enter__(self) -> Self:
        if self._terminal:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            self._progress.stop()

    def show(self, done: int, events: int) -> None:
        """May be called for every event."""
        now = time.monotonic()
        if now - self._said < (REDRAW_SECONDS if self._terminal else PLAIN_SECONDS):
            return
        self._said = now
        place = f"{events:,} events  {events / max(now - self._begun, 0.001):,.0f} events/s"
        if self._terminal:
            self._progress.update(self._task, completed=done, place=place)
            return
        share = f"{100 * done / self._total:.0f} %  " if self._total else ""
        sys.stderr.write(f"{self._verb}: {share}{place}\n")
