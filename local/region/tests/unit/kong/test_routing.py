"""The router against the recorded requests, for the routes that it supports."""

from __future__ import annotations

from typing import Any

import pytest
from unit.kong.recordings import own

from localregion.kong.config.configuration import Route, Service
from localregion.kong.config.regex import UnsupportedRegexError, compile_path
from localregion.kong.config.schema import ConfigurationError
from localregion.kong.declarative import parse
from localregion.kong.request.path import normalize
from localregion.kong.request.router import Router

ROUTING = own("routing")


def _supported_routes() -> list[Route]:
    found = []
    for service in ROUTING["routes"]:
        for route in service["routes"]:
            bare = {name: value for name, value in route.items() if name != "plugins"}
            data = {"_format_version": "3.0", "services": [{"name": "s", "url": service["url"], "routes": [bare]}]}
            try:
                found += parse(data).routes
            except ConfigurationError:
                continue
    return found


ROUTES = _supported_routes()
NAMES = {route.name for route in ROUTES}
# A request that Kong gave to a route refused here would fall through to another one here.
REFUSED_PATHS = ("/h", "/hd", "/pv1", "/spv1", "/spsv1", "/CI", "/ci")
RESULTS = [
    result
    for result in ROUTING["results"]
    if (result["matched_route"] is None or result["matched_route"] in NAMES)
    and result["client_request"]["target"].split("?")[0] not in REFUSED_PATHS
]


def test_the_replayed_routing_results_are_most_of_them() -> None:
    all_names = {route["name"] for service in ROUTING["routes"] for route in service["routes"]}
    assert all_names - NAMES == {
        *("h-exact", "h-wild", "hd-v2", "v1", "sp-v1", "sps-v1", "ci-regex"),
    }
    assert len(RESULTS) == 53


@pytest.mark.parametrize(
    "result", RESULTS, ids=lambda result: " ".join(result["client_request"][part] for part in ("method", "target"))
)
def test_a_request_takes_the_recorded_route(result: dict[str, Any]) -> None:
    path, _, query = result["client_request"]["target"].partition("?")
    match = Router(ROUTES).match(result["client_request"]["method"], path)
    if result["matched_route"] is None:
        assert match is None
        return
    assert match is not None
    assert match.route.name == result["matched_route"]
    assert match.upstream_path + (f"?{query}" if query else "") == result["upstream_target"]


def _route(*paths: str, name: str = "r", methods: tuple[str, ...] = (), regex_priority: int = 0) -> Route:
    service = Service(id="s", name="s", path=None)
    return Route(
        id=name,
        name=name,
        paths=paths,
        strip_path=True,
        regex_priority=regex_priority,
        service=service,
        methods=frozenset(methods),
    )


def _named(*routes: Route, method: str, path: str) -> str | None:
    """Return the name of the route that is found, also when the file has the routes the other way round."""
    matches = [Router([*routes[::step]]).match(method, path) for step in (1, -1)]
    found = {match and match.route.name for match in matches}
    [name] = found
    return name


# Kong adds up what a route names (`get_priority` in its router's source) before it looks at a path.
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/orders/7", "short-get"),
        ("POST", "/orders/7", "expression"),
        ("HEAD", "/orders/7", "expression"),
        ("get", "/orders/7", "expression"),
        ("POST", "/orders/x", "long"),
        ("GET", "/x", None),
    ],
)
def test_a_route_with_a_method_comes_before_a_better_path_without(method: str, path: str, name: str | None) -> None:
    routes = (
        _route("/o", name="short-get", methods=("GET",)),
        _route(r"~/orders/\d+$", name="expression", regex_priority=9),
        _route("/orders/", name="long"),
    )
    assert _named(*routes, method=method, path=path) == name


def test_of_two_routes_with_the_method_the_path_decides() -> None:
    routes = (
        _route("/orders/7", name="prefix", methods=("GET",)),
        _route(r"~/orders/\d+$", name="expression", methods=("GET", "POST")),
        _route(r"~/orders/7$", name="first", methods=("POST",), regex_priority=1),
    )
    assert _named(*routes, method="GET", path="/orders/7") == "expression"
    assert _named(*routes, method="POST", path="/orders/7") == "first"
    assert _named(*routes, method="OPTIONS", path="/orders/7") is None


def test_named_groups_are_captures_and_numbered_ones_are_not() -> None:
    match = Router([_route(r"~/a/(?<order_id>[^/]+)/(\d+)$")]).match("GET", "/a/o%201/7")
    assert match is not None
    assert match.captures == {"order_id": "o 1"}


@pytest.mark.parametrize("path", ["/orders/1%0A", "/orders/1/", "/orders/1x"])
def test_an_anchored_expression_does_not_match_more(path: str) -> None:
    assert Router([_route(r"~/orders/\d+$")]).match("GET", path) is None


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("/", "/"),
        ("/a/./b/../c", "/a/c"),
        ("/..", "/"),
        ("/a/..", "/"),
        ("/../../a", "/a"),
        ("/%2e%2E/a", "/a"),
        ("/a%2fb", "/a%2Fb"),
        ("/a%zz", "/a%zz"),
        ("///a//b/", "/a/b/"),
        ("/a/.b", "/a/.b"),
    ],
)
def test_a_path_is_normalised_before_it_is_matched(path: str, normal: str) -> None:
    assert normalize(path) == normal


@pytest.mark.parametrize("pattern", ["/a(?!b)", "/a(?<=b)", "/a([", "/a(?i)b"])
def test_an_expression_that_python_reads_otherwise_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedRegexError):
        compile_path(pattern)
