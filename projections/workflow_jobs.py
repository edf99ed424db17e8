"""workflow_jobs: each job of a workflow run attempt as last told: when it was queued, started and done."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Computed, Double, Index, text
from sqlalchemy.dialects.postgresql import ARRAY

from projections.event_times import CHECK_RANKS
from projections.facts import String, moments, seconds, strings
from projections.payload import Payload
from replay.event import Event
from replay.merges import Row, key, latest, once, smallest
from replay.projection import Projection
from replay.version import version


def workflow_job_rows(event: Event[Payload]) -> Iterator[Row]:
    job = event.payload.workflow_job if event.payload is not None else None
    if job is None or job.id is None or not event.repository_id:
        return
    told = max([at for at in (job.created_at, job.started_at, job.completed_at) if at is not None], default=None)
    yield {
        "repository_id": event.repository_id,
        "job_id": job.id,
        "run_id": job.run_id,
        "run_attempt": job.run_attempt,
        "name": job.name,
        "workflow_name": job.workflow_name,
        "head_sha": job.head_sha,
        "head_branch": job.head_branch,
        "created_at": job.created_at,
        "state_version": version(told, CHECK_RANKS.get(job.status or "", 0), event.body_sha256),
        "status": job.status,
        "conclusion": job.conclusion,
        "started_at": job.started_at if job.status in CHECK_RANKS else None,
        "completed_at": job.completed_at,
        "labels": job.labels and list(dict.fromkeys(job.labels)),
        "runner_name": job.runner_name,
        "runner_group_name": job.runner_group_name,
        "html_url": job.html_url,
    }


workflow_jobs = Projection(
    name="workflow_jobs",
    version=1,
    events=frozenset({"workflow_job"}),
    columns=(
        key(Column("repository_id", BigInteger), Column("job_id", BigInteger)),
        once(
            *(Column(name, BigInteger) for name in ("run_id", "run_attempt")),
            *strings("name", "workflow_name", "head_sha", "head_branch"),
        ),
        smallest(*moments("created_at")),
        latest(
            "state",
            *strings("status", "conclusion", "runner_name", "runner_group_name", "html_url"),
            *moments("started_at", "completed_at"),
            Column("labels", ARRAY(String)),
        ),
    ),
    derived=(
        Column("wait_seconds", Double, Computed(seconds("created_at", "started_at"), persisted=True)),
        Column(
            "run_seconds",
            Double,
            Computed(
                f"CASE WHEN status = 'completed' THEN {seconds('started_at', 'completed_at')} END", persisted=True
            ),
        ),
    ),
    rows=workflow_job_rows,
    indexes=(
        Index("workflow_jobs_run", "repository_id", "run_id"),
        Index("workflow_jobs_created", "created_at"),
        Index("workflow_jobs_longest", "run_seconds", postgresql_where=text("run_seconds IS NOT NULL")),
    ),
)
