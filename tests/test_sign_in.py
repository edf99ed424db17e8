"""/login: a key becomes a cookie, which opens what the key opens, to our own pages only."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from github_metrics.access.keys import COOKIE, GOOD_SECONDS, Keys, ticket
from github_metrics.pages.login import landing, way_in
from tests.deliveries import fill
from tests.service import Service, clone, running
from tests.streams import positions, reading
from tests.test_api import HISTORY, SUMMARY, problem
from tests.test_websocket import opened, take

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
def guarded(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, METRICS_API_KEYS="one,two") as service:
        last = fill(database, HISTORY)
        service.client.get(SUMMARY, headers={"X-API-Key": "one"}, params={"min_position": last})
        yield service


@pytest.fixture(scope="module")
def ours(guarded: Service) -> str:
    return f"http://127.0.0.1:{guarded.port}"


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("github_metrics.api.sign_in.DELAY_SECONDS", 0.0)


def signed_in(service: Service, key: str = "one") -> dict[str, str]:
    """The headers of a browser that has signed in."""
    with httpx2.Client(base_url=service.url) as browser:
        assert browser.post("/login", json={"key": key}).status_code == 204
        return {"Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}


def asked(service: Service, method: str, path: str, headers: dict[str, str]) -> int:
    return service.client.request(method, path, headers=headers).status_code


# ── Signing in ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_becomes_a_cookie_that_is_not_the_key(guarded: Service) -> None:
    answer = guarded.client.post("/login", json={"key": "two"})
    assert (answer.status_code, answer.content) == (204, b"")
    name, _, rest = answer.headers["Set-Cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == COOKIE
    assert "two" not in value
    assert set(attributes) == {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={GOOD_SECONDS}"}
    guarded.client.cookies.clear()


@pytest.mark.parametrize(
    ("headers", "secure"),
    [
        ({}, False),
        ({"X-Forwarded-Proto": "http"}, False),
        ({"X-Forwarded-Proto": "https"}, True),
        ({"X-Forwarded-Proto": "https, http"}, True),
        ({"Origin": "https://127.0.0.1:{port}"}, True),
        ({"Origin": "http://127.0.0.1:{port}"}, False),
    ],
)
def test_it_is_sent_by_https_only_where_it_came_by_https(
    guarded: Service, headers: dict[str, str], secure: bool
) -> None:
    given = {name: value.format(port=guarded.port) for name, value in headers.items()}
    answer = guarded.client.post("/login", json={"key": "one"}, headers=given)
    assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) is secure
    guarded.client.cookies.clear()


@pytest.mark.parametrize("key", ["three", "", "One", "one ", "ｏｎｅ", "\ud7ff", "x" * 10_000])
def test_an_unknown_key_becomes_none(guarded: Service, key: str) -> None:
    answer = guarded.client.post("/login", json={"key": key})
    assert problem(answer, 401, "unauthorized") == "This key is not known."
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"one"', b"{}", b'{"key": 1}', b'{"key": null}', b"\xff"])
def test_without_a_key_it_is_a_bad_request(guarded: Service, body: bytes) -> None:
    answer = guarded.client.post("/login", content=body, headers={"Content-Type": "application/json"})
    assert "key" in problem(answer, 400, "bad_parameter")


def test_a_large_body_is_refused(guarded: Service) -> None:
    problem(guarded.client.post("/login", content=b"x" * 20_000), 413, "body_too_large")


# ── What the cookie opens ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [SUMMARY, "/docs", "/openapi.json", "/dashboard"])
def test_it_opens_what_a_key_opens(guarded: Service, path: str) -> None:
    for method in ("GET", "HEAD"):
        with_cookie = asked(guarded, method, path, signed_in(guarded))
        assert with_cookie == asked(guarded, method, path, {"X-API-Key": "one"}) != 401


def test_a_page_is_told_that_it_is_the_cookie_that_opens(guarded: Service) -> None:
    def told(**headers: str) -> str | None:
        return guarded.client.get(SUMMARY, headers=headers).headers.get("X-Signed-In")

    assert told(**signed_in(guarded)) == "cookie"
    assert told(**{"X-API-Key": "one"}) is None
    assert told(**signed_in(guarded), **{"X-API-Key": "one"}) is None
    assert told(Cookie=f"{COOKIE}=made up") is None


def test_it_opens_live_streams(guarded: Service, ours: str) -> None:
    headers = signed_in(guarded)
    with reading(guarded, headers=headers, since=0) as reader:
        assert positions(reader.take(1)) == [1]
    with opened(guarded, since=0, additional_headers=headers, origin=ours) as socket:
        assert positions(take(socket, 1)) == [1]


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_from_elsewhere_opens_no_websocket_with_it(guarded: Service, origin: str | None) -> None:
    with pytest.raises(InvalidStatus), opened(guarded, origin=origin, additional_headers=signed_in(guarded)):
        pass


def test_what_changes_something_must_come_from_our_own_page(guarded: Service, ours: str) -> None:
    def report(**headers: str) -> int:
        body = {"reporter": "bot", "report_id": "1"}
        given = {**signed_in(guarded), **headers}
        return guarded.client.post("/api/metrics/usage", json=body, headers=given).status_code

    assert report() == 401
    assert report(Origin="https://evil.example") == 401
    assert report(Origin="null", **{"Sec-Fetch-Site": "cross-site"}) == 401
    assert report(Origin="http://127.0.0.1", **{"Sec-Fetch-Site": "same-site"}) == 401
    assert report(Origin=ours) == 200
    assert report(Origin="null", **{"Sec-Fetch-Site": "same-origin"}) == 200


def test_every_worker_knows_it_and_it_is_worth_nothing_without_its_key(guarded: Service, database: str) -> None:
    headers = signed_in(guarded, "two")
    with running(database, projector=False, METRICS_API_KEYS="three,two") as other:
        assert asked(other, "GET", "/openapi.json", headers) == 200
    with running(database, projector=False, METRICS_API_KEYS="three,one") as other:
        assert asked(other, "GET", "/openapi.json", headers) == 401


def test_a_ticket_is_good_for_30_days_and_cannot_be_made_or_prolonged() -> None:
    keys = Keys(["one", "two"])
    given = ticket("two", 1000.0)
    assert keys.has_ticket(given, 1000.0)
    assert keys.has_ticket(given, 999.0 + GOOD_SECONDS)
    assert not keys.has_ticket(given, 1000.0 + GOOD_SECONDS)
    until, _, signature = given.partition(".")
    for forged in (
        *("", ".", until, f"{until}.", f".{signature}", f"{int(until) + 1}.{signature}", f"{until}.{signature[:-1]}"),
        *(
            f"{until}.{'0' * 64}",
            f"0{given}",
            f" {given}",
            f"{given}.",
            "two",
            f"{until}.two",
            "x.y",
            "é.é",
            "9" * 5000,
        ),
        ticket("three", 1000.0),
    ):
        assert not keys.has_ticket(forged, 1000.0), forged
    assert not Keys([]).has_ticket(given, 1000.0)
    assert not keys.has("")
    assert not keys.has(given)


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/dashboard", "/dashboard?range=7d&x=%2F", "/dashboard/jobs"])
def test_a_browser_is_led_to_the_page_and_back(guarded: Service, path: str) -> None:
    with httpx2.Client(base_url=guarded.url, headers=HTML, follow_redirects=True) as browser:
        asked_for_key = browser.get(path)
        assert (asked_for_key.status_code, asked_for_key.url.path) == (200, "/login")
        (wanted,) = re.findall(r'name="next" value="([^"]*)"', asked_for_key.text)
        answer = browser.post(
            "/login", data={"key": "one", "next": wanted.replace("&amp;", "&")}, follow_redirects=False
        )
        assert answer.status_code == 303
        there = httpx2.URL(guarded.url + "/login").join(answer.headers["Location"])
        assert str(there) == guarded.url + (path if path != "/" else "/dashboard")
        assert browser.get(there).status_code in (200, 404), "the dashboard's own pages may not be there"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/docs", {}),
        ("/docs", {"Accept": "application/json"}),
        (SUMMARY, HTML),
        ("/nothing", HTML),
        ("/dashboards", HTML),
    ],
)
def test_everybody_else_gets_401(guarded: Service, path: str, headers: dict[str, str]) -> None:
    problem(guarded.client.get(path, headers=headers), 401, "unauthorized")


def test_the_page_is_strict_with_what_it_loads(guarded: Service) -> None:
    answer = guarded.client.get("/login")
    policy = answer.headers["Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        policy,
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin", "else a browser hides the form's Origin"
    assert "<script" not in answer.text
    assert '<label for="key">' in answer.text


def test_a_wrong_key_is_said_on_the_page(guarded: Service) -> None:
    answer = guarded.client.post("/login", data={"key": "three", "next": "docs"}, headers=HTML)
    assert answer.status_code == 401
    assert '<p role="alert">This key is not known.</p>' in answer.text
    assert 'name="next" value="docs"' in answer.text
    assert "three" not in answer.text
    assert "Set-Cookie" not in answer.headers


HOSTILE = [
    *("https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "///evil.example/x"),
    *("javascript:alert(1)", "data:text/html,x", "https:evil.example", "\thttps://evil.example", "..//evil.example"),
    *("@evil.example", ".evil.example", "x\r\nSet-Cookie: a=b", "%0d%0aSet-Cookie:a=b", "?https://evil.example"),
]


@pytest.mark.parametrize("wanted", HOSTILE)
def test_nobody_is_led_elsewhere(guarded: Service, wanted: str) -> None:
    answer = guarded.client.post("/login", data={"key": "one", "next": wanted})
    guarded.client.cookies.clear()
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("./")
    assert not re.search(r"[\s\\]", answer.headers["Location"])
    there = httpx2.URL(guarded.url + "/login").join(answer.headers["Location"])
    assert (there.scheme, there.host, there.port) == ("http", "127.0.0.1", guarded.port)


def test_what_is_wanted_is_no_markup(guarded: Service) -> None:
    page = guarded.client.get("/login", params={"next": '"><script>alert(1)</script>'}).text
    assert "<script" not in page


def test_links_are_relative_so_that_they_hold_below_a_prefix() -> None:
    assert way_in({"path": "/dashboard", "query_string": b"a=b"}) == "./login?next=dashboard%3Fa%3Db"
    assert way_in({"path": "/dashboard/jobs", "query_string": b""}) == "../login?next=dashboard%2Fjobs"
    assert landing("") == landing("/") == "./dashboard"
    assert landing("dashboard?a=b") == "./dashboard?a=b"


# ── Signing out ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_logout_forgets_the_cookie(guarded: Service) -> None:
    with httpx2.Client(base_url=guarded.url) as browser:
        browser.post("/login", json={"key": "one"})
        assert browser.get("/openapi.json").status_code == 200
        assert browser.post("/logout").status_code == 204
        assert browser.get("/openapi.json").status_code == 401
        assert browser.post("/logout", data={"x": "y"}).headers["Location"] == "./login"


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_page_from_elsewhere_can_do_neither(guarded: Service, path: str) -> None:
    answer = guarded.client.post(path, data={"key": "one"}, headers={"Origin": "https://evil.example"})
    problem(answer, 403, "forbidden")
    assert "Set-Cookie" not in answer.headers


def test_without_keys_nobody_need_sign_in(database: str) -> None:
    with running(database, projector=False) as service:
        for answer in (
            service.client.get("/login", params={"next": "docs"}),
            service.client.post("/login", data={"key": "any", "next": "docs"}),
        ):
            assert (answer.status_code, answer.headers["Location"]) == (303, "./docs")
            assert "Set-Cookie" not in answer.headers


# ── /llms.txt ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_llms_txt_leads_to_every_endpoint_that_reads_without_a_key(guarded: Service) -> None:
    answer = guarded.client.get("/llms.txt")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text.startswith("# GitHub Metrics\n\n> ")
    links = dict(re.findall(r"^- \[([^\]]+)\]\(([^)]+)\): .", answer.text, re.MULTILINE))
    document: Any = guarded.client.get("/openapi.json", headers={"X-API-Key": "one"}).json()
    reads = {
        methods["get"]["operationId"]: path.removeprefix("/")
        for path, methods in document["paths"].items()
        if "get" in methods and path.startswith("/api/")
    }
    assert reads.items() <= links.items()
    others = {link for name, link in links.items() if name not in reads}
    assert others == {"openapi.json", "docs", "mcp"}
    assert [asked(guarded, "GET", f"/{link}", {}) for link in others] == [401] * 3
    assert asked(guarded, "GET", "/docs", {"X-API-Key": "one"}) == 200


def test_it_speaks_of_mcp_only_where_that_is_on(database: str) -> None:
    with running(database, projector=False, METRICS_MCP_ENABLED="false") as service:
        assert "(mcp)" not in service.client.get("/llms.txt").text
