"""The emulator's own report: functions, their environments and last invocations, mappings; the rest from the plan."""

from __future__ import annotations

from collections import Counter
from typing import Any

from localregion import http_client
from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import Remembered, SourceDownError
from localregion.http_client import HttpError
from localregion.plan.model import EventSourceMapping, Function

_TIMEOUT_S = 2.0
Report = dict[str, Any]


class Emulator:
    """What it says now, or that it says nothing."""

    def __init__(self, system: LocalSystem) -> None:
        self._system = system
        self._status = Remembered(lambda: self._ask("/_emulator/status"))
        self._invocations = Remembered(lambda: self._ask("/_emulator/invocations"))

    async def state(self) -> dict[str, str]:
        try:
            await self._status.get()
        except SourceDownError as error:
            return {"state": "down", "detail": str(error)}
        return {"state": "up"}

    async def functions(self) -> list[Report]:
        """Return each function of the plan; without the emulator only what the plan says."""
        reported = {function["name"]: function for function in (await self._report()).get("functions", [])}
        return [_function(function, reported.get(function.name)) for function in self._planned_functions()]

    async def last_invocations(self) -> dict[str, list[Report]]:
        """Return the last invocations by function, the newest last."""
        try:
            found: dict[str, list[Report]] = await self._invocations.get()
        except SourceDownError:
            return {}
        return found

    async def mappings(self) -> list[Report]:
        """Return the event source mappings; without the emulator only what the plan says."""
        planned = {mapping.name: mapping for mapping in self._planned_mappings()}
        reported = {mapping["name"]: mapping for mapping in (await self._report()).get("mappings", [])}
        return [_mapping(name, planned.get(name), reported.get(name)) for name in dict.fromkeys([*planned, *reported])]

    async def _report(self) -> Report:
        try:
            return await self._status.get()
        except SourceDownError:
            return {}

    def _planned_functions(self) -> list[Function]:
        try:
            return self._system.plan().functions
        except SourceDownError:
            return []

    def _planned_mappings(self) -> list[EventSourceMapping]:
        try:
            return self._system.plan().event_source_mappings
        except SourceDownError:
            return []

    def _ask(self, path: str) -> Report:
        try:
            report: Report = http_client.call("GET", self._system.endpoint("aws") + path, timeout_s=_TIMEOUT_S)
            return report
        except HttpError as error:
            raise SourceDownError(f"the emulator: {error.reason}") from error


def _function(function: Function, reported: Report | None) -> Report:
    counts = {"invocations": None, "coldStarts": None, "errors": None}
    states = Counter(environment["state"] for environment in reported["environments"]) if reported else Counter()
    return {
        "name": function.name,
        "state": "Active" if reported else "down",
        "handler": function.handler,
        "memoryMb": function.memory_mb,
        "timeoutSeconds": function.timeout_s,
        "environments": {
            "warm": states["idle"],
            "busy": states["busy"] + states["finishing"],
            "starting": states["starting"],
        },
        **(counts if reported is None else {name: reported.get(name) for name in counts}),
    }


def _mapping(name: str, planned: EventSourceMapping | None, reported: Report | None) -> Report:
    said = reported or {}
    return {
        "name": name,
        "queue": planned.queue if planned else said.get("queue"),
        "function": planned.function if planned else said.get("function"),
        "batchSize": planned.batch_size if planned else None,
        "state": said.get("State", "down"),
        "reason": said.get("StateTransitionReason"),
        "lastProcessingResult": said.get("last_result"),
        "batches": said.get("batches"),
        "messages": said.get("messages"),
        "dropped": said.get("dropped"),
        "inFlight": said.get("in_flight"),
    }
