"""The form in which every set of values is told: never a mean alone, and null for nothing."""

from typing import Any

from pydantic import BaseModel, Field

NAMES = ("median", "p75", "p90")
NAMES_WITH_P95 = (*NAMES, "p95")


class Statistics(BaseModel):
    """A set of values in numbers. Null where there are none."""

    count: int = Field(description="values that are known")
    median: float | None
    p75: float | None
    p90: float | None
    mean: float | None


class Durations(Statistics):
    """How long so many runs took, in seconds. Null where there are none."""

    p95: float | None


def rounded(value: float | None, digits: int) -> float | None:
    """`value` with so many decimals; None stays None."""
    return None if value is None else round(float(value), digits)


def statistics(told: dict[str, Any], *, unit: float = 1, digits: int = 1) -> dict[str, Any]:
    """The fields of Statistics from what projections.queries.statistics gives, in units of `unit` (3600: seconds to hours)."""
    quantiles = told["quantiles"] or [None] * len(NAMES)

    def scaled(value: float | None) -> float | None:
        return None if value is None else round(value / unit, digits)

    return {
        "count": told["count"],
        "mean": scaled(told["mean"]),
        **{name: scaled(value) for name, value in zip(NAMES, quantiles, strict=True)},
    }


def durations(told: dict[str, Any]) -> dict[str, Any]:
    """The fields of Durations from what projections.queries.statistics gives with p95."""
    *usual, p95 = told["quantiles"] or [None] * len(NAMES_WITH_P95)
    return {**statistics({**told, "quantiles": usual}), "p95": rounded(p95, 1)}


def named_statistics(name: str, told: dict[str, Any], *, unit: float = 1, digits: int = 1) -> dict[str, Any]:
    """The same as fields beside one another, as `avg_{name}`, `median_{name}`, `p75_{name}`, `p90_{name}` and
    `{name}_count`: where an older contract has the mean as a field of its own.
    """
    of = statistics(told, unit=unit, digits=digits)
    return {
        f"avg_{name}": of["mean"],
        **{f"{quantile}_{name}": of[quantile] for quantile in NAMES},
        f"{name}_count": of["count"],
    }
