"""MCP over real HTTP, with FastMCP's client and with the reference one, as assistants use it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx2
import mcp
import psycopg
import pytest
from fastapi import FastAPI, Request
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport
from fastmcp.exceptions import ToolError
from mcp.client.streamable_http import streamable_http_client

from github_metrics.mcp.tools import mcp_app
from tests.deliveries import fill, number
from tests.events import payload, pull_request
from tests.service import Service, clone, running
from tests.test_api import HISTORY, problem

TOOLS = {
    "health_check",
    "get_webhook_events",
    "get_webhook_event_by_id",
    "get_repository_statistics",
    "get_metrics_summary",
    "get_projections",
}
NOT_TOOLS = {"receive_webhook", "post_usage_report", "get_liveness", "get_readiness"}
MARCH_2 = {"start_time": "2026-03-02T00:00:00Z", "end_time": "2026-03-03T00:00:00Z"}
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

Ask = Callable[[Any], Awaitable[Any]]


@pytest.fixture(scope="module")
def history(server: str, template: str) -> Iterator[str]:
    with clone(server, template) as database:
        fill(database, HISTORY)
        yield database


@pytest.fixture(scope="module")
def open_service(history: str) -> Iterator[Service]:
    with running(history) as service:
        service.get("/api/metrics/summary", min_position=len(HISTORY))
        yield service


@pytest.fixture(scope="module")
def guarded(open_service: Service, history: str) -> Iterator[Service]:
    with running(history, projector=False, METRICS_API_KEYS="one,two") as service:
        yield service


def with_fastmcp(service: Service, ask: Ask, **headers: str) -> Any:
    """What `ask` makes of a connected client of FastMCP."""

    async def connected() -> Any:
        transport = StreamableHttpTransport(f"{service.url}/mcp", headers=headers)
        async with Client(transport) as client:
            return await ask(client)

    return asyncio.run(connected())


def with_reference(service: Service, ask: Ask, mode: Any = "auto", **headers: str) -> Any:
    """What `ask` makes of a connected client of the reference SDK; mode "legacy" shakes hands, as most do."""

    async def connected() -> Any:
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{service.url}/mcp", http_client=http)
            async with mcp.Client(transport, mode=mode) as client:
                return await ask(client)

    return asyncio.run(connected())


def call(service: Service, name: str, **arguments: Any) -> Any:
    """The structured answer of a tool, which both clients and the REST API agree on."""

    async def ask(client: Any) -> Any:
        return (await client.call_tool(name, arguments)).structured_content

    found = with_fastmcp(service, ask)
    assert timeless(with_reference(service, ask)) == timeless(found)
    return timeless(found)


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """Without the window, which moves on where it is relative to now."""
    return {name: value for name, value in answer.items() if name != "time_range"}


async def listed(client: Any) -> list[Any]:
    """The tools, of either client."""
    found = await client.list_tools()
    return list(getattr(found, "tools", found))


async def names(client: Any) -> set[str]:
    return {tool.name for tool in await listed(client)}


# ── The tools ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_tools_are_the_endpoints_that_read(open_service: Service) -> None:
    found = with_fastmcp(open_service, names)
    assert found >= TOOLS
    assert found.isdisjoint(NOT_TOOLS)
    assert [with_reference(open_service, names, mode) for mode in ("auto", "legacy")] == [found, found]


def test_whatever_reads_below_api_metrics_is_a_tool(open_service: Service) -> None:
    reading = {
        methods["get"]["operationId"]
        for path, methods in open_service.get("/openapi.json")["paths"].items()
        if path.startswith("/api/metrics/") and "get" in methods
    }
    assert with_fastmcp(open_service, names) == {"health_check", *reading} - {"stream_webhook_events"}


EXPLAINED = {"end_time", "users", "exclude_users", "tz", "page", "page_size", "sort"}
"""By the instructions, once for all tools."""


def test_every_tool_only_reads_and_says_so_and_what_it_is_for(open_service: Service) -> None:
    for tool in with_fastmcp(open_service, listed):
        assert tool.annotations.read_only_hint is True, tool.name
        assert 40 <= len(tool.description) <= 300, tool.name
        assert "\n" not in tool.description, tool.name
        for name, schema in tool.input_schema["properties"].items():
            assert schema.keys().isdisjoint({"title", "examples"}), f"{tool.name}: {name}"
            assert "description" in schema or "enum" in schema or name in EXPLAINED, f"{tool.name}: {name}"


def test_the_list_of_tools_is_small(open_service: Service) -> None:
    answer = rpc(open_service, "tools/list", {})
    tools = answer.json()["result"]["tools"]
    assert {tool["name"] for tool in tools} >= TOOLS
    assert len(answer.content) < 25_000
    assert len(answer.content) / len(tools) < 1000, "on average a tool takes less than 1 kB"


def test_instructions_say_how_times_are_written(open_service: Service) -> None:
    async def ask(client: Any) -> str:
        return str(client.instructions)

    instructions = with_reference(open_service, ask)
    assert "start_time=24h" in instructions
    assert "last week" in instructions
    assert {name for name in EXPLAINED if name not in instructions} == set()


# ── Example questions, worked through ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def lively(server: str, template: str) -> Iterator[Service]:
    """Two events of just now, one of which cannot be read, and the rest of a history that is long past."""
    with clone(server, template) as database, running(database) as service:
        fill(database, HISTORY)
        service.post("pull_request", payload("opened", pull_request=pull_request(9)), delivery_id=uuid.UUID(int=99))
        position = service.post("push", b"no JSON").headers["X-Log-Position"]
        service.get("/api/metrics/summary", min_position=position)
        yield service


def test_get_metrics_for_the_last_24_hours(lively: Service) -> None:
    found = call(lively, "get_metrics_summary", start_time="24h")
    assert found["summary"]["total_events"] == 2
    assert found["event_type_distribution"] == {"pull_request": 1, "push": 1}
    events = call(lively, "get_webhook_events", start_time="24h", page_size=5)
    assert [event["status"] for event in events["data"]] == ["error", "success"]
    detail = call(lively, "get_webhook_event_by_id", delivery_id=events["data"][1]["delivery_id"])
    assert detail["payload"]["pull_request"]["number"] == 9


def test_show_repository_statistics_for_org_repo(open_service: Service) -> None:
    """The tool lists repositories, the busiest first; the one that is asked for is among them."""
    found = call(open_service, "get_repository_statistics", page_size=100)
    (octo,) = [one for one in found["repositories"] if one["repository"] == "octo/world"]
    assert (octo["total_events"], octo["success_rate"]) == (5, 80.0)
    renamed = call(open_service, "get_webhook_events", repository="octo/hello")
    assert renamed["pagination"]["total"] == 5


def test_what_is_the_success_rate_of_the_last_week(lively: Service) -> None:
    seven_days = call(lively, "get_metrics_summary", start_time="7d", end_time="now")
    assert seven_days["summary"]["success_rate"] == 50.0
    calendar_week = call(lively, "get_metrics_summary", start_time="last week", end_time="last week")
    assert (calendar_week["summary"]["total_events"], calendar_week["summary"]["success_rate"]) == (0, None)


# ── Answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_answers_are_those_of_the_api(open_service: Service) -> None:
    for name, path in (
        ("get_metrics_summary", "/api/metrics/summary"),
        ("get_repository_statistics", "/api/metrics/repositories"),
        ("get_webhook_events", "/api/metrics/webhooks"),
    ):
        assert call(open_service, name, **MARCH_2) == timeless(open_service.get(path, **MARCH_2))
    assert call(open_service, "health_check")["status"] == "healthy"
    assert {one["name"] for one in call(open_service, "get_projections")["projections"]} >= {"webhook_events"}
    by_id = call(open_service, "get_webhook_event_by_id", delivery_id=number(3))
    assert by_id == open_service.get(f"/api/metrics/webhooks/{number(3)}")


def test_what_a_model_leaves_out_may_be_null(open_service: Service) -> None:
    found = call(open_service, "get_webhook_events", repository=None, status=None, start_time=None, page_size=1)
    assert found["pagination"]["total"] == 9


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("get_metrics_summary", {"start_time": "next year"}, "start_time is not a time"),
        ("get_metrics_summary", {"start_time": "24h", "end_time": "7d"}, "start_time is after end_time"),
        ("get_webhook_events", {"page_size": 5000}, "page_size"),
        ("get_webhook_events", {"status": "fine"}, "status"),
        ("get_metrics_contributors", {"repository": "octo/hello"}, "repository: .* did you mean repositories"),
        (
            "get_pr_story",
            {"owner": "octo", "repo": "hello", "number": 1, "users": "ann"},
            "users: This selects nothing",
        ),
        ("get_webhook_events", {"format": "csv"}, "format: There is no such parameter here"),
        ("get_webhook_events", {"min_position": 1}, "min_position: There is no such parameter here"),
        ("get_metrics_summary", {"page": 2}, "page: There is no such parameter here"),
        ("get_pr_story", {"owner": "octo/hello", "repo": "x", "number": 1}, "owner: 'octo/hello' is no name: of octo/"),
        ("explain_pull_request", {"owner": "octo", "repo": "octo/hello", "number": 1}, "repo: .* each by itself"),
        ("get_repository", {"owner": "octo/hello", "repo": ""}, "owner: .* repo: '' is no name"),
        ("get_repository", {"owner": "..", "repo": "summary"}, "owner: '..' is no name"),
        ("get_webhook_event_by_id", {"delivery_id": number(99)}, "not found"),
        ("get_webhook_event_by_id", {"delivery_id": "../summary"}, "delivery_id"),
        ("receive_webhook", {}, "receive_webhook"),
        ("post_usage_report", {"reporter": "bot"}, "post_usage_report"),
    ],
)
def test_a_call_that_fails_tells_what_to_mend(
    open_service: Service, name: str, arguments: dict[str, Any], told: str
) -> None:
    async def ask(client: Any) -> None:
        await client.call_tool(name, arguments)

    with pytest.raises(ToolError, match=told):
        with_fastmcp(open_service, ask)


# ── HTTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def rpc(service: Service, method: str, parameters: Any, path: str = "/mcp", **headers: str) -> httpx2.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    given = {**JSON, **({} if method == "initialize" else {"MCP-Protocol-Version": "2025-06-18"}), **headers}
    return service.client.post(path, json=body, headers=given)


HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def test_it_is_served_at_exactly_mcp(open_service: Service) -> None:
    answer = rpc(open_service, "initialize", HELLO)
    assert answer.status_code == 200
    assert answer.json()["result"]["serverInfo"]["name"] == "GitHub Metrics"
    assert answer.headers["Content-Type"] == "application/json"
    assert "Mcp-Session-Id" not in answer.headers
    again = rpc(open_service, "initialize", HELLO, path="/mcp/")
    assert (again.status_code, again.json()) == (200, answer.json())
    for path in ("/mcp", "/mcp/"):
        refused = open_service.client.get(path, headers=JSON)
        assert problem(refused, 405, "method_not_allowed") == "Method Not Allowed"
        assert "POST" in refused.headers["Allow"]
    problem(open_service.client.get("/mcp/nothing"), 404, "not_found")


def test_any_worker_may_answer_any_request(open_service: Service, history: str) -> None:
    """What one worker was greeted with, another does not know, and need not."""
    with running(history, projector=False) as other:
        for round_ in range(3):
            assert rpc(open_service, "initialize", HELLO).status_code == 200
            called = {"name": "get_metrics_summary", "arguments": MARCH_2}
            for service in (other, open_service):
                answer = rpc(service, "tools/call", called, **{"Mcp-Session-Id": f"{round_:032x}"})
                assert answer.json()["result"]["structuredContent"]["summary"]["total_events"] == 6


def test_the_first_requests_may_come_together(history: str) -> None:
    with running(history, projector=False) as service:

        async def all_at_once() -> list[int]:
            async with httpx2.AsyncClient(base_url=service.url, timeout=30) as client:
                body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
                posts = [client.post("/mcp", json=body, headers=JSON) for _ in range(8)]
                return [answer.status_code for answer in await asyncio.gather(*posts)]

        assert asyncio.run(all_at_once()) == [200] * 8


def test_a_page_of_a_foreign_origin_is_refused(open_service: Service, history: str) -> None:
    refused = rpc(open_service, "tools/list", {}, Origin="https://evil.example")
    assert problem(refused, 403, "forbidden") == "Forbidden"
    with running(history, projector=False, METRICS_CORS_ORIGINS="https://dash.example.org") as service:
        allowed = rpc(service, "tools/list", {}, Origin="https://dash.example.org", Host="metrics.example.org")
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == "https://dash.example.org"
        assert rpc(service, "tools/list", {}, Origin="https://evil.example").status_code == 403


def test_it_can_be_switched_off(history: str) -> None:
    with running(history, projector=False, METRICS_MCP_ENABLED="false") as service:
        problem(rpc(service, "initialize", HELLO), 404, "not_found")
        assert service.get("/health")["status"] == "healthy"


# ── Keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────

KEYS = [{"X-API-Key": "one"}, {"X-API-Key": "two"}, {"Authorization": "Bearer one"}]
NO_KEYS: list[dict[str, str]] = [{}, {"X-API-Key": "three"}, {"Authorization": "Bearer three"}]


@pytest.mark.parametrize("headers", KEYS)
def test_a_key_opens_it_and_is_passed_on_to_the_api(guarded: Service, headers: dict[str, str]) -> None:
    async def ask(client: Any) -> Any:
        assert await names(client) >= TOOLS
        return (await client.call_tool("get_metrics_summary", MARCH_2)).structured_content["summary"]["total_events"]

    assert with_fastmcp(guarded, ask, **headers) == 6
    assert with_reference(guarded, ask, **headers) == 6
    assert with_reference(guarded, ask, "legacy", **headers) == 6


@pytest.mark.parametrize("headers", NO_KEYS)
@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call", "server/discover"])
def test_without_a_key_not_even_the_names_of_tools_are_told(
    guarded: Service, headers: dict[str, str], method: str
) -> None:
    answer = rpc(guarded, method, HELLO if method == "initialize" else {"name": "health_check"}, **headers)
    assert "key" in problem(answer, 401, "unauthorized")
    assert not any(name in answer.text for name in TOOLS)


@pytest.mark.parametrize("connect", [with_fastmcp, with_reference])
def test_a_client_without_a_key_does_not_get_in(guarded: Service, connect: Any) -> None:
    with pytest.raises(Exception, match="error") as refused:  # each client has one of its own
        connect(guarded, names)
    assert not any(name in str(refused.value) for name in TOOLS)


def test_of_a_request_only_the_key_reaches_the_api() -> None:
    """A condition or a range would have the API answer with no JSON."""
    api = FastAPI()

    @api.get("/api/metrics/echo", operation_id="echo")
    async def echo(request: Request) -> dict[str, str]:
        return dict(request.headers)

    async def ask() -> Any:
        app = mcp_app(api, "/mcp", [])
        transport = httpx2.ASGITransport(app=app)
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "echo", "arguments": {}}}
        browser = {"Cookie": "a=b", "If-None-Match": "*", "Range": "bytes=0-1", "Accept-Encoding": "gzip"}
        sent = {**JSON, **browser, "X-API-Key": "one", "Authorization": "Bearer two"}
        async with app.router.lifespan_context(app), httpx2.AsyncClient(transport=transport) as client:
            return (await client.post("http://localhost/mcp", json=body, headers=sent)).json()

    told = asyncio.run(ask())["result"]["structuredContent"]
    assert told == {"host": "fastapi", "accept": "application/json", "x-api-key": "one", "authorization": "Bearer two"}


def test_a_database_that_is_away_is_told(server: str, template: str) -> None:
    with clone(server, template) as database, running(database, projector=False) as service:
        assert call(service, "health_check")["database"] is True
        with psycopg.connect(server, autocommit=True) as connection:
            name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

        async def ask(client: Any) -> None:
            await client.call_tool("health_check", {})

        with pytest.raises(ToolError, match=r"503.*unhealthy"):
            with_fastmcp(service, ask)
