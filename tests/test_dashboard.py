"""The dashboard's files: what is vendored is what it says, and what is served is safe, small and cached for good."""

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from github_metrics.pages import dashboard_files
from github_metrics.pages.dashboard_files import DIRECTORY, ECHARTS, IMPORT_MAP, SCRIPT, STYLE, digest, files, sources
from tests.service import Service, clone, running

FIRST_LOAD = 450_000
"""Bytes that a browser may have to fetch before everything is drawn, compressed."""
FONT = "vendor/inter-latin-5.3.0.woff2"
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
    for path, text in sources(".js").items():
        for name in re.findall(r'(?:^import|\} from|\bimport\()\s*"([^"\n]+)"', text, re.MULTILINE):
            target = DIRECTORY / IMPORT_MAP[name] if name in IMPORT_MAP else (DIRECTORY / path).parent / name
            assert target.resolve().is_file(), f"{path} imports {name}"


def test_nothing_turns_text_into_markup() -> None:
    for path, text in sources(".js").items():
        assert not [found for found in OUTSIDE if found in text], path


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path, text in [
        *sources(".js").items(),
        *sources(".css").items(),
        ("index.html", (DIRECTORY / "index.html").read_text()),
    ]:
        assert not re.findall(r"""(?:src|href|url|fetch|import)\s*[=(]+\s*["']?(?:https?:)?//""", text), path


def test_the_first_load_is_small() -> None:
    fetched = [dashboard_files.page(), *(files()[path] for path in (SCRIPT, STYLE, FONT, *IMPORT_MAP.values()))]
    assert sum(len(file.gzipped or file.body) for file in fetched) < FIRST_LOAD


def test_the_page_names_everything_that_it_starts_with(service: Service) -> None:
    html = service.client.get("/dashboard").text
    below = f"./dashboard/{digest()}"
    assert f'<script type="module" src="{below}/{SCRIPT}">' in html
    assert f'<link rel="stylesheet" href="{below}/{STYLE}">' in html
    imported = set(re.findall(r'^import [^"\n]+ from "([^"]+)";$', files()[SCRIPT].body.decode(), re.MULTILINE))
    assert imported | {ECHARTS} == IMPORT_MAP.keys()
    for path in IMPORT_MAP.values():
        assert f'<link rel="modulepreload" href="{below}/{path}"' in html
    for path in (SCRIPT, STYLE, *IMPORT_MAP.values()):
        assert service.client.get(f"/dashboard/{digest()}/{path}").status_code == 200
    assert "%" not in re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def test_all_of_our_own_modules_and_style_sheets_are_in_what_is_served() -> None:
    script, style = (files()[path].body.decode() for path in (SCRIPT, STYLE))
    for path in sources(".js").keys() - {dashboard_files.THEME}:
        assert f'\n"{path}": () => {{\n' in script
    for path, text in sources(".css").items():
        assert text in style, path


def test_the_page_allows_only_its_own_files_and_its_inline_scripts(service: Service) -> None:
    answer = service.client.get("/dashboard")
    policy = answer.headers["Content-Security-Policy"]
    inline = re.findall(r"<script(?! type=\"module\")[^>]*>(.+?)</script>", answer.text, re.DOTALL)
    theme, imports = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline)
    assert f"script-src 'self' 'sha256-{theme}' 'sha256-{imports}';" in policy
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none';")
    assert "<style" not in answer.text
    assert " style=" not in answer.text


def test_files_are_kept_for_good_and_the_page_is_asked_for_again(service: Service) -> None:
    page = service.client.get("/dashboard")
    assert page.headers["Cache-Control"] == "no-cache"
    again = service.client.get("/dashboard", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    file = service.client.get(f"/dashboard/{digest()}/{SCRIPT}")
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file.headers["Content-Type"] == "text/javascript; charset=utf-8"
    older = service.client.get(f"/dashboard/0123456789abcdef/{SCRIPT}")
    assert (older.status_code, older.headers["Cache-Control"]) == (200, "no-cache")


def test_files_are_sent_compressed_to_who_takes_that(service: Service) -> None:
    path = f"/dashboard/{digest()}/{IMPORT_MAP[ECHARTS]}"
    packed = service.client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < 300_000
    plain = service.client.get(path, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == packed.content == (DIRECTORY / IMPORT_MAP[ECHARTS]).read_bytes()


@pytest.mark.parametrize(
    "path",
    ["..%2faccess.py", "js/..%2f..%2faccess.py", "index.html", "vendor/README.md", "js/main.js", "js", "", "js/%00"],
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
        assert closed.client.get(f"/dashboard/{digest()}/{SCRIPT}").status_code == 200
        assert closed.client.get("/api/metrics/summary").status_code == 401
