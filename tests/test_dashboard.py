"""The dashboard's files: what is vendored is what it says, and what is served is safe, small and cached for good."""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_metrics.pages import dashboard_files
from github_metrics.pages.dashboard_files import DIRECTORY, IMPORT_MAP, digest, files, first_modules
from tests.service import Service, clone, running

FIRST_LOAD = 450_000
"""Bytes that a browser may have to fetch before everything is drawn, compressed."""
ECHARTS = "vendor/echarts.common-6.1.0.min.js"
OUTSIDE = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "dangerouslySetInnerHTML",
    "document.write",
    "eval(",
    "new Function",
)
"""What could turn text into markup or code."""
VENDORED = [DIRECTORY / "vendor", Path(__file__).parent / "browser" / "vendor"]


@pytest.fixture(scope="module")
def service(server: str, template: str) -> Iterator[Service]:
    with clone(server, template) as database, running(database, projector=False) as started:
        yield started


def own(suffix: str) -> Iterator[tuple[str, str]]:
    for path, file in files().items():
        if path.endswith(suffix) and not path.startswith("vendor/"):
            yield path, file.body.decode()


@pytest.mark.parametrize("directory", VENDORED, ids=["package", "tests"])
def test_what_is_vendored_is_what_the_table_says(directory: Path) -> None:
    rows = re.findall(
        r"^\| `([^`]+)` \| [^|]+ \| [\d.]+ \| `[^`]+` \| [^|]+ \| ([^|]+) \| `(\w{64})` \|$",
        (directory / "README.md").read_text(),
        re.MULTILINE,
    )
    texts = {text for _, licences, _ in rows for text in re.findall(r"`([^`]+)`", licences)}
    assert {name for name, *_ in rows} | texts | {"README.md"} == {path.name for path in directory.iterdir()}
    for name, _, sha in rows:
        assert hashlib.sha256((directory / name).read_bytes()).hexdigest() == sha, name


def test_every_import_leads_to_a_file() -> None:
    for path, text in own(".js"):
        for name in re.findall(r'(?:^import|\} from|\bimport\()\s*"([^"\n]+)"', text, re.MULTILINE):
            target = DIRECTORY / IMPORT_MAP[name] if name in IMPORT_MAP else (DIRECTORY / path).parent / name
            assert target.resolve().is_file(), f"{path} imports {name}"


def test_nothing_turns_text_into_markup() -> None:
    for path, text in own(".js"):
        assert not [found for found in OUTSIDE if found in text], path


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path, text in [*own(".js"), *own(".css"), ("index.html", (DIRECTORY / "index.html").read_text())]:
        assert not re.findall(r"""(?:src|href|url|fetch|import)\s*[=(]+\s*["']?(?:https?:)?//""", text), path


def test_the_first_load_is_small() -> None:
    html = dashboard_files.page().body
    styles = [files()[path].body for path in re.findall(r"(css/\w+\.css)", html.decode())]
    modules = [files()[path].body for path in first_modules()]
    packed = [html, *styles, *modules, files()["js/theme-first.js"].body, files()[ECHARTS].body]
    total = sum(len(gzip.compress(body, 6)) for body in packed) + len(files()["vendor/inter-latin-5.3.0.woff2"].body)
    assert total < FIRST_LOAD


def test_the_page_names_every_module_that_it_starts_with(service: Service) -> None:
    html = service.client.get("/dashboard").text
    assert f"dashboard/{digest()}/js/main.js" in html
    for path in first_modules():
        assert f'<link rel="modulepreload" href="./dashboard/{digest()}/{path}">' in html
        assert service.client.get(f"/dashboard/{digest()}/{path}").status_code == 200
    assert "%" not in re.sub(r"<script.*?</script>", "", html)


def test_the_page_allows_only_its_own_files_and_the_import_map(service: Service) -> None:
    answer = service.client.get("/dashboard")
    policy = answer.headers["Content-Security-Policy"]
    (inline,) = re.findall(r"<script(?! src)(?! type=\"module\")[^>]*>(.+?)</script>", answer.text)
    hashed = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{hashed}';" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")
    assert "<style" not in answer.text
    assert " style=" not in answer.text


def test_files_are_kept_for_good_and_the_page_is_asked_for_again(service: Service) -> None:
    page = service.client.get("/dashboard")
    assert page.headers["Cache-Control"] == "no-cache"
    again = service.client.get("/dashboard", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    file = service.client.get(f"/dashboard/{digest()}/js/main.js")
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file.headers["Content-Type"] == "text/javascript; charset=utf-8"
    older = service.client.get("/dashboard/0123456789abcdef/js/main.js")
    assert (older.status_code, older.headers["Cache-Control"]) == (200, "no-cache")


def test_files_are_sent_compressed_to_who_takes_that(service: Service) -> None:
    path = f"/dashboard/{digest()}/{ECHARTS}"
    packed = service.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < 300_000
    plain = service.client.get(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == packed.content == (DIRECTORY / ECHARTS).read_bytes()


@pytest.mark.parametrize(
    "path", ["..%2faccess.py", "js/..%2f..%2faccess.py", "index.html", "vendor/README.md", "js", "", "js/%00"]
)
def test_nothing_but_those_files_is_served(service: Service, path: str) -> None:
    assert service.client.get(f"/dashboard/{digest()}/{path}").status_code == 404


def test_the_address_alone_leads_to_the_dashboard(service: Service) -> None:
    for path, target in [("/", "dashboard"), ("/dashboard/", "../dashboard")]:
        answer = service.client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (307, target)
    assert service.client.head("/dashboard").status_code == 200


def test_the_page_needs_no_key_and_the_numbers_do(server: str, template: str) -> None:
    with clone(server, template) as database, running(database, projector=False, METRICS_API_KEYS="a key") as closed:
        assert closed.client.get("/dashboard").status_code == 200
        assert closed.client.get(f"/dashboard/{digest()}/js/main.js").status_code == 200
        assert closed.client.get("/api/metrics/summary").status_code == 401
