"""deployments: one row for each deployment; deployment_statuses: everything that was said of how it went.

A status may move a deployment to another environment: the latest telling of the deployment says where it is.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index

from projections.facts import moments, payload_of, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, key, latest, once, smallest
from replay.projection import Projection
from replay.version import version


def deployment_rows(event: Event[Payload]) -> Iterator[Row]:
    payload = payload_of(event)
    deployment = payload.deployment if payload is not None else None
    if deployment is None or deployment.id is None or not event.repository_id:
        return
    yield {
        "repository_id": event.repository_id,
        "deployment_id": deployment.id,
        "sha": deployment.sha,
        "ref": deployment.ref,
        # A missing creator (a ghost) does not take the name away.
        "creator": deployment.creator.login if deployment.creator is not None else None,
        "created_at": deployment.created_at,
        "environment_version": version(deployment.updated_at, 0, event.body_sha256),
        "environment": deployment.environment,
    }


def deployment_status_rows(event: Event[Payload]) -> Iterator[Row]:
    """A status never changes: another state is another status."""
    payload = payload_of(event)
    status = payload.deployment_status if payload is not None else None
    deployment = payload.deployment if payload is not None else None
    if status is None or status.id is None or deployment is None or not event.repository_id:
        return
    yield {
        "repository_id": event.repository_id,
        "deployment_status_id": status.id,
        "deployment_id": deployment.id,
        "environment": status.environment or deployment.environment,
        "state": status.state,
        "created_at": status.created_at,
    }


deployments = Projection(
    name="deployments",
    version=1,
    events=frozenset({"deployment", "deployment_status"}),
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "deployment_id"))),
        once(*strings("sha", "ref", "creator")),
        smallest(*moments("created_at")),
        latest("environment", *strings("environment")),
    ),
    rows=deployment_rows,
    indexes=(Index("deployments_created", "created_at"), Index("deployments_sha", "repository_id", "sha")),
)

deployment_statuses = Projection(
    name="deployment_statuses",
    version=1,
    events=frozenset({"deployment_status"}),
    columns=(
        key(*(Column(name, BigInteger) for name in ("repository_id", "deployment_status_id"))),
        once(Column("deployment_id", BigInteger), *strings("environment", "state")),
        smallest(*moments("created_at")),
    ),
    rows=deployment_status_rows,
    indexes=(Index("deployment_statuses_deployment", "repository_id", "deployment_id"),),
)
