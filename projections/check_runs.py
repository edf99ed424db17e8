"""check_runs: each check run as last told; check_run_attempts: each completion of it, so that a re-run does not
hide the run before; check_groups: what the attempts at one check of one commit came to.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Boolean, Column, Computed, Index, text

from projections.event_times import check_run_version
from projections.facts import checked_pull_request, moments, strings
from projections.payload import Payload
from projections.payload_ci import CheckRun
from replay.event import Event
from replay.merges import Row, key, largest, latest, once, smallest
from replay.projection import Projection

FAILED = ("failure", "timed_out", "startup_failure", "action_required")
"""The conclusions of a check that failed."""


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
    run = _completed(event)
    if run is None:
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


def check_group_rows(event: Event[Payload]) -> Iterator[Row]:
    """The extremes of an attempt: they say of a group whether it has more than one, and one that failed before one
    that succeeded.
    """
    run = _completed(event)
    if run is None:
        return
    suite, app = run.check_suite, run.app
    yield {
        "repository_id": event.repository_id,
        "head_sha": run.head_sha or "",
        "app_id": (app.id if app is not None else None) or 0,
        "check_suite_id": (suite.id if suite is not None else None) or 0,
        "name": run.name or "",
        "app": app.slug if app is not None else None,
        "pr_number": checked_pull_request(event),
        "first_check_run_id": run.id,
        "last_check_run_id": run.id,
        "first_completed_at": run.completed_at,
        "last_completed_at": run.completed_at,
        "first_failed_at": run.completed_at if run.conclusion in FAILED else None,
        "last_succeeded_at": run.completed_at if run.conclusion == "success" else None,
    }


def _completed(event: Event[Payload]) -> CheckRun | None:
    """The check run that an event says to be completed."""
    run = event.payload.check_run if event.payload is not None else None
    if run is None or run.id is None or not event.repository_id:
        return None
    return run if run.status == "completed" and run.completed_at is not None else None


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

check_groups = Projection(
    name="check_groups",
    version=1,
    events=frozenset({"check_run"}),
    columns=(
        key(
            Column("repository_id", BigInteger),
            *strings("head_sha"),
            *(Column(name, BigInteger) for name in ("app_id", "check_suite_id")),
            *strings("name"),
        ),
        once(*strings("app"), Column("pr_number", BigInteger)),
        smallest(Column("first_check_run_id", BigInteger), *moments("first_completed_at", "first_failed_at")),
        largest(Column("last_check_run_id", BigInteger), *moments("last_completed_at", "last_succeeded_at")),
    ),
    derived=(
        Column(
            "rerun",
            Boolean,
            Computed(
                "first_check_run_id <> last_check_run_id OR first_completed_at <> last_completed_at", persisted=True
            ),
        ),
        Column("flaky", Boolean, Computed("coalesce(first_failed_at < last_succeeded_at, false)", persisted=True)),
    ),
    rows=check_group_rows,
    indexes=(Index("check_groups_completed", "first_completed_at"),),
)
