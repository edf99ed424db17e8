"""What OpenAPI says of the receiver, which stands beside FastAPI."""

from typing import Any

from fastapi import FastAPI

from github_metrics.api.problems import Problem


def _header(name: str, description: str, *, required: bool) -> dict[str, Any]:
    schema = {"type": "string"}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


RECEIVE: dict[str, Any] = {
    "tags": ["receiver"],
    "operationId": "receive_webhook",
    "summary": "Receive Webhook",
    "description": "GitHub's deliveries. 200 means that the delivery is durable, and nothing else.",
    "parameters": [
        _header("X-GitHub-Delivery", "UUID of the delivery", required=True),
        _header("X-GitHub-Event", "event type, for example pull_request", required=True),
        _header("X-Hub-Signature-256", "HMAC SHA-256 of the body, when METRICS_WEBHOOK_SECRET is set", required=False),
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["payload"], "properties": {"payload": {"type": "string"}}}
            },
        },
    },
    "responses": {
        "200": {
            "description": "The delivery is in the log; X-Log-Position says where",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": {"status": {"type": "string"}, "delivery_id": {"type": "string"}},
                    },
                    "example": {"status": "ok", "delivery_id": "12345678-1234-1234-1234-123456789abc"},
                }
            },
        },
        **{
            status: {
                "description": text,
                "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
            }
            for status, text in {
                "400": "Not a delivery of GitHub's",
                "403": "The signature does not match",
                "408": "The body came too slowly",
                "413": "The body is too large",
                "415": "Neither JSON nor a form",
                "431": "The headers are too large",
                "503": "The database is away: the delivery is not stored",
            }.items()
        },
    },
}


def describe_receiver(app: FastAPI) -> None:
    """Add POST /metrics to the OpenAPI document of `app`."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["paths"].setdefault("/metrics", {"post": RECEIVE})
        return document

    app.openapi = openapi  # type: ignore[method-assign]
