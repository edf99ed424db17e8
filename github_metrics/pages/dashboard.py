"""GET /dashboard: the page, and its files under a path that changes with them."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from github_metrics.api.problems import NotFound
from github_metrics.pages.dashboard_files import File, content_security_policy, digest, files, page

router = APIRouter(include_in_schema=False)

FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@router.get("/")
def lead_to_the_dashboard() -> RedirectResponse:
    """The address of the service alone."""
    return RedirectResponse("dashboard")


@router.get("/dashboard/")
def lead_out_of_the_directory() -> RedirectResponse:
    """The page's relative URLs are those of /dashboard."""
    return RedirectResponse("../dashboard")


@router.get("/dashboard")
async def show_dashboard(request: Request) -> Response:
    """The page. It holds no data: that comes from the API, which asks for a key where keys are set."""
    return await _answer(request, page(), ASK_AGAIN, {"Content-Security-Policy": content_security_policy()})


@router.get("/dashboard/{edition}/{path:path}")
async def get_dashboard_file(request: Request, edition: str, path: str) -> Response:
    """A file of the page. One that was asked for by an older page is answered too, but not to be kept."""
    file = files().get(path)
    if file is None:
        raise NotFound(f"the dashboard has no file {path[:200]!r}")
    return await _answer(request, file, FOR_GOOD if edition == digest() else ASK_AGAIN, {})


async def _answer(request: Request, file: File, caching: str, headers: dict[str, str]) -> Response:
    headers = {**headers, "Cache-Control": caching, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    body = file.body
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        packed = await asyncio.to_thread(lambda: file.gzipped)
        if packed is not None:
            body, headers["Content-Encoding"] = packed, "gzip"
    return Response(body, media_type=file.media_type, headers=headers)
