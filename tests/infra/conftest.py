"""The plans and the resources of all stacks, each evaluated once for the whole session."""

from collections.abc import Callable

import pytest
from tests.evaluations import Evaluations, set_event_loop

from localregion.plan.mocks import Resource
from localregion.plan.model import Plan


@pytest.fixture(autouse=True)
def _event_loop() -> None:
    set_event_loop()


@pytest.fixture(scope="session")
def evaluated(evaluations: Evaluations) -> Callable[[str], tuple[list[Resource], str]]:
    """Return the resources and the region of a stack by name."""
    return evaluations.evaluated


@pytest.fixture(scope="session")
def plan_of(evaluations: Evaluations) -> Callable[[str], Plan]:
    """Return the plan of a stack by name."""
    return evaluations.plan


@pytest.fixture(scope="session")
def local(plan_of: Callable[[str], Plan]) -> Plan:
    return plan_of("local")
