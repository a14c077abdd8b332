"""Find the route of a request, and the path that its function sees.

Kong's default router (`traditional_compatible`) for routes that match by path, with or without methods. A route that
also names methods comes before one that does not, whatever their paths. Then a regular expression beats a prefix; among
expressions the higher `regex_priority` wins, among prefixes the longer. A prefix may end within a segment. Equal ones
keep the order of the file, where Kong goes by their ids. Hosts, headers and SNIs are refused when the configuration is
read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from localregion.kong.config.configuration import Route
from localregion.kong.config.regex import compile_path
from localregion.kong.request.path import escape, is_utf8, normalize


@dataclass(frozen=True, slots=True)
class Match:
    """`upstream_path` is the path after stripping and with the service's path: the event's `path`."""

    route: Route
    upstream_path: str
    captures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One path of a route: an expression, or a prefix."""

    route: Route
    expression: re.Pattern[str] | None
    prefix: str

    @property
    def rank(self) -> tuple[bool, bool, int]:
        """What comes first is lower."""
        is_prefix = self.expression is None
        return not self.route.methods, is_prefix, -(len(self.prefix) if is_prefix else self.route.regex_priority)


class Router:
    """Immutable once made."""

    def __init__(self, routes: list[Route]) -> None:
        entries = sorted((_entry(path, route) for route in routes for path in route.paths), key=lambda each: each.rank)
        methods = {method for route in routes for method in route.methods}
        self._of_any_method = [entry for entry in entries if not entry.route.methods]
        self._by_method = {
            method: [entry for entry in entries if not entry.route.methods or method in entry.route.methods]
            for method in methods
        }

    def match(self, method: str, request_path: str) -> Match | None:
        """Return the route of a request's path, given as the client sent it, without the query."""
        path = normalize(request_path)
        if not is_utf8(path):
            # For parity: Kong's router takes paths as UTF-8 and has no route for any other.
            return None
        for entry in self._by_method.get(method, self._of_any_method):
            if entry.expression is None:
                if path.startswith(entry.prefix):
                    return Match(entry.route, _upstream_path(entry.route, path, len(entry.prefix)))
            elif found := entry.expression.match(path):
                captures = {name: value for name, value in found.groupdict().items() if value is not None}
                return Match(entry.route, _upstream_path(entry.route, path, found.end()), captures)
        return None


def _entry(path: str, route: Route) -> _Entry:
    if path.startswith("~"):
        return _Entry(route, compile_path(path[1:]), "")
    return _Entry(route, None, path.encode().decode("latin-1"))


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
