"""Names of projections as somebody has written them."""

import difflib
from collections.abc import Iterable

from replay.errors import UnknownProjection


def check_names(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises UnknownProjection for the first name that is not known, with the nearest that is."""
    there = sorted(known)
    for name in names:
        if name not in there:
            nearest = difflib.get_close_matches(name, there, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else f"known: {', '.join(there)}"
            raise UnknownProjection(f"{name} is no projection: {hint}")
