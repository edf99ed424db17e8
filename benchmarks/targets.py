"""What was to be reached, and what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.machine import table


@dataclass(frozen=True)
class Target:
    """A figure with its bound. `least`: the figure is to be at least the bound, else below it."""

    name: str
    bound: float
    seen: float
    unit: str
    least: bool = False

    @property
    def met(self) -> bool:
        return self.seen >= self.bound if self.least else self.seen <= self.bound

    def row(self) -> list[str]:
        """Target, seen, met."""
        sign = "≥" if self.least else "≤"
        bound = f"{sign} {self.bound:g} {self.unit}"
        return [self.name, bound, f"{self.seen:.1f} {self.unit}", "yes" if self.met else "NO"]


def targets_table(targets: Sequence[Target]) -> str:
    """The last word of a run."""
    return table(["figure", "target", "seen", "met"], [target.row() for target in targets])
