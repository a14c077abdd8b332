"""EventBridge schedules: invoke a function at a rate, asynchronously, as EventBridge Scheduler does.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based. The first run comes one period
after the start. When the next run is due is remembered, so that restarting the emulator does not postpone it; missed
runs are not made up for, except by one. Left out: cron and one-time schedules, flexible windows, targets other than
functions.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localregion.aws.lambda_.event_invocations import Event, EventInvocations
from localregion.plan.model import Schedule
from localregion.plan.rate import period_s

_log = logging.getLogger("emulator.schedules")


def first_due(now: float, period: float, *, remembered: float | None) -> float:
    """Return when to run first: as remembered from before, but never later than one period from now."""
    return now + period if remembered is None else min(remembered, now + period)


def next_due(due: float, now: float, period: float) -> float:
    """Return the next time on the beat of `due` that is still to come."""
    return due + period * max(1.0, (now - due) // period + 1)


class Schedules:
    """The enabled schedules of a plan."""

    def __init__(
        self,
        schedules: list[Schedule],
        events: EventInvocations,
        *,
        memory: Path,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._schedules = [schedule for schedule in schedules if schedule.enabled]
        self._events = events
        self._memory = memory
        self._clock = clock
        self._due: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        remembered = self._recall()
        for schedule in self._schedules:
            known = remembered.get(schedule.name, {})
            due = known.get("due") if known.get("expression") == schedule.expression else None
            self._due[schedule.name] = first_due(self._clock(), period_s(schedule.expression), remembered=due)
            self._tasks[schedule.name] = asyncio.get_running_loop().create_task(self._run(schedule))
        self._remember()

    def apply(self, schedules: list[Schedule]) -> None:
        """Run these from now on. One that is as it was keeps its time; one with the same rate, too."""
        wanted = [schedule for schedule in schedules if schedule.enabled]
        if wanted == self._schedules:
            return
        self.stop()
        self._schedules = wanted
        self.start()

    def stop(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def status(self) -> list[dict[str, Any]]:
        return [
            {"name": schedule.name, "function": schedule.function, "expression": schedule.expression}
            | {
                "dueInSeconds": round(self._due[schedule.name] - self._clock(), 1)
                if schedule.name in self._tasks
                else None
            }
            for schedule in self._schedules
        ]

    def run_once(self, schedule: Schedule) -> None:
        """Invoke the schedule's function and note when the next run is due."""
        self._events.submit(Event(schedule.function, json.dumps(schedule.input).encode(), qualifier=schedule.qualifier))
        due, period = self._due[schedule.name], period_s(schedule.expression)
        self._due[schedule.name] = next_due(due, self._clock(), period)
        self._remember()

    async def _run(self, schedule: Schedule) -> None:
        period = period_s(schedule.expression)
        while True:
            # A clock that was set back must not put the next run off by more than a period.
            self._due[schedule.name] = min(self._due[schedule.name], self._clock() + period)
            await asyncio.sleep(max(0.0, self._due[schedule.name] - self._clock()))
            if self._due[schedule.name] <= self._clock():
                self.run_once(schedule)

    def _recall(self) -> dict[str, Any]:
        try:
            remembered = json.loads(self._memory.read_text())
        except (OSError, ValueError):
            return {}
        return remembered if isinstance(remembered, dict) else {}

    def _remember(self) -> None:
        entries = {s.name: {"expression": s.expression, "due": self._due[s.name]} for s in self._schedules}
        written = self._memory.with_suffix(".new")
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(json.dumps(entries))
            written.replace(self._memory)
        except OSError as error:
            # A full disk costs the cadence after a restart, never a run.
            _log.warning("schedules cannot be remembered: %s", error)
