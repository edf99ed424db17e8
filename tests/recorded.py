"""The examples of the OpenAPI document, which are what the service answers to the golden history.

    uv run python -m tests.recorded

records them anew, after an answer has changed on purpose.
"""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg

from github_metrics.api.examples import FILE
from github_metrics.dictionaries import current_dictionary
from github_metrics.postgresql.database import migrate
from github_metrics.postgresql.embedded import embedded_conninfo
from projections.catalog import active_projections
from projections.decode import decode
from replay.compression import register_dictionary
from replay.projector import Projector
from tests.golden import deliveries
from tests.service import Service, running

API = "/api/metrics"
TEAMS = """
teams:
  core: [ann, bob]
  web: {members: [cat], maintainers: [cat]}
maintainers: [ann]
repositories:
  octo/app: {maintainers: [bob]}
"""
MARCH = {"start_time": "2026-03-01", "end_time": "2026-04-01"}
ONE = {**MARCH, "page_size": 1}
REPORT = {
    "reporter": "ci-bot",
    "delivery_id": str(uuid.UUID(int=1)),
    "resource": "core",
    "calls": 12,
    "charged_calls": 9,
    "limit": 5000,
    "used": 341,
    "remaining": 4659,
    "reset_at": "2026-03-02T10:00:00Z",
}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "get_metrics_contributors": (f"{API}/contributors", ONE),
    "get_user_pull_requests": (f"{API}/user-prs", {**ONE, "page_size": 2}),
    "get_pr_story": (f"{API}/pr-story/octo/app/1", {"page_size": 3}),
    "explain_pull_request": (f"{API}/explain/octo/app/1", {}),
    "get_comment_resolution_time": (f"{API}/comment-resolution-time", ONE),
    "get_pull_requests": (f"{API}/pull-requests", {**ONE, "state": "merged", "sort": "number"}),
    "get_lifecycle": (f"{API}/lifecycle", ONE),
    "get_review_turnaround": (f"{API}/turnaround", ONE),
    "get_checks": (f"{API}/checks", ONE),
    "get_team_dynamics": (f"{API}/team-dynamics", ONE),
    "get_metrics_cross_team_reviews": (f"{API}/cross-team-reviews", ONE),
    "get_maintainers": (f"{API}/maintainers", {}),
    "get_reviewers": (f"{API}/reviewers", ONE),
    "get_jobs": (f"{API}/jobs", ONE),
    "get_deployments": (f"{API}/deployments", ONE),
}
"""What answers the same whenever the history comes."""
OF_NOW: dict[str, tuple[str, dict[str, Any]]] = {
    "health_check": ("/health", {}),
    "get_liveness": ("/healthz", {}),
    "get_readiness": ("/readyz", {}),
    "get_webhook_events": (f"{API}/webhooks", {"page_size": 2, "after": 3}),
    "get_webhook_event_by_id": (f"{API}/webhooks/{uuid.UUID(int=2)}", {}),
    "get_repository_statistics": (f"{API}/repositories", {"page_size": 2}),
    "get_repository": (f"{API}/repositories/octo/app", MARCH),
    "get_metrics_summary": (f"{API}/summary", {}),
    "get_metrics_trends": (f"{API}/trends", {"bucket": "month", "group_by": "event_type", "durations": "true"}),
    "get_labels": (f"{API}/labels", ONE),
    "get_api_usage": (f"{API}/api-usage", {"page_size": 1}),
    "get_projections": (f"{API}/projections", {}),
    "get_parked_events": (f"{API}/parked", {}),
    "get_log": (f"{API}/log", {"page_size": 1}),
}
"""What has times of receipt in it, or of this moment."""
TELLING = 2
"""Read models shown of all."""


@contextmanager
def golden(database: str, directory: Path) -> Iterator[Service]:
    """A service that has the golden history, a report about it, and an event that a read model could not apply."""
    teams = directory / "teams.yaml"
    teams.write_text(TEAMS)
    with running(database, METRICS_TEAMS_FILE=str(teams)) as service:
        for delivery_id, kind, body in deliveries():
            service.post(kind, body, delivery_id=delivery_id)
        last = service.client.post(f"{API}/usage", json=REPORT).headers["X-Log-Position"]
        for path in ("webhooks", "api-usage", "pull-requests"):
            service.get(f"{API}/{path}", min_position=last)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO parked_events (projection, generation, position, reason, error, version)"
                " SELECT projection, generation, 4, 'database', 'DiskFull: could not extend file', 1"
                " FROM projections WHERE projection = 'pr_reviews'"
            )
        yield service


def answer(service: Service, path: str, asked: dict[str, Any]) -> Any:
    """As an example: of read models only the first are shown."""
    found = service.get(path, **asked)
    if "projections" in found:
        found["projections"] = found["projections"][:TELLING]
    return found


def table(service: Service, path: str, asked: dict[str, Any]) -> str | None:
    """The first lines of the list as CSV; None of what is no list."""
    found = service.client.get(path, params={**asked, "format": "csv"})
    if not found.headers["Content-Type"].startswith("text/csv"):
        return None
    return "".join(found.text.splitlines(keepends=True)[:3])


def recorded(service: Service, cases: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """By operation and media type."""
    told: dict[str, Any] = {}
    for operation, (path, asked) in cases.items():
        told[operation] = {"application/json": answer(service, path, asked)}
        if (lines := table(service, path, asked)) is not None:
            told[operation]["text/csv"] = lines
    return told


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, embedded_conninfo(Path(directory)) as conninfo:
        migrate(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            register_dictionary(connection, current_dictionary())
            Projector(conninfo, active_projections(), decode).prepare(connection)
        with golden(conninfo, Path(directory)) as service:
            told = recorded(service, CASES | OF_NOW)
            report = {**REPORT, "delivery_id": str(uuid.UUID(int=2))}
            taken = service.client.post(f"{API}/usage", json=report)
            told["post_usage_report"] = {"request": report, "application/json": taken.json()}
            retried = service.client.post(f"{API}/parked/pr_reviews:4/retry")
            told["retry_parked_event"] = {"application/json": retried.json()}
    FILE.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")


if __name__ == "__main__":
    main()
