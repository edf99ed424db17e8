"""The parameters by which every endpoint about events or work selects, refused where they mean nothing: an answer that
passed over `users` would pass for theirs.
"""

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

SELECTION = ("start_time", "end_time", "tz", "repositories", "users", "exclude_users", "actors")


async def only_what_applies(request: Request) -> None:
    """A dependency. Raises RequestValidationError, which names each parameter that the endpoint does not take."""
    given = [name for name in SELECTION if name in request.query_params]
    route = request.scope.get("route")
    if not given or not isinstance(route, APIRoute):
        return
    taken = {field.alias for field in get_flat_params(route.dependant)}
    faults = [
        {"type": "not_applicable", "loc": ("query", name), "msg": "This selects nothing here: leave it out"}
        for name in given
        if name not in taken
    ]
    if faults:
        raise RequestValidationError(faults)
