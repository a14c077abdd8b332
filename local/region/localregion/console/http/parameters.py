"""What a request asks for besides its path."""

from __future__ import annotations

from aiohttp import web

from localregion.console.http.answers import ProblemError

LIMIT_DEFAULT = 50


def limit_of(request: web.Request, *, maximum: int) -> int:
    """Return `?limit=`. Raises ProblemError for what is no number from 1 to the maximum."""
    text = request.query.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= maximum):
        raise ProblemError(400, f"limit is a number from 1 to {maximum}")
    return int(text)
