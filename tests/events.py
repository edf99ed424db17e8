"""Events made by hand: a payload read as the log would hand it to a projection, and the rows it comes to."""

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from projections.catalog import all_projections
from projections.decode import decode
from replay.event import Event, Source
from replay.fold import fold
from replay.load import values
from replay.projection import Projection

REPOSITORY = 7
DAY = datetime(2026, 3, 2, tzinfo=UTC)
"""The day on which all that these events tell of happens."""
RECEIVED = datetime(2026, 3, 3, 12, tzinfo=UTC)


def at(clock: str) -> str:
    """GitHub's notation of a time of DAY, such as at("10:30") or at("10:30:05")."""
    return f"2026-03-02T{clock if len(clock) > 5 else clock + ':00'}Z"


def moment(clock: str) -> datetime:
    """The same as a datetime."""
    return datetime.fromisoformat(at(clock))


def user(login: str, number: int = 1, kind: str = "User") -> dict[str, Any]:
    return {"id": number, "login": login, "type": kind}


def make_event(event_type: str, payload: Any, position: int = 1, **overridden: Any) -> Event[Any]:
    """An event as the log reader makes it. Position and delivery id follow from `position`, the rest from the body."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    decoded = decode(event_type, body)
    repository = payload.get("repository") if isinstance(payload, dict) else None
    received = RECEIVED + timedelta(seconds=position)
    fields: dict[str, Any] = {
        "position": position,
        "delivery_id": uuid.UUID(int=position),
        "event_type": event_type,
        "hook_id": 1,
        "repository_id": repository.get("id", 0) if isinstance(repository, dict) else 0,
        "source": Source.WEBHOOK,
        "received_at": received,
        "handed_over_at": received + timedelta(microseconds=1500),
        "appended_at": received + timedelta(milliseconds=4),
        "repeat": False,
        "body_sha256": hashlib.sha256(body).digest(),
        "body": body,
        "payload": decoded.payload,
        "reading": decoded.reading,
        "error": decoded.error,
    }
    return Event(**{**fields, **overridden})


def pull_request(number: int = 1, *, updated: str = "10:00", **fields: Any) -> dict[str, Any]:
    """The full form of an open pull request of octocat's, opened at 09:00."""
    return {
        "id": 100 + number,
        "number": number,
        "title": "A change",
        "state": "open",
        "draft": False,
        "created_at": at("09:00"),
        "updated_at": at(updated),
        "closed_at": None,
        "merged_at": None,
        "user": user("octocat", 5),
        "head": {"ref": "change", "sha": "a" * 40, "repo": {"id": REPOSITORY}},
        "base": {"ref": "main", "sha": "b" * 40, "repo": {"id": REPOSITORY}},
        "labels": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "additions": 3,
        "deletions": 2,
        "changed_files": 1,
        "commits": 1,
        **fields,
    }


def simple(pull: dict[str, Any]) -> dict[str, Any]:
    """The simple form, as reviews and comments carry it."""
    absent = {"additions", "deletions", "changed_files", "commits", "merged", "merged_by"}
    return {name: value for name, value in pull.items() if name not in absent}


def payload(action: str | None = None, **parts: Any) -> dict[str, Any]:
    """A delivery of repository octo/hello, sent by octocat."""
    given = {"action": action} if action is not None else {}
    repository = {"id": REPOSITORY, "full_name": "octo/hello", "updated_at": at("08:00")}
    return {**given, "repository": repository, "sender": user("octocat", 5), **parts}


def projection(name: str) -> Projection:
    return next(found for found in all_projections() if found.name == name)


def table(declared: Projection, events: Iterable[Event[Any]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The whole table that events come to: key -> values in the order of `names`."""
    ((folded,), _last) = fold([declared], events)
    assert folded.parks == []
    return {row[: len(declared.key)]: row for row in values(declared, folded.rows.values())}


def rows(name: str, *events: Event[Any]) -> list[dict[str, Any]]:
    """The rows of a projection, in order of key, with a null for what nothing stated."""
    declared = projection(name)
    found = table(declared, events)
    return [dict(zip(declared.names, found[key], strict=True)) for key in sorted(found)]


def row(name: str, *events: Event[Any]) -> dict[str, Any]:
    """The one row that these events come to."""
    (only,) = rows(name, *events)
    return only
