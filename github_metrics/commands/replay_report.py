"""What `replay` and `verify` have found, as lines for a person or as JSON objects for a program."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import typer

from github_metrics.counts import counted
from replay.headlines import Change, Moved
from replay.verify import BUCKETS, Difference, Verdict

SAID = {
    "missing": "only in the live table: the log does not give it",
    "added": "missing from the live table: the log gives it",
    "changed": "changed",
}
"""What a kind of difference is called, to a person who asks what is wrong with the live table."""


class Report:
    """Prints on standard output."""

    def __init__(self, *, json: bool) -> None:
        self._json = json

    def say(self, text: str, fields: dict[str, Any]) -> None:
        """A line, or an object."""
        # Not orjson: column names are a subclass of str, and numbers may exceed 64 bits.
        typer.echo(json.dumps(fields, default=str, ensure_ascii=False) if self._json else text)

    def not_compared(self, projection: str, why: str) -> None:
        """There is nothing to compare with."""
        self.say(f"{projection}: not compared, {why}", {"not_compared": {"projection": projection, "why": why}})

    def verdict(self, verdict: Verdict) -> None:
        """How one projection compares; what it parked otherwise apart."""
        count = len(verdict.differing_buckets)
        text = "equals the log" if verdict.equal else f"DIFFERS in {count} of {BUCKETS} buckets"
        line = f"{verdict.projection}: {counted(verdict.rows, 'row')} at position {verdict.position}, {text}"
        self.say(line, {"verdict": {**asdict(verdict), "equal": verdict.equal}})
        if verdict.parked_differently and not self._json:
            positions = ", ".join(map(str, verdict.parked_differently))
            typer.echo(f"{verdict.projection}: parked by only one of the two: the events at {positions}")

    def differences(self, projection: str, found: Iterable[Difference], first: int | None) -> None:
        """The first rows that differ, or all, and how many more there are."""
        more = 0
        for number, difference in enumerate(found):
            if first is None or number < first:
                self._difference(difference)
            else:
                more += 1
        if more:
            rows = counted(more, "more row")
            self.say(f"    and {rows}: `verify {projection} --all` shows all", {"projection": projection, "more": more})

    def _difference(self, difference: Difference) -> None:
        key = ", ".join(f"{name} {value}" for name, value in difference.key.items())
        line = f"{difference.projection}: row {key} is {SAID[difference.kind]}"
        if difference.kind == "changed":
            cells = (f"{name}: live {live!r}, from the log {own!r}" for name, (live, own) in difference.columns.items())
            line += "".join(f"\n    {cell}" for cell in cells)
        self.say(line, {"difference": asdict(difference)})

    def change(self, change: Change) -> None:
        """What a new generation changes in one table."""
        columns = ", ".join(f"{name} ({count})" for name, count in change.columns.items())
        line = f"{change.projection}: {counted(change.added, 'row')} added, {change.missing} removed, {change.changed} changed"
        self.say(f"{line}{': ' + columns if columns else ''}", {"change": asdict(change)})

    def numbers(self, moved: Sequence[Moved]) -> None:
        """The headline numbers that move."""
        for number in moved:
            by = None if number.old is None or number.new is None else number.new - number.old
            text = f"{number.repository} {number.metric}: {number.old} -> {number.new}"
            fields = {"number": {**asdict(number), "difference": by}}
            self.say(f"{text} ({by if by is None else f'{by:+g}'})", fields)
        if not moved:
            self.say("No headline number moves.", {"numbers": []})
