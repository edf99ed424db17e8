"""What the objects of GitHub's payloads have in common, and the small ones that stand inside the others.

An integer is at most 64 bits wide, a count so small that counts can be added up, a time has a zone and lies between
1970 and 2200; what does not fit is refused here and then read tolerantly, as null, by `projections.decode`.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Time = Annotated[datetime, Meta(tz=True)]
FIRST_YEAR, LAST_YEAR = 1970, 2200


def plausible(at: datetime) -> bool:
    """Whether a time can be GitHub's: zero values such as year 1 mean that there is none."""
    return FIRST_YEAR <= at.year < LAST_YEAR


class Struct(msgspec.Struct, frozen=True, gc=False):
    """A JSON object."""


class Timed(Struct, frozen=True):
    """A JSON object with times, named in `times`: refused when one of them is not plausible."""

    times: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        for name, at in zip(self.times, _times(self.__class__)(self), strict=True):
            if at.__class__ is datetime and not FIRST_YEAR <= at.year < LAST_YEAR:
                raise ValueError(f"{name} is not a plausible time")


@cache
def _times(kind: type[Timed]) -> Callable[[Timed], tuple[Any, ...]]:
    """Gets all times of an object at once: there are several objects in each event of the log."""
    get = attrgetter(*kind.times)
    return get if len(kind.times) > 1 else lambda timed: (get(timed),)


class User(Struct, frozen=True):
    id: Int | None = None
    login: str | None = None
    type: str | None = None


class Team(Struct, frozen=True):
    id: Int | None = None
    slug: str | None = None
    name: str | None = None


class Repository(Timed, frozen=True):
    id: Int | None = None
    full_name: str | None = None
    private: bool | None = None
    archived: bool | None = None
    default_branch: str | None = None
    html_url: str | None = None
    created_at: Time | Int | None = None
    updated_at: Time | None = None
    pushed_at: Time | Int | None = None
    times: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "pushed_at")


class Label(Struct, frozen=True):
    name: str | None = None


class RepositoryReference(Struct, frozen=True):
    """A repository of which only its id is read."""

    id: Int | None = None


class Branch(Struct, frozen=True):
    """One end of a pull request. `repo` is null when a fork was deleted."""

    ref: str | None = None
    sha: str | None = None
    repo: RepositoryReference | None = None
