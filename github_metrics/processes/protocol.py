"""HTTP/1.1 as uvicorn speaks it, but for what it says of a URL that is too long."""

import http
import re
from collections import Counter

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from github_metrics.api.problems import Problem

LONGEST_URL = 65_535
"""What httptools can take apart."""
NAME = re.compile(rb"[?&]([^=&]{1,100})")


class Protocol(HttpToolsProtocol):
    """uvicorn answers 400 in plain text to all that it cannot read."""

    url: bytes

    def send_400_response(self, msg: str) -> None:
        if len(getattr(self, "url", b"")) <= LONGEST_URL:
            super().send_400_response(msg)
            return
        self.transport.write(_too_long(self.url))
        self.transport.close()


def _too_long(url: bytes) -> bytes:
    """The whole answer, which names the parameter that is there most often."""
    ((name, times),) = Counter(NAME.findall(url)).most_common(1) or [(b"", 0)]
    most = f", and this one has {times} times {name.decode('latin-1')}" if times > 1 else ""
    status = http.HTTPStatus.REQUEST_URI_TOO_LONG
    detail = f"a URL has at most {LONGEST_URL} bytes{most}"
    body = Problem(
        type="about:blank", title=status.phrase, status=status, detail=detail, reason="url_too_long"
    ).model_dump_json()
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body.encode())),
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return STATUS_LINE[status] + f"{lines}\r\n{body}".encode()
