"""Schedules that this machine cannot run are refused before they are made, so that none hinders a later call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localregion.plan.rate import period_s


def refusal_of_schedule(given: Mapping[str, Any]) -> str | None:
    """Return why a schedule cannot run here; None for one that can."""
    target = str(given.get("Target", {}).get("Arn", ""))
    if not target.partition(":function:")[2]:
        return f"A schedule's target is {target or 'missing'}; only functions are invoked here."
    try:
        period_s(str(given.get("ScheduleExpression", "")))
    except ValueError as error:
        return str(error)
    return None
