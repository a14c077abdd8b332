"""`kong/kong.yml` made concrete: AWS's names for the functions, where to invoke them, where spans go.

`kong.yml` names functions as the packages under `functions/` do, so the one file serves every stack. Customers and keys
are not in it: kong/configurator.py adds them while Kong runs. Values are passed through untouched, outputs, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class KongConfigError(Exception):
    """`kong.yml` names a function that the system does not have."""


@dataclass(frozen=True, kw_only=True)
class LambdaEndpoint:
    """Where Kong invokes functions instead of AWS's own endpoint, over plain HTTP; the keys sign, they open nothing."""

    host: str
    port: int
    access_key: str
    secret_key: str


def fill_in(
    declarative_config: Mapping[str, Any],
    *,
    functions: Mapping[str, Any],
    qualifier: Any,
    region: str,
    endpoint: LambdaEndpoint | None = None,
    spans_endpoint: str | None = None,
    sample_ratio: float | None = None,
) -> dict[str, Any]:
    """Return the configuration as Kong loads it. Raises KongConfigError.

    Spans go nowhere without `spans_endpoint`; `sample_ratio` is for requests that bring no decision of their own.
    """
    filled: dict[str, Any] = _copied(declarative_config)
    invoke = {"qualifier": qualifier, "aws_region": region, **_address(endpoint)}
    for route in filled.get("routes", []):
        for plugin in route.get("plugins", []):
            if plugin["name"] == "aws-lambda":
                name = _function_name(plugin["config"]["function_name"], route["name"], functions)
                plugin["config"] = {**plugin["config"], **invoke, "function_name": name}
    traced = {"http_endpoint": spans_endpoint, "sample_ratio": sample_ratio}
    for plugin in filled.get("plugins", []):
        if plugin["name"] == "zipkin":
            plugin["config"].update({key: value for key, value in traced.items() if value is not None})
    return filled


def _copied(node: Any) -> Any:
    """Return a copy in which nothing is shared: an alias of YAML is one object in several places."""
    if isinstance(node, Mapping):
        return {name: _copied(value) for name, value in node.items()}
    return [_copied(value) for value in node] if isinstance(node, list) else node


def _function_name(name: str, route: str, functions: Mapping[str, Any]) -> Any:
    if name not in functions:
        raise KongConfigError(f"route {route} of kong.yml invokes {name!r}; there are {', '.join(sorted(functions))}")
    return functions[name]


def _address(endpoint: LambdaEndpoint | None) -> dict[str, Any]:
    if endpoint is None:
        return {}
    return {
        "host": endpoint.host,
        "port": endpoint.port,
        "disable_https": True,
        "aws_key": endpoint.access_key,
        "aws_secret": endpoint.secret_key,
    }
