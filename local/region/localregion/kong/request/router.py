"""Find the route of a request, and the path that its function sees.

Kong's default router (`traditional_compatible`) for routes that match by path alone. A regular expression beats a
prefix; among expressions the higher `regex_priority` wins, among prefixes the longer. A prefix may end within a
segment. Equal ones keep the order of the file. Methods, hosts, headers and SNIs are refused when the configuration is
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from localregion.kong.config.configuration import Route
from localregion.kong.config.regex import compile_path
from localregion.kong.request.path import escape, normalize


@dataclass(frozen=True, slots=True)
class Match:
    """`upstream_path` is the path after stripping and with the service's path: the event's `path`."""

    route: Route
    upstream_path: str
    captures: dict[str, str] = field(default_factory=dict)


class Router:
    """Immutable once made."""

    def __init__(self, routes: list[Route]) -> None:
        paths = [(path, route) for route in routes for path in route.paths]
        expressions = [(compile_path(path[1:]), route) for path, route in paths if path.startswith("~")]
        expressions.sort(key=lambda entry: -entry[1].regex_priority)
        prefixes = [(path.encode().decode("latin-1"), route) for path, route in paths if path.startswith("/")]
        prefixes.sort(key=lambda entry: -len(entry[0]))
        self._expressions: list[tuple[re.Pattern[str], Route]] = expressions
        self._prefixes = prefixes

    def match(self, request_path: str) -> Match | None:
        """Return the route of a request's path, given as the client sent it, without the query."""
        path = normalize(request_path)
        for expression, route in self._expressions:
            if found := expression.match(path):
                captures = {name: value for name, value in found.groupdict().items() if value is not None}
                return Match(route, _upstream_path(route, path, found.end()), captures)
        for prefix, route in self._prefixes:
            if path.startswith(prefix):
                return Match(route, _upstream_path(route, path, len(prefix)))
        return None


def _upstream_path(route: Route, path: str, matched: int) -> str:
    """Join the service's path and the request's: Kong's `path_handling` v0."""
    base = (route.service and route.service.path) or "/"
    rest = path[matched:] if route.strip_path else path
    if not route.strip_path:
        joined = base + rest[1:] if base.endswith("/") else base + ("" if rest == "/" else rest)
    elif rest:
        joined = base.removesuffix("/") + (rest if rest.startswith("/") else f"/{rest}")
    elif base == "/":
        joined = "/"
    else:
        joined = base.removesuffix("/") + ("/" if path.endswith("/") and len(path) > 1 else "")
    return escape(joined)
