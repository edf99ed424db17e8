"""Durations in buckets, so that percentiles of millions need no sorting.

A bucket is named by the least duration in it, in whole microseconds, and is at most 4 % wide: its middle is within 2 %
of everything in it. Up to 25 microseconds each duration is a bucket of its own.
"""

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate
from typing import TypeVar

Number = TypeVar("Number", int, float)

LONGEST_US = 10**12
"""Twelve days: what takes longer counts as this long."""


def _bounds() -> tuple[int, ...]:
    found = [0]
    while found[-1] < LONGEST_US:
        found.append(max(found[-1] + 1, found[-1] * 104 // 100))
    return tuple(found)


BOUNDS = _bounds()


def bucket(microseconds: int) -> int:
    """The bucket of a duration; a negative one, from a clock that was set back, is none at all: 0."""
    return BOUNDS[max(bisect_right(BOUNDS, microseconds) - 1, 0)]


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The duration in microseconds below which a share of them lies; None of nothing. `counts`: by bucket."""
    return percentile_of({_middle(name): count for name, count in counts.items()}, share)


def percentile_of(counts: Mapping[Number, int], share: float) -> float | None:
    """The value below which a share of them lies, between two as PostgreSQL's percentile_cont has it; None of nothing.
    `counts`: how often each value occurs.
    """
    ordered = sorted(value for value, count in counts.items() if count > 0)
    ends = list(accumulate(counts[value] for value in ordered))
    if not ends:
        return None
    place = share * (ends[-1] - 1)
    below = ordered[bisect_right(ends, int(place))]
    above = ordered[bisect_right(ends, min(int(place) + 1, ends[-1] - 1))]
    return below + (above - below) * (place - int(place))


def interpolated(below: int, above: int, place: float) -> float:
    """The duration in microseconds at a place between two of which the buckets are known."""
    return _middle(below) + (_middle(above) - _middle(below)) * (place - int(place))


def _middle(name: int) -> float:
    after = bisect_right(BOUNDS, name)
    return (name + BOUNDS[after] - 1) / 2 if after < len(BOUNDS) else float(name)
