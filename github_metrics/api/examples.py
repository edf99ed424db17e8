"""Examples of the OpenAPI document: answers of the service, recorded by tests/recorded.py, and values of parameters."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).with_suffix(".json")
"""By operation: by media type an example of the answer, and as `request` one of the body."""

PARAMETERS: dict[str, Any] = {
    "after": 4711,
    "check": "build",
    "delivery_id": "00000000-0000-0000-0000-000000000002",
    "event_type": "pull_request",
    "exclude_users": "dan",
    "format": "csv",
    "label": "sig-core",
    "Last-Event-ID": "4711",
    "min_position": 4711,
    "next": "docs",
    "number": 1,
    "page": 1,
    "page_size": 25,
    "parked_id": "pr_reviews:4711",
    "pr_team": "web",
    "repositories": "octo/app",
    "repository": "octo/app",
    "reviewer_team": "core",
    "search": "door",
    "since": 4711,
    "users": "ann",
    "X-GitHub-Delivery": "00000000-0000-0000-0000-000000000002",
    "X-GitHub-Event": "pull_request",
    "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
}
"""By name: the same name means the same everywhere. Where there is none, it is the default, or the first choice."""
SORTS = {
    "get_api_usage": "-charged_calls",
    "get_checks": "-flake_rate",
    "get_comment_resolution_time": "-comment_count",
    "get_deployments": "-deployments",
    "get_jobs": "-queue_time",
    "get_labels": "-time_in_label",
    "get_lifecycle": "-merged_count",
    "get_log": "repository",
    "get_metrics_contributors": "-merged_prs",
    "get_metrics_cross_team_reviews": "reviewer",
    "get_parked_events": "-attempts",
    "get_pull_requests": "-cycle_time",
    "get_repository_statistics": "success_rate",
    "get_review_turnaround": "-median_time_to_first_review_hours",
    "get_reviewers": "-response_time",
    "get_team_dynamics": "-wip",
    "get_user_pull_requests": "-created_at",
    "get_webhook_events": "position",
}
TEXTS = {
    "get_llms_txt": {"text/plain": "# GitHub Metrics\n\n> True review and CI numbers from GitHub's webhooks\n"},
    "show_login": {"text/html": "<!doctype html>\n<title>Sign in · GitHub Metrics</title>\n"},
    "stream_webhook_events": {
        "text/event-stream": 'retry: 2000\nid: 4711\n\nid: 4712\ndata: {"type": "metric_update"}\n\n'
    },
}
"""Answers that are no JSON."""


def add_examples(operation: dict[str, Any]) -> None:
    """Give every parameter, body and good answer of an operation an example."""
    name = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        if "examples" not in schema:
            schema["examples"] = [_value(SORTS.get(name), parameter["name"], schema)]
    told = {**_recorded().get(name, {}), **TEXTS.get(name, {})}
    for media_type, content in operation["responses"].get("200", {}).get("content", {}).items():
        if media_type in told:
            content["example"] = told[media_type]
    if "request" in told:
        operation["requestBody"]["content"]["application/json"]["example"] = told["request"]


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return found


def _value(sort: str | None, name: str, schema: dict[str, Any]) -> Any:
    options = [schema, *schema.get("anyOf", ())]
    (kind,) = (one["type"] for one in options if one.get("type", "null") != "null")
    if name == "sort":
        return sort
    if name in PARAMETERS:
        return [PARAMETERS[name]] if kind == "array" else PARAMETERS[name]
    if "default" in schema:
        return schema["default"]
    if kind == "boolean":
        return True
    items = [one.get("items", one) for one in options]
    chosen = next(one["enum"][0] if "enum" in one else one["const"] for one in items if one.keys() & {"enum", "const"})
    return [chosen] if kind == "array" else chosen
