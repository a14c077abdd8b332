"""The plans of all stacks, each evaluated once for the whole session."""

from collections.abc import Callable
from functools import cache

import pytest

from plan.collect import collect
from plan.model import Plan
from tests.infra.program import ROOT


@pytest.fixture(scope="session")
def plan_of() -> Callable[[str], Plan]:
    """Return the plan of a stack by name."""
    return cache(lambda stack: collect(ROOT, stack))


@pytest.fixture(scope="session")
def local(plan_of: Callable[[str], Plan]) -> Plan:
    return plan_of("local")
