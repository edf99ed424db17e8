"""The tools for assistants: one for each endpoint that reads, generated from what OpenAPI says of it."""

import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import httpx2
from fastapi import FastAPI
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_http_headers
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.server.providers.openapi import MCPType, RouteMap
from fastmcp.tools import Tool, ToolResult
from fastmcp.utilities.openapi import HTTPRoute
from mcp_types import CallToolRequestParams, ToolAnnotations
from starlette.applications import Starlette

from github_metrics.api.selection import unknown

INSTRUCTIONS = """\
Numbers from an organisation's GitHub webhooks: events, repositories, processing. Every tool only reads.
start_time and end_time select start <= t < end; without them an answer is about all time. Each is ISO 8601 in UTC,
or 30m, 24h, 7d, 2w (so long ago), now, today, yesterday, this week, last week, this month, last month.
For the last 24 hours give start_time=24h; for the whole of last week give both as "last week".
Every tool about work or events takes repositories, users, exclude_users and actors (human, bot, all), and tz, the zone
of times without an offset. Rates are percent, null means not known. A list is paged by page, from 1, and page_size;
sort is a field of its rows, -field for descending.
"""
READS = (
    RouteMap(methods=["GET"], pattern=r"^(/health|/api/metrics/(?!stream$).+)$", mcp_type=MCPType.TOOL),
    RouteMap(mcp_type=MCPType.EXCLUDE),
)
REFUSED = frozenset({"min_position", "format"})
"""Parameters that are of no use to who cannot write, and reads JSON: `format=csv` would be the whole list."""
SHORT = {
    "start_time": "ISO 8601, 24h, 7d, today, last week",
    "repositories": "org/repo",
    "list": "which one sort is of",
    **dict.fromkeys(("end_time", "users", "exclude_users", "actors", "tz", "page", "page_size", "sort"), ""),
}
"""Descriptions that would be repeated at length for every tool; the instructions have the rest."""
UNSAID = ("title", "examples", "maxItems", "maximum", "minimum", "maxLength")
"""What a model need not know beforehand: the refusal says it."""
KEY_HEADERS = ("x-api-key", "authorization")


def tools(api: FastAPI) -> FastMCP[Any]:
    """The MCP server of an API that has all its routes."""
    _log_as_we_do()
    taken: dict[str, Taken] = {}

    def described(route: HTTPRoute, component: object) -> None:
        if isinstance(component, Tool):
            taken[component.name] = Taken(
                frozenset(component.parameters.get("properties", {})) - REFUSED,
                tuple(one.name for one in route.parameters if one.location == "path"),
            )
            _for_a_model(component)

    return FastMCP.from_fastapi(
        api,
        name=api.title,
        version=api.version,
        instructions=INSTRUCTIONS,
        route_maps=list(READS),
        mcp_component_fn=described,
        middleware=[KnownArguments(taken)],
        httpx_client_kwargs={"event_hooks": {"request": [_with_the_key]}},
    )


def mcp_app(api: FastAPI, path: str, origins: Sequence[str]) -> Starlette:
    """The ASGI application at `path`. It holds no session, so that any worker may answer any request. Pages of other
    origins than `origins` are refused, as MCP asks; which host was asked for is the reverse proxy's matter.
    """
    return tools(api).http_app(
        path=path,
        stateless_http=True,
        json_response=True,
        host_origin_protection="auto",
        allowed_hosts=["*"],
        allowed_origins=list(origins),
    )


class Taken(NamedTuple):
    """What a tool takes: the names of all its arguments, and of those that are parts of a path."""

    names: Set[str]
    in_path: Sequence[str]


class KnownArguments(Middleware):
    """Refuses an argument that a tool does not take: FastMCP would pass it over, and the answer for another question
    would pass for that to the one that was asked. And one that is no part of a path: it would lead elsewhere.
    """

    def __init__(self, taken: Mapping[str, Taken]) -> None:
        self._taken = taken

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        asked = context.message
        if asked.name in self._taken:
            taken, given = self._taken[asked.name], asked.arguments or {}
            faults = [f"{fault['loc']}: {fault['msg']}" for fault in unknown(given, taken.names, harmless=())]
            faults += [f"{name}: {fault}" for name in taken.in_path if (fault := _astray(name, given.get(name)))]
            if faults:
                raise ToolError("; ".join(faults))
        return await call_next(context)


def _astray(name: str, value: object) -> str | None:
    """Why a value is no part of a path, if so."""
    if not isinstance(value, str) or ("/" not in value and value not in ("", ".", "..")):
        return None
    if name in ("owner", "repo"):
        return f"{value[:200]!r} is no name: of octo/app the owner is octo and the repo app, each by itself"
    return f"{value[:200]!r} is none"


def _for_a_model(component: Tool) -> None:
    """Say what a model needs in order to choose and call a tool, and nothing else: it pays for every word."""
    component.annotations = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    component.description = " ".join((component.description or "").split())
    component.output_schema = None
    component.tags = set()
    component.title = None
    parameters = component.parameters.get("properties", {})
    # The older form of a parameter that is there too: taken, and not worth its words.
    hidden = REFUSED | ({"repository"} if "repositories" in parameters else set())
    slim = {name: _slim(name, schema) for name, schema in parameters.items() if name not in hidden}
    required = {"required": component.parameters["required"]} if component.parameters.get("required") else {}
    component.parameters = {"type": "object", "properties": slim, **required}


def _slim(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter without titles and examples, and without saying that what is optional may be null."""
    given = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(given) == 1:
        schema = {**given[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    kept = {key: value for key, value in schema.items() if key not in UNSAID}
    description = SHORT.get(name, kept.pop("description", ""))
    return {**kept, "description": description} if description else kept


async def _with_the_key(request: httpx2.Request) -> None:
    """Of the assistant's request only the key reaches the API: no condition, range, cookie or origin."""
    given = get_http_headers(include={"authorization"})
    keys = {name: given[name] for name in KEY_HEADERS if name in given}
    request.headers = httpx2.Headers({"Host": request.url.host, "Accept": "application/json", **keys})


def _is_a_fault(record: logging.LogRecord) -> bool:
    """A refusal of the API is an answer, which the assistant reads; a fault the API logs by itself."""
    return bool(record.exc_info) or not record.getMessage().startswith("Error calling tool")


def _log_as_we_do() -> None:
    """FastMCP prints to the terminal by itself, from its import on, and every refusal as an error."""
    logging.getLogger("fastmcp.server.server").addFilter(_is_a_fault)
    log = logging.getLogger("fastmcp")
    log.handlers.clear()
    log.propagate = True
    log.setLevel(max(logging.WARNING, logging.getLogger().level))
