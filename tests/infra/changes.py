"""What a test changes in the properties of one resource, so that a policy has something to complain about."""

import json
from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]


def put(**values: Any) -> Change:
    """Change inputs; None takes one away, as Pulumi does."""
    return lambda properties: _put(properties, values)


def inside(key: str, **values: Any) -> Change:
    """Change what is inside an input."""
    return lambda properties: _put(properties[key], values)


def allow(action: str, resource: str) -> Change:
    """Add a statement to a role's policy."""

    def change(properties: dict[str, Any]) -> None:
        document = json.loads(properties["policy"])
        document["Statement"].append({"Effect": "Allow", "Action": [action], "Resource": [resource]})
        properties["policy"] = json.dumps(document)

    return change


def given(**values: str | None) -> Change:
    """Change variables of a function; None takes one away."""

    def change(properties: dict[str, Any]) -> None:
        variables = {**properties["environment"]["variables"], **values}
        properties["environment"] = {"variables": {name: value for name, value in variables.items() if value}}

    return change


def collected_by(*layers: str) -> Change:
    """Put these layers in the place of a function's collector."""
    return lambda properties: properties.update(layers=[*properties["layers"][:-1], *layers])


def beside_kong(**values: Any) -> Change:
    """Change the container beside Kong."""

    def change(properties: dict[str, Any]) -> None:
        containers = json.loads(properties["containerDefinitions"])
        (beside,) = [each for each in containers if each["name"] == "collector"]
        _put(beside, values)
        properties["containerDefinitions"] = json.dumps(containers)

    return change


def trusted(addresses: str) -> Change:
    """Let Kong take a client's address from what these addresses say."""

    def change(properties: dict[str, Any]) -> None:
        containers = json.loads(properties["containerDefinitions"])
        for each in containers:
            for variable in each.get("environment") or ():
                if variable["name"] == "KONG_TRUSTED_IPS":
                    variable["value"] = addresses
        properties["containerDefinitions"] = json.dumps(containers)

    return change


def trusting(principal: dict[str, str] | str, **condition: dict[str, str]) -> str:
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return json.dumps({"Statement": [allowed]})


def _put(properties: dict[str, Any], values: dict[str, Any]) -> None:
    kept = {key: value for key, value in {**properties, **values}.items() if value is not None}
    properties.clear()
    properties.update(kept)
