"""Recorded resources as the policies see them: inputs and outputs in one, secrets in clear, whole numbers whole."""

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localregion.plan import mocks
from policies.model import Policy, Resource, Stack


def stack_of(name: str, recorded: Iterable[mocks.Resource]) -> Stack:
    """Return what CrossGuard would hand to the policies."""
    return Stack(
        name=name,
        resources=[
            Resource(type=each.type, name=each.name, properties=_plain({**each.outputs, **each.inputs}))
            for each in recorded
        ],
    )


def broken(stack: Stack, type_: str, change: Callable[[dict[str, Any]], object], name: str | None = None) -> Stack:
    """Return the stack with the properties of one resource changed: the first of this type, or the one of this name."""
    resources = list(stack.resources)
    index = next(i for i, each in enumerate(resources) if each.type == type_ and name in (None, each.name))
    properties = copy.deepcopy(dict(resources[index].properties))
    change(properties)
    resources[index] = Resource(type=type_, name=resources[index].name, properties=properties)
    return Stack(name=stack.name, resources=resources)


def complaints(policy: Policy, stack: Stack) -> list[str]:
    return [f"{resource.name}: {wrong}" for resource, wrong in policy.violations(stack)]


def _plain(node: Any) -> Any:
    if mocks.is_secret(node):
        return _plain(node["value"])
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(each) for each in node]
    return int(node) if isinstance(node, float) and node.is_integer() else node
