"""Every projection there is: a module of this package that holds a Projection adds it by being here."""

import difflib
import importlib
import pkgutil
import re
import sys
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


def optional_fault(name: str) -> str | None:
    """Why a name cannot be switched on; None if it can."""
    if any(projection.name == name for projection in active_projections()):
        return f"{name} is always on"
    optional = [projection.name for projection in all_projections() if projection.optional]
    if name in optional:
        return None
    nearest = difflib.get_close_matches(name, optional, n=1)
    hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(optional)}"
    return f"{name} is no optional projection: {hint}"


def described(projection: Projection) -> str:
    """What a projection holds, in a line: its `doc`, else what the first paragraph of its file says of it."""
    if projection.doc:
        return projection.doc
    text = (sys.modules[projection.rows.__module__].__doc__ or "").strip()
    parts = re.split(r"; (?=\w+: )", text.partition("\n\n")[0].replace("\n", " "))
    named = [part.removeprefix(f"{projection.name}: ") for part in parts if part.startswith(f"{projection.name}: ")]
    return (named or parts)[0]
