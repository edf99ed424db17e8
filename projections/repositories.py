"""repositories and repository_names: what a repository is called now, and every name it was ever seen under."""

from collections.abc import Iterator, Mapping

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.event_times import moment, told_at, told_version
from projections.facts import moments, payload_of, remembered, strings
from projections.payload import Payload
from projections.payload_parts import Repository
from replay.event import Event
from replay.merges import Row, key, largest, latest, once, smallest
from replay.projection import Projection


@remembered
def _named(event: Event[Payload]) -> Repository | None:
    """The repository of an event that tells its id and its name."""
    payload = payload_of(event)
    repository = payload.repository if payload is not None else None
    if repository is None or repository.full_name is None or not event.repository_id:
        return None
    return repository


def repository_rows(event: Event[Payload]) -> Iterator[Row]:
    repository = _named(event)
    if repository is None:
        return
    yield {
        "repository_id": event.repository_id,
        "naming_version": told_version(event),
        "full_name": repository.full_name,
        "private": repository.private,
        "archived": repository.archived,
        "default_branch": repository.default_branch,
        "html_url": repository.html_url,
        "created_at": moment(repository.created_at),
    }


def repository_settled(event: Event[Payload], rows: Mapping[int, Row]) -> bool:
    repository, held = _named(event), rows.get(event.repository_id)
    if repository is None or held is None:
        return repository is None
    known: bool = held["naming_version"] >= told_version(event)
    return known and moment(repository.created_at) == held["created_at"]


def repository_name_rows(event: Event[Payload]) -> Iterator[Row]:
    repository = _named(event)
    if repository is None:
        return
    at = told_at(event)
    yield {
        "repository_id": event.repository_id,
        "full_name": repository.full_name,
        "first_seen_at": at,
        "last_seen_at": at,
    }


def repository_name_settled(event: Event[Payload], rows: Mapping[tuple[int, str | None], Row]) -> bool:
    repository = _named(event)
    if repository is None:
        return True
    at, held = told_at(event), rows.get((event.repository_id, repository.full_name))
    if held is None or at is None or held["first_seen_at"] is None:
        return False
    return bool(held["first_seen_at"] <= at <= held["last_seen_at"])


repositories = Projection(
    name="repositories",
    version=1,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger)),
        latest(
            "naming",
            *strings("full_name", "default_branch", "html_url"),
            *(Column(name, Boolean) for name in ("private", "archived")),
        ),
        once(*moments("created_at")),
    ),
    rows=repository_rows,
    settled=repository_settled,
    indexes=(Index("repositories_name", "full_name"),),
)

repository_names = Projection(
    name="repository_names",
    version=1,
    hot=True,
    columns=(
        key(Column("repository_id", BigInteger), *strings("full_name")),
        smallest(*moments("first_seen_at")),
        largest(*moments("last_seen_at")),
    ),
    rows=repository_name_rows,
    settled=repository_name_settled,
    indexes=(Index("repository_names_name", "full_name"),),
)
