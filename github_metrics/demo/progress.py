"""How much of a demo's history is loaded: a bar, or lines where there is no terminal."""

from datetime import datetime
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_PLAIN_STEP = 0.1
_COLUMNS = (
    TextColumn("  Loading the history"),
    BarColumn(),
    TaskProgressColumn(),
    TextColumn("{task.fields[added]} events"),
    TimeRemainingColumn(),
)


class DemoProgress:
    """From `since` to `until`."""

    def __init__(self, since: datetime, until: datetime) -> None:
        """Shown when entered."""
        self._since, self._length = since, until - since
        self._next_line = _PLAIN_STEP
        console = Console()
        self._bar = Progress(*_COLUMNS, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("load", total=1.0, added=0)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Leave the terminal as it was; a history that is loaded is whole, though its last event came before its end."""
        if error is None:
            self._bar.update(self._task, completed=1.0)
        self._bar.stop()

    def show(self, reached: datetime, added: int) -> None:
        """The history is loaded up to here, with so many new events."""
        part = (reached - self._since) / self._length
        self._bar.update(self._task, completed=part, added=added)
        if self._bar.disable and part >= self._next_line:
            typer.echo(f"  Loading the history: {part:.0%}, {added} events")
            self._next_line = part + _PLAIN_STEP
