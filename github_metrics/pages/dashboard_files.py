"""The dashboard's files: read from the package once, compressed once, and named by what is in them."""

import base64
import gzip
import hashlib
import json
import posixpath
import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

DIRECTORY = Path(__file__).parent.parent / "dashboard"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""What is served; nothing else in the directory is."""
ENTRY = "js/main.js"
IMPORT_MAP = {
    "preact": "vendor/preact-11.2.0.mjs",
    "preact/hooks": "vendor/preact-hooks-11.2.0.mjs",
    "htm": "vendor/htm-3.1.1.mjs",
}
"""What a module may import by a bare name. ECharts is loaded when the first chart is drawn."""
_IMPORT = re.compile(r'(?:\bfrom|\bimport)\s+"([^"]+)"')
POLICY = (
    "default-src 'none'; script-src 'self' {hash}; style-src 'self'; img-src 'self' data:; font-src 'self';"
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
    """Path below the directory -> file."""
    found = sorted(path for path in DIRECTORY.rglob("*") if path.suffix in MEDIA_TYPES)
    return {path.relative_to(DIRECTORY).as_posix(): File(path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in found}


@cache
def digest() -> str:
    """Changes with any of the files, so that what is below it never changes."""
    told = hashlib.sha256()
    for path, file in files().items():
        told.update(f"{path} {file.etag}\n".encode())
    return told.hexdigest()[:16]


def first_modules() -> Iterator[str]:
    """The modules that ENTRY needs before it runs, itself first."""
    waiting, met = [ENTRY], {ENTRY}
    while waiting:
        path = waiting.pop(0)
        yield path
        for name in _IMPORT.findall(files()[path].body.decode()):
            target = IMPORT_MAP.get(name) or posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if target not in met:
                met.add(target)
                waiting.append(target)


@cache
def page() -> File:
    """The page, which names everything it needs at the start, so that a browser fetches it all at once."""
    template = (DIRECTORY / "index.html").read_text(encoding="utf-8")
    below = f"./dashboard/{digest()}"
    preloads = "\n".join(f'<link rel="modulepreload" href="{below}/{path}">' for path in first_modules())
    written = template.replace("%IMPORTS%", import_map()).replace("%PRELOADS%", preloads).replace("%FILES%", below)
    return File(written.encode(), "text/html; charset=utf-8")


def import_map() -> str:
    """The import map, to be put into the page."""
    below = f"./dashboard/{digest()}"
    return json.dumps({"imports": {name: f"{below}/{path}" for name, path in IMPORT_MAP.items()}})


@cache
def content_security_policy() -> str:
    """Of the page: nothing but our own files, and the one inline script, the import map, by its hash."""
    hashed = base64.b64encode(hashlib.sha256(import_map().encode()).digest()).decode()
    return POLICY.format(hash=f"'sha256-{hashed}'")
