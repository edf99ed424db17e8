"""pr_labels: every labelling and unlabelling of a pull request; pr_label_sightings: of each label when it was first and
last seen on it, for those whose labelling was missed, and when it was first and last put on and taken off: few are more
than once, and of the others that says all.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Computed, Index

from projections.event_times import event_time
from projections.facts import Moment, login, moments, strings
from projections.payload import Payload
from projections.pull_requests import EVENTS
from replay.event import Event
from replay.merges import Row, key, largest, once, smallest
from replay.projection import Projection


def label_rows(event: Event[Payload]) -> Iterator[Row]:
    """A transition: keyed by what happened when, so that the same one told twice is one."""
    payload, label, at = event.payload, _changed(event), event_time(event)
    if payload is None or payload.pull_request is None or label is None or at is None:
        return
    yield {
        "repository_id": event.repository_id,
        "number": payload.pull_request.number,
        "label": label,
        "at": at,
        "added": payload.action == "labeled",
        "actor": login(payload.sender),
        "actor_id": payload.sender.id if payload.sender is not None else None,
    }


def _changed(event: Event[Payload]) -> str | None:
    """The label that was put on or taken off, of a pull request that the event names."""
    payload = event.payload
    if payload is None or payload.action not in ("labeled", "unlabeled") or not event.repository_id:
        return None
    pull, label = payload.pull_request, payload.label
    return label.name if pull is not None and pull.number is not None and label is not None else None


def label_sighting_rows(event: Event[Payload]) -> Iterator[Row]:
    """One for each label that is there, and for one that is put on or taken off: both at the time of the payload."""
    payload = event.payload
    pull = payload.pull_request if payload is not None else None
    if payload is None or pull is None or pull.number is None or pull.updated_at is None or not event.repository_id:
        return
    about, at = {"repository_id": event.repository_id, "number": pull.number}, pull.updated_at
    names = dict.fromkeys(label.name for label in pull.labels or () if label.name is not None)
    changed = _changed(event) if event.event_type == "pull_request" else None
    if changed is not None:
        told = "added" if payload.action == "labeled" else "removed"
        seen = {"first_seen_at": at, "last_seen_at": at} if changed in names else {}
        yield {**about, "label": changed, f"first_{told}_at": at, f"last_{told}_at": at, **seen}
    for name in names:
        if name != changed:
            yield {**about, "label": name, "first_seen_at": at, "last_seen_at": at}


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
    version=4,
    events=EVENTS,
    columns=(
        key(Column("repository_id", BigInteger), Column("number", BigInteger), *strings("label")),
        smallest(*moments("first_seen_at", "first_added_at", "first_removed_at")),
        largest(*moments("last_seen_at", "last_added_at", "last_removed_at")),
    ),
    derived=(
        Column(
            "carried_once",
            Boolean,
            Computed(
                """CASE WHEN first_removed_at IS NULL THEN first_added_at IS NOT DISTINCT FROM last_added_at
                ELSE coalesce(first_added_at = last_added_at AND first_removed_at = last_removed_at
                AND first_added_at < first_removed_at AND coalesce(last_seen_at <= first_removed_at, true), false) END""",
                persisted=True,
            ),
        ),
    ),
    rows=label_sighting_rows,
    indexes=(
        Index("pr_label_sightings_label", "label"),
        Index("pr_label_sightings_first_seen", "first_seen_at"),
    ),
)
