"""The Pulumi program, evaluated at most once per stack and session, for all tests.

A program that fails is not tried again either: each test that asks gets the same exception. What the evaluations
generated as secrets is kept, so that a test can search the plans for it.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from localregion import project
from localregion.plan.collect import Collector
from localregion.plan.evaluate import evaluate
from localregion.plan.mocks import Resource
from localregion.plan.model import Plan

PROJECT = project.read(Path(__file__).resolve().parent.parent)


def set_event_loop() -> None:
    """Give this thread the event loop that Pulumi asks for: after an `asyncio.run` of another test it has none."""
    asyncio.set_event_loop(_event_loop())


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@dataclass
class Evaluations:
    """What every stack registers, and its plan."""

    generated: list[str] = field(default_factory=list)
    _made: dict[str, tuple[list[Resource], str] | Exception] = field(default_factory=dict)
    _plans: dict[str, Plan] = field(default_factory=dict)

    def evaluated(self, stack: str) -> tuple[list[Resource], str]:
        """Return the resources and the region of a stack; raise what its program raised."""
        if stack not in self._made:
            try:
                self._made[stack] = self._evaluate(stack)
            except Exception as error:
                self._made[stack] = error
        made = self._made[stack]
        if isinstance(made, Exception):
            raise made
        return made

    def plan(self, stack: str) -> Plan:
        """Return the plan of a stack."""
        if stack not in self._plans:
            resources, region = self.evaluated(stack)
            self._plans[stack] = Collector(resources, PROJECT).plan(stack=stack, region=region)
        return self._plans[stack]

    def _evaluate(self, stack: str) -> tuple[list[Resource], str]:
        original = secrets.token_hex

        def remembered(size: int | None = None) -> str:
            self.generated.append(original(size))
            return self.generated[-1]

        set_event_loop()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(secrets, "token_hex", remembered)
            return evaluate(PROJECT, stack)
