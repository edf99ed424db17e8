"""The dashboard's files: read from the package once, compressed once, and named by what is in them."""

import base64
import gzip
import hashlib
import json
from functools import cache, cached_property
from pathlib import Path

from github_metrics.pages.joined import modules, styles

DIRECTORY = Path(__file__).parent.parent / "dashboard"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served; nothing else in the directory is."""
ENTRY = "js/main.js"
THEME = "js/theme-first.js"
SCRIPT = "js/dashboard.js"
STYLE = "css/dashboard.css"
STYLES = ("tokens", "base", "layout", "components", "tables", "panels", "print")
"""What is in STYLE, in the order in which it holds; the last on paper only."""
ECHARTS = "echarts"
IMPORT_MAP = {
    "preact": "vendor/preact-11.2.0.mjs",
    "preact/hooks": "vendor/preact-hooks-11.2.0.mjs",
    "htm": "vendor/htm-3.1.1.mjs",
    ECHARTS: "vendor/echarts.common-6.1.0.min.js",
}
"""What a module may import by a bare name."""
POLICY = (
    "default-src 'none'; script-src 'self' {hashes}; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class File:
    """One file as it is answered."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body = body
        self.media_type = media_type
        self.etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    @cached_property
    def gzipped(self) -> bytes | None:
        """Compressed; None where that gains nothing."""
        packed = gzip.compress(self.body, 9, mtime=0)
        return packed if len(packed) < 0.9 * len(self.body) else None


@cache
def files() -> dict[str, File]:
    """Path -> file: our own modules and style sheets as one of each, and what others have made as it is."""
    as_they_are = sorted(path for path in (*DIRECTORY.glob("*.svg"), *DIRECTORY.glob("vendor/*")) if _is_served(path))
    found = {_below(path): File(path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in as_they_are}
    script = modules({path: text for path, text in sources(".js").items() if path != THEME}, ENTRY)
    sheets = sources(".css")
    style = styles({name: sheets[f"css/{name}.css"] for name in STYLES}, printed=STYLES[-1])
    return {
        **found,
        SCRIPT: File(script.encode(), MEDIA_TYPES[".js"]),
        STYLE: File(style.encode(), MEDIA_TYPES[".css"]),
    }


def sources(suffix: str) -> dict[str, str]:
    """Path -> text of what is our own."""
    found = sorted(path for path in DIRECTORY.rglob(f"*{suffix}") if path.parent.name != "vendor")
    return {_below(path): path.read_text(encoding="utf-8") for path in found}


def _is_served(path: Path) -> bool:
    return path.suffix in MEDIA_TYPES


def _below(path: Path) -> str:
    return path.relative_to(DIRECTORY).as_posix()


@cache
def digest() -> str:
    """Changes with any of the files, so that what is below it never changes."""
    told = hashlib.sha256()
    for path, file in files().items():
        told.update(f"{path} {file.etag}\n".encode())
    return told.hexdigest()[:16]


@cache
def page() -> File:
    """The page, which names everything it needs at the start, so that a browser fetches it all at once."""
    written = (DIRECTORY / "index.html").read_text(encoding="utf-8")
    for name, text in {"THEME": theme(), "IMPORTS": import_map(), "PRELOADS": preloads(), "FILES": _files()}.items():
        written = written.replace(f"%{name}%", text)
    return File(written.encode(), MEDIA_TYPES[".html"])


def theme() -> str:
    """The script that runs before anything is drawn, to be put into the page: no other waits for it then."""
    return (DIRECTORY / THEME).read_text(encoding="utf-8")


def import_map() -> str:
    """The import map, to be put into the page."""
    return json.dumps({"imports": {name: f"{_files()}/{path}" for name, path in IMPORT_MAP.items()}})


def preloads() -> str:
    """What the script imports at once, and ECharts, which the first chart waits for."""
    return "\n".join(f'<link rel="modulepreload" href="{_files()}/{path}">' for path in IMPORT_MAP.values())


def _files() -> str:
    return f"./dashboard/{digest()}"


@cache
def content_security_policy() -> str:
    """Of the page: nothing but our own files, and its two inline scripts, by their hashes."""
    hashed = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (theme(), import_map()))
    return POLICY.format(hashes=" ".join(f"'sha256-{one}'" for one in hashed))
