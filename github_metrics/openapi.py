"""What OpenAPI says beyond what FastAPI finds out: the receiver, which stands beside it, and the form of problems."""

import copy
from typing import Any

from fastapi import FastAPI

from github_metrics.api.examples import add_examples
from github_metrics.api.problems import Problem
from github_metrics.field_texts import field_text


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


PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
UNCHANGED = {"description": "If-None-Match named the ETag of the answer, which has not changed"}


def describe(app: FastAPI) -> None:
    """Complete the OpenAPI document of `app`, which has all its routes."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document["components"]["schemas"]
        schemas.setdefault("Problem", Problem.model_json_schema())
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["paths"].setdefault("/metrics", {"post": copy.deepcopy(RECEIVE)})
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation["responses"])
                add_examples(operation)
        for name, schema in schemas.items():
            _describe_fields(name, schema.get("properties", {}))
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _describe_fields(model: str, properties: dict[str, Any]) -> None:
    """Say what a field means where its model leaves that to its name."""
    for name, field in properties.items():
        text = field_text(model, name)
        if not field.get("description") and text is not None:
            field["description"] = text


def _complete(path: str, method: str, responses: dict[str, Any]) -> None:
    """Every error is a problem, which FastAPI takes for JSON; and what has an ETag may be unchanged."""
    for status, response in responses.items():
        if status >= "400" and path.startswith("/api/"):
            response["content"] = PROBLEM
    if method == "get" and "400" in responses and "application/json" in responses["200"]["content"]:
        responses.setdefault("304", UNCHANGED)
