"""repositories and repository_names: what a repository is called now, and every name it was ever seen under."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.facts import event_time, moments, payload_of, strings
from projections.payload import Payload, Repository
from replay.event import Event
from replay.merges import Row, key, largest, latest, once, smallest
from replay.projection import Projection
from replay.version import version


def named_at(event: Event[Payload], repository: Repository) -> datetime | None:
    """When the repository was seen under its name. A push's own time is a committer's clock: not used."""
    times = [repository.updated_at, repository.pushed_at if isinstance(repository.pushed_at, datetime) else None]
    if event.event_type != "push":
        times.append(event_time(event))
    return max((at for at in times if at is not None), default=None)


def repository_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = payload_of(event)
    repository = payload.repository if payload is not None else None
    if repository is None or not event.repository_id or repository.full_name is None:
        return
    yield {
        "repository_id": event.repository_id,
        "naming_version": version(named_at(event, repository), 0, event.body_sha256),
        "full_name": repository.full_name,
        "private": repository.private,
        "archived": repository.archived,
        "default_branch": repository.default_branch,
        "html_url": repository.html_url,
        "created_at": repository.created_at if isinstance(repository.created_at, datetime) else None,
    }


def repository_name_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = payload_of(event)
    repository = payload.repository if payload is not None else None
    if repository is None or not event.repository_id or repository.full_name is None:
        return
    at = named_at(event, repository)
    yield {
        "repository_id": event.repository_id,
        "full_name": repository.full_name,
        "first_seen_at": at,
        "last_seen_at": at,
    }


repositories = Projection(
    name="repositories",
    version=1,
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
    indexes=(Index("repositories_name", "full_name"),),
)

repository_names = Projection(
    name="repository_names",
    version=1,
    columns=(
        key(Column("repository_id", BigInteger), *strings("full_name")),
        smallest(*moments("first_seen_at")),
        largest(*moments("last_seen_at")),
    ),
    rows=repository_name_rows,
    indexes=(Index("repository_names_name", "full_name"),),
)
