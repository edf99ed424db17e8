"""The page on which a browser exchanges a key for a cookie. It works without JavaScript."""

import base64
import hashlib
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote, urlencode

from starlette.responses import HTMLResponse
from starlette.types import Scope

_PAGES = Path(__file__).parent
_PAGE = Template((_PAGES / "login.html").read_text())
_STYLE = (_PAGES / "login.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""With a stricter Referrer-Policy a browser would hide the Origin of the form."""
HOME = "dashboard"
PAGES = frozenset({"/", "/dashboard", "/docs", "/redoc"})
PAGES_BELOW = ("/dashboard/",)


def login_page(landing: str, *, error: str | None = None) -> HTMLResponse:
    """The page; with an error, after an attempt."""
    html = _PAGE.substitute(
        style=_STYLE,
        next=escape(landing),
        invalid="" if error is None else ' aria-invalid="true"',
        error="" if error is None else f'<p role="alert">{escape(error)}</p>',
    )
    return HTMLResponse(html, 200 if error is None else 401, headers=HEADERS)


def is_page(path: str) -> bool:
    """Whether a person comes here with a browser."""
    return path in PAGES or path.startswith(PAGES_BELOW)


def way_in(scope: Scope) -> str:
    """Where a browser that asks for a page is led: a URL relative to that page, so that it holds below any prefix."""
    path, query = scope["path"], scope["query_string"].decode("latin-1")
    wanted = path.lstrip("/") + (f"?{query}" if query else "")
    up = "../" * (path.count("/") - 1)
    return f"{up or './'}login?{urlencode({'next': wanted})}"


def landing(wanted: str) -> str:
    """Where to go from here: always a path of this service, whatever is wanted, since it begins as one."""
    return "./" + quote(wanted.lstrip("/\\") or HOME, safe="/?&=%:,+;@!$'()*~")
