"""Recordings of proxied services, replayed with a function in the service's place.

The embedded gateway refuses to proxy; how a plugin answers does not depend on what stands behind it. The function
answers what the service did, and what Kong says of a service (its headers of latency and origin) is not compared.
"""

from __future__ import annotations

import json
from typing import Any

from unit.kong import recordings
from unit.kong.conformance import AGAIN, body_difference
from unit.kong.recordings import PLAIN_LAMBDA, Case
from unit.kong.replay import Replayed

from localregion.kong.plugins import SUPPORTED


def before_a_function(case: Case) -> Case | None:
    """Return a case of a proxied service as one of a function, None when a plugin of it is not supported.

    The function answers what the service did. What Kong says of and to a service is not part of the comparison.
    """
    config = recordings.service_and_route(case)
    routes = [route for service in config.get("services", []) for route in service["routes"]]
    if len(routes) != 1 or not routes[0].get("plugins") or "methods" in routes[0]:
        return None
    plugins = routes[0]["plugins"]
    if any(plugin["name"] not in SUPPORTED or plugin["name"] == "aws-lambda" for plugin in plugins):
        return None
    upstream = case.get("upstream_response") or {"headers": [], "body": ""}
    function = {"statusCode": 200, "headers": dict(upstream["headers"]), "body": upstream["body"]}
    answer = {"status_line": "HTTP/1.1 200 OK", "headers": [], "body": json.dumps(function)}
    route = {**routes[0], "plugins": [*plugins, PLAIN_LAMBDA]}
    return case | {"kong_config": {"route": route}, "lambda_response": answer, "upstream_request": None}


_OF_SERVICES = {"via", "server", "x-kong-upstream-latency", "x-kong-proxy-latency", "date"}


def difference_before_a_function(case: Case, replayed: Replayed) -> str:
    def comparable(headers: Any) -> list[tuple[str, str]]:
        with_upstream = any(name.lower() == "via" for name, _ in headers)
        stable = recordings.stable_headers(headers, with_date=False)
        return [
            (name, "…" if with_upstream and name.lower() in AGAIN else value)
            for name, value in stable
            if name.lower() not in _OF_SERVICES
        ]

    response = case["client_response"]
    expected = (response["status_line"], *comparable(response["headers"]))
    actual = (replayed.status_line, *comparable(replayed.headers))
    if actual != expected:
        return f"{sorted(set(actual) ^ set(expected), key=str)}"
    return body_difference(case, replayed)
