"""The key of a row, in a form that is cheap to hash, to compare and to sort: it is made for each row of the log."""

from collections.abc import Callable, Hashable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import UUID

from replay.errors import ProjectionError
from replay.merges import Row

KeyOf = Callable[[Row], Hashable]


def key_of(projection: str, columns: Sequence[Column[Any]]) -> KeyOf:
    """Gives the key of a row: a tuple, or the value itself where the key is one column. A UUID is represented by its
    number: to hash or to compare UUIDs runs Python code. Raises ProjectionError if a part of it is null, KeyError if
    one is missing.
    """
    get = itemgetter(*(column.name for column in columns))
    uuids = [isinstance(column.type, UUID) for column in columns]
    if len(columns) == 1:
        return _of_one(projection, get, uuid=uuids[0])
    if uuids[-1] and not any(uuids[:-1]):
        return _ending_in_uuid(projection, get)
    of_several = {2: _of_two, 3: _of_three}.get(len(columns), _of_more)(projection, get)
    if not any(uuids):
        return of_several
    return lambda row: tuple(part.int if uuid else part for part, uuid in zip(of_several(row), uuids, strict=True))


def _ending_in_uuid(projection: str, get: Callable[[Row], Any]) -> KeyOf:
    def of_uuid(row: Row) -> Hashable:
        *others, last = key = get(row)
        for part in key:
            if part is None:
                raise _lacking(projection, key)
        return *others, last.int

    return of_uuid


def _lacking(projection: str, key: Any) -> ProjectionError:
    return ProjectionError(f"a row of {projection} without a key: {key}")


def _of_one(projection: str, get: Callable[[Row], Any], *, uuid: bool) -> KeyOf:
    def of_one(row: Row) -> Hashable:
        key: Any = get(row)
        if key is None:
            raise _lacking(projection, key)
        return key.int if uuid else key  # type: ignore[no-any-return]

    return of_one


def _of_two(projection: str, get: Callable[[Row], Any]) -> Callable[[Row], tuple[Any, ...]]:
    def of_two(row: Row) -> tuple[Any, ...]:
        first, second = key = get(row)
        if first is None or second is None:
            raise _lacking(projection, key)
        return key  # type: ignore[no-any-return]

    return of_two


def _of_three(projection: str, get: Callable[[Row], Any]) -> Callable[[Row], tuple[Any, ...]]:
    def of_three(row: Row) -> tuple[Any, ...]:
        first, second, third = key = get(row)
        if first is None or second is None or third is None:
            raise _lacking(projection, key)
        return key  # type: ignore[no-any-return]

    return of_three


def _of_more(projection: str, get: Callable[[Row], Any]) -> Callable[[Row], tuple[Any, ...]]:
    def of_more(row: Row) -> tuple[Any, ...]:
        key: tuple[Any, ...] = get(row)
        for part in key:
            if part is None:
                raise _lacking(projection, key)
        return key

    return of_more
