"""GET /llms.txt: what there is here, for a model that was given the address (llmstxt.org)."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

router = APIRouter(tags=["documentation"])

HEAD = """\
# GitHub Metrics

> Numbers from an organisation's GitHub webhooks, of which every delivery is kept: pull requests, reviews, CI, webhook
> events and API usage. All of it is read over HTTP with GET, as JSON.

- Where keys are set, every request but this one needs one, as `X-API-Key: …` or `Authorization: Bearer …`. Ask for it.
- `start_time` and `end_time` select start_time <= t < end_time. Each is ISO 8601, or 24h, 7d, today, last week, this
  month and their like. Without them an answer is about all time.
- null means not known, never 0. Rates are percent. Lists have `pagination`; most take `page`, `page_size`, `format=csv`.
- An error is application/problem+json: `detail` says what to mend.

## Documentation

- [OpenAPI](openapi.json): every endpoint with its parameters and fields
- [API reference](docs): the same for people, to try
"""
MCP = "- [Model Context Protocol](mcp): every endpoint that reads, as a tool, over streamable HTTP\n"
STREAM = "/api/metrics/stream"


@router.get("/llms.txt", operation_id="get_llms_txt", response_class=PlainTextResponse)
def get_llms_txt(request: Request) -> str:
    """What this service offers, in Markdown for a language model. It needs no key."""
    paths = request.app.openapi()["paths"]
    reads = {path: methods["get"] for path, methods in paths.items() if path.startswith("/api/") and "get" in methods}
    stream = reads.pop(STREAM)
    listed = "".join(_line(path, operation) for path, operation in reads.items())
    mcp = MCP if request.app.state.mcp_enabled else ""
    return f"{HEAD}{mcp}\n## Endpoints\n\n{listed}\n## Optional\n\n{_line(STREAM, stream)}"


def _line(path: str, operation: dict[str, Any]) -> str:
    told = " ".join(operation["description"].split())
    return f"- [{operation['operationId']}]({path.removeprefix('/')}): {told}\n"
