"""pr_labels: every labelling and unlabelling of a pull request; pr_label_sightings: when each label was first and
last seen on it, for those whose labelling was missed.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Index

from projections.event_times import event_time
from projections.facts import Moment, login, moments, strings
from projections.payload import Payload
from projections.pull_requests import EVENTS
from replay.event import Event
from replay.merges import Row, earliest, key, largest, once
from replay.projection import Projection
from replay.version import version


def label_rows(event: Event[Payload]) -> Iterator[Row]:
    """A transition: keyed by what happened when, so that the same one told twice is one."""
    payload = event.payload
    if payload is None or payload.action not in ("labeled", "unlabeled") or not event.repository_id:
        return
    at, pull = event_time(event), payload.pull_request
    if at is None or pull is None or pull.number is None or payload.label is None or payload.label.name is None:
        return
    yield {
        "repository_id": event.repository_id,
        "number": pull.number,
        "label": payload.label.name,
        "at": at,
        "added": payload.action == "labeled",
        "actor": login(payload.sender),
        "actor_id": payload.sender.id if payload.sender is not None else None,
    }


def label_sighting_rows(event: Event[Payload]) -> Iterator[Row]:
    pull = event.payload.pull_request if event.payload is not None else None
    if pull is None or pull.number is None or pull.updated_at is None or not event.repository_id:
        return
    for name in dict.fromkeys(label.name for label in pull.labels or () if label.name is not None):
        yield {
            "repository_id": event.repository_id,
            "number": pull.number,
            "label": name,
            "first_version": version(pull.updated_at, 0, event.body_sha256),
            "first_seen_at": pull.updated_at,
            "last_seen_at": pull.updated_at,
        }


pr_labels = Projection(
    name="pr_labels",
    version=1,
    events=frozenset({"pull_request"}),
    columns=(
        key(
            Column("repository_id", BigInteger),
            Column("number", BigInteger),
            *strings("label"),
            Column("at", Moment),
            Column("added", Boolean),
        ),
        once(*strings("actor"), Column("actor_id", BigInteger)),
    ),
    rows=label_rows,
    indexes=(Index("pr_labels_label", "label", "at"),),
)

pr_label_sightings = Projection(
    name="pr_label_sightings",
    version=3,
    events=EVENTS,
    columns=(
        key(Column("repository_id", BigInteger), Column("number", BigInteger), *strings("label")),
        earliest("first", *moments("first_seen_at")),
        largest(*moments("last_seen_at")),
    ),
    rows=label_sighting_rows,
    indexes=(
        Index("pr_label_sightings_label", "label"),
        Index("pr_label_sightings_first_seen", "first_seen_at"),
    ),
)
