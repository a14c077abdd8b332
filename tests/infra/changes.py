"""What a test changes in the properties of one resource, so that a policy has something to complain about."""

import json
from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]


def put(**values: Any) -> Change:
    return lambda properties: properties.update(values)


def inside(key: str, **values: Any) -> Change:
    return lambda properties: properties[key].update(values)


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
    return lambda properties: properties["taskDefinitionArgs"]["containers"]["collector"].update(values)


def trusting(principal: dict[str, str]) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
