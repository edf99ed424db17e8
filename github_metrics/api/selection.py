"""The parameters that an endpoint does not take, refused, and those of which it is not clear what they ask for: an
answer that passed over `users`, over the first of two times `status`, or over `repository` where `repositories` is
meant, would pass for theirs; and one for nobody for that for everybody.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any, get_args, get_origin

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

SELECTION = ("start_time", "end_time", "tz", "repositories", "users", "exclude_users", "actors")
"""By these every endpoint about events or work selects."""
HARMLESS = ("page", "page_size", "format", "min_position")
"""Without these an answer tells of the same."""
AUTHORS = "users"
"""Where `author` would be looked for, too."""


async def only_what_applies(request: Request) -> None:
    """A dependency. Raises RequestValidationError, which names each parameter that the endpoint does not take, that is
    empty, or that is given more than once where it has one value.
    """
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    fields = [
        field
        for field in get_flat_params(route.dependant)
        if not isinstance(field.field_info, (params.Path, params.Header))
    ]
    faults = [
        *unknown(request.query_params, {field.alias for field in fields}),
        *chain.from_iterable(
            _unclear(field.alias, field.field_info, request.query_params.getlist(field.alias)) for field in fields
        ),
    ]
    _refuse(faults)


def only_in_another_group(request: Request, names: Collection[str], group: str) -> None:
    """Raises RequestValidationError, which names those that are given."""
    said = f"This selects nothing with group={group}: leave it out, or ask for another group"
    _refuse({"type": "not_applicable", "loc": name, "msg": said} for name in names if name in request.query_params)


def _refuse(faults: Iterable[dict[str, str]]) -> None:
    found = {fault["loc"]: {**fault, "loc": ("query", fault["loc"])} for fault in faults}
    if found:
        raise RequestValidationError(list(found.values()))


def _unclear(name: str, field: FieldInfo, values: Sequence[str]) -> Iterator[dict[str, str]]:
    """Why it is not known what these values of a parameter ask for. Of one that prepares its values an empty one is as
    none.
    """
    if len(values) > 1 and not _takes_many(field.annotation):
        yield {"type": "repeated", "loc": name, "msg": "This takes one value, and is given more than once"}
    prepared = any(isinstance(one, BeforeValidator) for one in field.metadata)
    if not prepared and any(not value.strip() for value in values):
        yield {"type": "empty", "loc": name, "msg": "This has no value: give one, or leave it out"}


def _takes_many(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_takes_many, get_args(annotation)))


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
            meant = [AUTHORS] if name == "author" and AUTHORS in taken else get_close_matches(name, sorted(taken), 1)
            hint = f": did you mean {meant[0]}?" if meant else ""
            yield {"type": "unknown_parameter", "loc": name, "msg": f"There is no such parameter here{hint}"}
