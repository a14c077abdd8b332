"""Schedules that this machine cannot run are refused before they are made: there is no way to make them run later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localregion.plan.deployed import schedule_of
from localregion.plan.errors import PlanError


def refusal_of_schedule(name: str, given: Mapping[str, Any]) -> str | None:
    """Return why a schedule cannot run here; None for one that can."""
    target = given.get("Target", {})
    entry = {
        "name": name,
        "expression": given.get("ScheduleExpression", ""),
        "target_arn": target.get("Arn", ""),
        "input": target.get("Input"),
        "state": given.get("State", "ENABLED"),
    }
    try:
        schedule_of(entry)
    except PlanError as error:
        return str(error)
    return None
