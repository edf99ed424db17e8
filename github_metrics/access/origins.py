"""Where a browser's page comes from. Who is no browser says nothing of it, and need not."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def is_own(headers: Headers) -> bool:
    """Whether a request was made by a page of the very host and port that it asks. Its scheme is the proxy's matter.
    Neither header can be set by a page.
    """
    if headers.get("Sec-Fetch-Site") == "same-origin":
        return True
    scheme, host = _origin(headers.get("Origin", ""))
    port = DEFAULT_PORTS.get(scheme, "")
    return host != "" and host.removesuffix(port) == headers.get("Host", "").lower().removesuffix(port)


def may_read(headers: Headers, allowed: Sequence[str]) -> bool:
    """Whether a WebSocket may be opened, which a browser lets any page do: by no page, by our own, or by those of the
    origins that are allowed.
    """
    origins = headers.getlist("Origin")
    if not origins:
        return True
    return len(origins) == 1 and ("*" in allowed or origins[0] in allowed or is_own(headers))


def by_https(connection: HTTPConnection) -> bool:
    """Whether a browser came by HTTPS, as far as anybody says. Who lies gets a cookie that is of no use to him."""
    headers = connection.headers
    forwarded = headers.get("X-Forwarded-Proto", "").partition(",")[0].strip().lower()
    return "https" in (connection.scope["scheme"], forwarded, _origin(headers.get("Origin", ""))[0])


def _origin(origin: str) -> tuple[str, str]:
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return "", ""
    return (parts.scheme, parts.netloc) if parts.scheme in DEFAULT_PORTS else ("", "")
