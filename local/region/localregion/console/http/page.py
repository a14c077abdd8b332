"""The page: the files below `page/` and of the project's folder, by their names, with their types and nothing else.

Read at each request, so that an edit of the page shows after a reload; they are few and small.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from localregion.console.http.answers import ProblemError

PAGE_FOLDER = Path(__file__).parents[1] / "page"
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


def routes(*folders: Path) -> list[web.RouteDef]:
    """Serve the files of these folders; of two with the same name that of the earlier folder."""

    async def serve(request: web.Request) -> web.Response:
        return _file(folders, request.match_info["name"] or "index.html")

    return [web.get("/{name:.*}", serve)]


def _file(folders: Iterable[Path], name: str) -> web.Response:
    media_type = _TYPES.get(Path(name).suffix)
    if media_type is None or not _NAME.fullmatch(name):
        raise ProblemError(404, "there is nothing here")
    body = next((body for folder in folders if (body := _content(folder / name)) is not None), None)
    if body is None:
        raise ProblemError(404, "there is nothing here")
    charset = "utf-8" if media_type.startswith(_TEXT) else None
    return web.Response(body=body, content_type=media_type, charset=charset)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
