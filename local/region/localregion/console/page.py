"""The page: the files below `page/`, by their names, with their types and nothing else of this machine.

Read at each request, so that whoever edits the page only reloads it; they are few and small.
"""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from localregion.console.answers import ProblemError

PAGE_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
_TEXT = ("text/", "image/svg", "application/")
# No dot at the beginning of a part: neither hidden files nor the way up.
_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*")


def routes(folder: Path = PAGE_FOLDER) -> list[web.RouteDef]:
    async def serve(request: web.Request) -> web.Response:
        return _file(folder, request.match_info["name"] or "index.html")

    return [web.get("/{name:.*}", serve)]


def _file(folder: Path, name: str) -> web.Response:
    path = folder / name
    media_type = _TYPES.get(path.suffix)
    if media_type is None or not _NAME.fullmatch(name):
        raise ProblemError(404, "there is nothing here")
    try:
        body = path.read_bytes()
    except OSError:
        raise ProblemError(404, "there is nothing here") from None
    charset = "utf-8" if media_type.startswith(_TEXT) else None
    return web.Response(body=body, content_type=media_type, charset=charset)
