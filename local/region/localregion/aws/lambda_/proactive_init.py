"""Proactive initialisation: functions that a client waits for get an environment before their first invocation.

AWS initialises environments ahead of invocations at its own discretion
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html); here it happens once, when the system
boots, for what the gateway routes to and what a mapping feeds. Nothing may rely on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from localregion.aws.lambda_.service import LambdaService
from localregion.plan.model import Plan


async def initialise(service: LambdaService, plan: Plan) -> None:
    """Return when each of these functions has an environment, or has shown that its Init phase fails."""
    targets = [service.find(name, qualifier) for name, qualifier in sorted(awaited(plan), key=str)]
    await asyncio.gather(*(target.scaling.initialise() for target in targets))


def awaited(plan: Plan) -> set[tuple[str, str | None]]:
    """The functions, with their qualifiers, that clients and queues wait for."""
    fed = {(mapping.function, mapping.qualifier) for mapping in plan.event_source_mappings if mapping.enabled}
    return fed | set(_routed(plan.gateway.declarative_config if plan.gateway else {}))


def _routed(node: Any) -> Iterator[tuple[str, str | None]]:
    """Every `function_name` and `qualifier` of Kong's aws-lambda plugin, on every level where it is configured."""
    if isinstance(node, dict):
        if node.get("name") == "aws-lambda" and "config" in node:
            yield node["config"]["function_name"], node["config"].get("qualifier")
        for child in node.values():
            yield from _routed(child)
    elif isinstance(node, list):
        for child in node:
            yield from _routed(child)
