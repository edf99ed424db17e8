"""The parameters that an endpoint does not take, refused: an answer that passed over `users`, or over `repository` where
`repositories` is meant, would pass for theirs.
"""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

SELECTION = ("start_time", "end_time", "tz", "repositories", "users", "exclude_users", "actors")
"""By these every endpoint about events or work selects."""
HARMLESS = ("page", "page_size", "format", "min_position")
"""Without these an answer tells of the same."""


async def only_what_applies(request: Request) -> None:
    """A dependency. Raises RequestValidationError, which names each parameter that the endpoint does not take."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    faults = list(unknown(request.query_params, {field.alias for field in get_flat_params(route.dependant)}))
    if faults:
        raise RequestValidationError([{**fault, "loc": ("query", fault["loc"])} for fault in faults])


def unknown(
    given: Collection[str], taken: Collection[str], harmless: Collection[str] = HARMLESS
) -> Iterator[dict[str, str]]:
    """What is wrong with each name that is given and neither taken nor harmless: `type`, `loc` and `msg`."""
    names = [*(name for name in SELECTION if name in given), *(name for name in given if name not in SELECTION)]
    for name in dict.fromkeys(names):
        if name in taken or name in harmless:
            continue
        if name in SELECTION:
            yield {"type": "not_applicable", "loc": name, "msg": "This selects nothing here: leave it out"}
        else:
            meant = get_close_matches(name, sorted(taken), 1)
            hint = f": did you mean {meant[0]}?" if meant else ""
            yield {"type": "unknown_parameter", "loc": name, "msg": f"There is no such parameter here{hint}"}
