"""Who may read: keys on everything but health, origins, and the headers of every answer."""

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import websockets

from tests.events import payload
from tests.service import Service, clone, running
from tests.test_api import WEBHOOKS, problem

OPEN = ("/health", "/healthz", "/readyz", "/static-offline-docs/swagger-ui.css", "/dashboard")
CLOSED = (
    *("/api/metrics/summary", WEBHOOKS, "/api/metrics/projections", "/docs", "/docs/oauth2-redirect", "/redoc"),
    *("/openapi.json", "/mcp", "/mcp/", "/api/metrics/nothing", "/nothing", "/api", "/docs/", "/health/"),
    *("//docs", "/docs%2F", "/%64ocs", "/healthz/../docs", "/static-offline-docs"),
)
PAGE = "https://dash.example.org"


@pytest.fixture(scope="module")
def database_of_module(server: str, template: str) -> Iterator[str]:
    with clone(server, template) as database:
        yield database


@pytest.fixture(scope="module")
def guarded(database_of_module: str) -> Iterator[Service]:
    with running(database_of_module, METRICS_API_KEYS="one,two", METRICS_CORS_ORIGINS=PAGE) as service:
        yield service


@pytest.fixture(scope="module")
def public(database_of_module: str) -> Iterator[Service]:
    with running(database_of_module, projector=False) as service:
        yield service


# ── Keys ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "three"}, {"Authorization": "Basic one"}])
def test_everything_but_health_needs_a_key_whether_it_is_there_or_not(
    guarded: Service, path: str, headers: dict[str, str]
) -> None:
    url = guarded.url + path  # A client would read //docs as a host.
    answers = [guarded.client.request(method, url, headers=headers) for method in ("GET", "POST", "DELETE", "OPTIONS")]
    problems = {problem(answer, 401, "unauthorized") for answer in answers}
    assert problems == {"an API key is needed, as X-API-Key or as Authorization: Bearer"}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert not any("X-Log-Position" in answer.headers for answer in answers)


@pytest.mark.parametrize("path", ["/api/metrics/summary", "/docs", "/redoc", "/openapi.json"])
@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "one"},
        {"X-API-Key": "two"},
        {"Authorization": "Bearer one"},
        {"Authorization": "bearer  two"},
        {"X-API-Key": "wrong", "Authorization": "Bearer one"},
        {"X-API-Key": "one", "Authorization": "Bearer wrong"},
    ],
)
def test_each_key_opens_everything_in_either_header(guarded: Service, path: str, headers: dict[str, str]) -> None:
    assert guarded.client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("path", OPEN)
def test_health_needs_no_key(guarded: Service, path: str) -> None:
    assert guarded.client.get(path).status_code == 200


def test_deliveries_need_no_key_but_their_signature(guarded: Service) -> None:
    assert guarded.post("push", payload(after="a" * 40)).status_code == 200
    unsigned = guarded.client.post("/metrics", json={})
    assert unsigned.status_code == 400


def test_a_websocket_without_a_key_is_refused(guarded: Service) -> None:
    async def connect() -> int:
        try:
            async with websockets.connect(f"ws://127.0.0.1:{guarded.port}/metrics/ws", proxy=None):
                return 101
        except websockets.InvalidStatus as refused:
            return refused.response.status_code

    assert asyncio.run(connect()) == 403


@pytest.mark.parametrize("path", ["/api/metrics/summary", "/docs", "/redoc", "/openapi.json"])
def test_without_keys_everyone_may_read(public: Service, path: str) -> None:
    assert public.client.get(path).status_code == 200
    assert public.client.get(path, headers={"X-API-Key": "any"}).status_code == 200


def test_openapi_says_which_operations_take_a_key(public: Service) -> None:
    document = public.get("/openapi.json")
    assert {scheme["type"] for scheme in document["components"]["securitySchemes"].values()} == {"apiKey", "http"}
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert ("security" in operation) is path.startswith("/api/")


# ── Headers ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "status"),
    [*((path, 200) for path in OPEN), ("/docs", 401), ("/api/metrics/summary", 401), ("/nothing", 401)],
)
def test_every_answer_tells_browsers_to_refrain(guarded: Service, path: str, status: int) -> None:
    answer = guarded.client.get(path)
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_a_docs_page_may_load_its_own_files_and_nothing_else(public: Service, path: str) -> None:
    policy = public.client.get(path).headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert directives["connect-src"] == "'self'"
    assert directives["script-src"] == directives["style-src"] == "'self' 'unsafe-inline'"
    assert "http" not in policy
    assert "script-src" not in public.client.get("/openapi.json").headers["Content-Security-Policy"]


# ── Origins ───────────────────────────────────────────────────────────────────────────────────────────────────────


def preflight(
    service: Service, origin: str, path: str = "/api/metrics/summary", method: str = "GET"
) -> httpx2.Response:
    wanted = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "x-api-key"}
    return service.client.options(path, headers={"Origin": origin, **wanted})


@pytest.mark.parametrize(("path", "method"), [("/api/metrics/summary", "GET"), ("/mcp", "POST")])
def test_a_page_of_an_origin_that_is_allowed_may_ask(guarded: Service, path: str, method: str) -> None:
    answer = preflight(guarded, PAGE, path, method)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "x-api-key" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"X-API-Key": "one"}, 200)])
def test_it_may_read_answers_and_refusals(guarded: Service, headers: dict[str, str], status: int) -> None:
    answer = guarded.client.get("/api/metrics/summary", headers={"Origin": PAGE, **headers})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "X-Log-Position" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]


def test_other_origins_may_not(guarded: Service, public: Service) -> None:
    for service, origin in ((guarded, "https://evil.example"), (guarded, "null"), (public, PAGE)):
        answer = service.client.get("/health", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert preflight(service, origin).status_code >= 400


def test_a_star_allows_every_origin(database_of_module: str) -> None:
    with running(database_of_module, projector=False, METRICS_CORS_ORIGINS="*") as service:
        answer = service.client.get("/health", headers={"Origin": PAGE})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


# ── Compression ───────────────────────────────────────────────────────────────────────────────────────────────────


def raw(service: Service, path: str, **headers: str) -> tuple[httpx2.Headers, bytes]:
    with service.client.stream("GET", path, headers=headers) as answer:
        return answer.headers, b"".join(answer.iter_raw())


def test_json_is_compressed_for_who_takes_it(public: Service) -> None:
    headers, compressed = raw(public, "/openapi.json", **{"Accept-Encoding": "gzip"})
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept-Encoding")
    plain_headers, plain = raw(public, "/openapi.json", **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain_headers
    assert gzip.decompress(compressed) == plain
    assert len(compressed) < len(plain) / 3


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip;q=0", None), ("br, gzip; q=0.0, *", None), ("gzip;q=0.1", "gzip"), ("br;q=0, gzip", "gzip"), ("br", None)],
)
def test_who_refuses_gzip_gets_none(public: Service, accepted: str, coding: str | None) -> None:
    headers, _ = raw(public, "/openapi.json", **{"Accept-Encoding": accepted})
    assert headers.get("Content-Encoding") == coding


def test_what_is_allowed_is_said_with_head_which_is_answered(public: Service) -> None:
    refused = public.client.put("/api/metrics/summary")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert public.client.head("/api/metrics/summary").status_code == 200
    assert public.client.put("/api/metrics/stream").headers["Allow"] == "GET"
    assert public.client.get("/api/metrics/usage").headers["Allow"] == "POST"


def test_what_is_small_is_left_as_it_is(public: Service) -> None:
    headers, body = raw(public, "/healthz", **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in headers
    assert body == b'{"status":"alive"}'


def test_the_receiver_stands_beside_all_this(guarded: Service) -> None:
    body: Any = payload(after="b" * 40)
    answer = guarded.post("push", body)
    assert answer.status_code == 200
    assert answer.headers.keys().isdisjoint({"content-encoding", "vary", "content-security-policy"})
    assert preflight(guarded, PAGE, "/metrics", "POST").status_code == 405
