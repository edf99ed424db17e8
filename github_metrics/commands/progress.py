"""How far a replay has come, for a person at a terminal, for a log file, and for a program."""

import sys
import time
from typing import Any, Self

import orjson
from psycopg import Connection
from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from replay.replays import Phase, Replay, ranges

PLAIN_SECONDS = 2.0
RATE_SHARE = 0.3
"""How much the newest measurement weighs in the rate."""


class ReplayProgress:
    """Shows a replay: position of head, events/s, time left, parked so far, each worker; then the phases after that. On
    a terminal it redraws a few lines; elsewhere it prints a line now and then, or with `json` an object.
    """

    def __init__(self, connection: Connection[Any], *, json: bool) -> None:
        self._connection = connection
        self._json = json
        self._terminal = sys.stderr.isatty() and not json
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[place]}"),
            TimeRemainingColumn(compact=True),
        )
        console = Console(stderr=True)
        self._live = Live(self._progress, console=console, refresh_per_second=8)
        self._status = console.status("")
        self._whole = self._progress.add_task("replay", total=None, place="")
        self._workers: dict[int, TaskID] = {}
        self._rate = 0.0
        self._seen: tuple[float, int] | None = None
        self._said = 0.0
        self._printed = -1
        self._phase: str = Phase.EVENTS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pause()

    def pause(self) -> None:
        """Leave the terminal to others, until there is more to show."""
        self._live.stop()
        self._status.stop()

    def show(self, replay: Replay) -> None:
        """Called a few times a second."""
        if replay.phase != Phase.EVENTS:
            self._show_phase(replay)
            return
        if self._terminal:
            self._live.start()
        self._show_events(replay)

    def _show_phase(self, replay: Replay) -> None:
        """Every table but not every batch of catching up is worth a line."""
        if self._phase == Phase.EVENTS:
            self._show_events(replay)
        unit = "" if replay.phase == Phase.CATCHING_UP else " tables"
        place = f"{replay.phase}: {replay.phase_done:,} of {replay.phase_total:,}{unit}"
        place = place if replay.phase_total else replay.phase
        new, self._phase = replay.phase != self._phase, replay.phase
        if self._terminal:
            self._live.stop()
            self._status.update(place)
            self._status.start()
        elif new or time.monotonic() - self._said >= PLAIN_SECONDS:
            self._said = time.monotonic()
            self._print(replay, place)

    def _show_events(self, replay: Replay) -> None:
        self._measure(replay.events)
        place = f"{replay.done:,} of {replay.target:,}  {self._rate:,.0f} events/s  {replay.parked} parked"
        if self._terminal:
            self._progress.update(self._whole, total=replay.target, completed=replay.done, place=place)
            self._show_workers(replay.replay_id)
        elif replay.done != self._printed and (
            replay.done == replay.target or time.monotonic() - self._said >= PLAIN_SECONDS
        ):
            self._printed = replay.done
            self._said = time.monotonic()
            self._print(replay, place)

    def _print(self, replay: Replay, place: str) -> None:
        if not self._json:
            left = f", {self._left(replay):,.0f} s left" if self._rate and replay.phase == Phase.EVENTS else ""
            sys.stderr.write(f"replay {replay.replay_id}: {place}{left}\n")
            return
        fields = {
            "replay_id": replay.replay_id,
            "phase": replay.phase,
            "phase_done": replay.phase_done,
            "phase_total": replay.phase_total,
            "position": replay.done,
            "target": replay.target,
            "events_per_second": round(self._rate),
            "seconds_left": round(self._left(replay)) if self._rate else None,
            "parked": replay.parked,
        }
        sys.stdout.write(orjson.dumps({"progress": fields}).decode() + "\n")
        sys.stdout.flush()

    def _left(self, replay: Replay) -> float:
        return (replay.target - replay.done) / self._rate if self._rate else 0.0

    def _measure(self, events: int) -> None:
        now = time.monotonic()
        if self._seen is not None and now > self._seen[0]:
            newest = (events - self._seen[1]) / (now - self._seen[0])
            self._rate = newest if not self._rate else self._rate + RATE_SHARE * (newest - self._rate)
        self._seen = (now, events)

    def _show_workers(self, replay_id: int) -> None:
        for worker, part in ranges(self._connection, replay_id):
            if worker not in self._workers:
                self._workers[worker] = self._progress.add_task(f"  worker {worker}", total=None, place="")
            span = part.until - part.after
            place = f"range {part.number}: at {part.position:,}"
            self._progress.update(self._workers[worker], total=span, completed=part.position - part.after, place=place)
