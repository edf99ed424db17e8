"""check_runs: each check run as last told; check_run_attempts: each completion of it, so that a re-run does not
hide the run before.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index, text

from projections.facts import check_run_version, checked_pull_request, moments, strings
from projections.payload import CheckRun, Payload
from replay.event import Event
from replay.merges import Row, key, latest, once
from replay.projection import Projection


def check_run_rows(event: Event[Payload]) -> Iterator[Row]:
    run = event.payload.check_run if event.payload is not None else None
    if run is None or run.id is None or not event.repository_id:
        return
    yield {
        "repository_id": event.repository_id,
        "check_run_id": run.id,
        **_identity(event, run),
        "state_version": check_run_version(event, run),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "html_url": run.html_url,
    }


def check_run_attempt_rows(event: Event[Payload]) -> Iterator[Row]:
    """An attempt is a completion at a time of its own; told again under another id it is the same."""
    run = event.payload.check_run if event.payload is not None else None
    if run is None or run.id is None or not event.repository_id:
        return
    if run.status != "completed" or run.completed_at is None:
        return
    yield {
        "repository_id": event.repository_id,
        "check_run_id": run.id,
        "completed_at": run.completed_at,
        **_identity(event, run),
        "state_version": check_run_version(event, run),
        "started_at": run.started_at,
        "conclusion": run.conclusion,
    }


def _identity(event: Event[Payload], run: CheckRun) -> Row:
    suite = run.check_suite
    return {
        "name": run.name,
        "head_sha": run.head_sha,
        "head_branch": suite.head_branch if suite is not None else None,
        "check_suite_id": suite.id if suite is not None else None,
        "app_id": run.app.id if run.app is not None else None,
        "app": run.app.slug if run.app is not None else None,
        "pr_number": checked_pull_request(event),
    }


def _identity_columns() -> tuple[Column[object], ...]:
    numbers = (Column(name, BigInteger) for name in ("check_suite_id", "app_id", "pr_number"))
    return (*strings("name", "head_sha", "head_branch", "app"), *numbers)


check_runs = Projection(
    name="check_runs",
    version=1,
    events=frozenset({"check_run"}),
    columns=(
        key(Column("repository_id", BigInteger), Column("check_run_id", BigInteger)),
        once(*_identity_columns()),
        latest("state", *strings("status", "conclusion", "html_url"), *moments("started_at", "completed_at")),
    ),
    rows=check_run_rows,
    indexes=(
        Index("check_runs_head", "repository_id", "head_sha"),
        Index("check_runs_completed", "completed_at"),
        Index("check_runs_pull_request", "repository_id", "pr_number", postgresql_where=text("pr_number IS NOT NULL")),
    ),
)

check_run_attempts = Projection(
    name="check_run_attempts",
    version=1,
    events=frozenset({"check_run"}),
    columns=(
        key(
            Column("repository_id", BigInteger),
            Column("check_run_id", BigInteger),
            *moments("completed_at"),
        ),
        once(*_identity_columns()),
        latest("state", *strings("conclusion"), *moments("started_at")),
    ),
    rows=check_run_attempt_rows,
    indexes=(
        Index("check_run_attempts_head", "repository_id", "head_sha"),
        Index("check_run_attempts_completed", "completed_at"),
    ),
)
