"""The plans and the resources of all stacks, each evaluated once for the whole session."""

from collections.abc import Callable
from functools import cache

import pytest

from plan.collect import Collector
from plan.evaluate import evaluate
from plan.mocks import Resource
from plan.model import Plan
from tests.infra.program import ROOT


@pytest.fixture(scope="session")
def evaluated() -> Callable[[str], tuple[list[Resource], str]]:
    """Return the resources and the region of a stack by name."""
    return cache(lambda stack: evaluate(ROOT, stack))


@pytest.fixture(scope="session")
def plan_of(evaluated: Callable[[str], tuple[list[Resource], str]]) -> Callable[[str], Plan]:
    """Return the plan of a stack by name."""

    def plan(stack: str) -> Plan:
        resources, region = evaluated(stack)
        return Collector(resources).plan(stack=stack, region=region)

    return cache(plan)


@pytest.fixture(scope="session")
def local(plan_of: Callable[[str], Plan]) -> Plan:
    return plan_of("local")
