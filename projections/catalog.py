"""Every projection there is: a module of this package that holds a Projection adds it by being here."""

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

import projections
from replay.projection import Projection


@cache
def all_projections() -> tuple[Projection, ...]:
    """All of them, by name, optional ones included."""
    found: dict[str, Projection] = {}
    for module in pkgutil.iter_modules(projections.__path__):
        loaded = importlib.import_module(f"projections.{module.name}")
        found |= {value.name: value for value in vars(loaded).values() if isinstance(value, Projection)}
    return tuple(found[name] for name in sorted(found))


def active_projections(extra: Iterable[str] = ()) -> tuple[Projection, ...]:
    """Those that run: all but the optional ones that `extra` does not name."""
    named = set(extra)
    return tuple(projection for projection in all_projections() if not projection.optional or projection.name in named)
