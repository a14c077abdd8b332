"""`make status`: what runs, where, and whether all of it is healthy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localregion import http_client, project
from localregion.http_client import HttpError
from localregion.system import control, endpoints
from localregion.system.endpoints import NotRunningError
from localregion.system.folder import Folder
from localregion.system.service_names import SERVICES

EmulatorStatus = dict[str, Any]


def emulator_status(address: str) -> EmulatorStatus | None:
    """Return what `/_emulator/status` says, None when it does not answer."""
    try:
        status: EmulatorStatus = http_client.call("GET", f"{address}/_emulator/status", timeout_s=5)
        return status
    except HttpError:
        return None


def unhealthy_reason(status: EmulatorStatus | None) -> str | None:
    """Say why the emulator's functions are not ready for orders, None when they are."""
    if status is None:
        return "does not answer"
    if status["ready"]:
        return None
    return "; ".join(_reasons(status)) or "is not ready"


def show(folder: Folder) -> bool:
    """Print the tables; True when everything is healthy. NotRunningError when nothing runs."""
    try:
        supervised = control.ask(folder.run, {"command": "status"})
    except ConnectionError:
        raise NotRunningError(f"nothing is running: `{project.command('up')}` starts it") from None
    parts = supervised["parts"]
    print(table(("part", "state", "pid", "address", "restarts", "reason"), _part_rows(supervised)))
    is_healthy = supervised["phase"] == "up" and all(part["answers"] for part in parts.values())
    try:
        emulated = emulator_status(endpoints.load(folder)["aws"])
    except NotRunningError:
        emulated = None
    if emulated is not None:
        print("\n" + table(("function", "environments"), _function_rows(emulated)))
        print("\n" + table(("event source mapping", "state", "reason", "last result"), _mapping_rows(emulated)))
    if (reason := unhealthy_reason(emulated)) is not None:
        is_healthy = False
        print(f"\nnot healthy: emulator {reason}")
    return is_healthy


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows in columns."""
    lines = [list(heads), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _part_rows(supervised: Mapping[str, Any]) -> list[list[str]]:
    failure = supervised["failure"]
    why = f"{failure['part']}: {failure['text']}" if failure else ""
    rows = [["supervisor", supervised["phase"], str(supervised["pid"]), "", "", _one_line(why)]]
    for name, part in supervised["parts"].items():
        state = part["state"] if part["state"] != "running" or part["answers"] else "running, does not answer"
        reason = _one_line(_part_reason(name, part, phase=supervised["phase"]))
        rows.append([name, state, str(part["pid"] or "-"), part["address"], str(part["restarts"]), reason])
    return rows


def _part_reason(name: str, part: Mapping[str, Any], *, phase: str) -> str:
    """Why a part does not run or does not answer, as far as that is known."""
    if part["frozen"]:
        return "frozen by SIGSTOP: a SIGCONT lets it go on"
    if part["state"] == "stopped" and phase == "up":
        again = project.command("start", f"SERVICE={name}") if name in SERVICES else project.command("up")
        return f"stopped on purpose: `{again}` starts it"
    return part["failure"] or ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _function_rows(status: EmulatorStatus) -> list[list[str]]:
    return [[function["name"], _environments(function["environments"])] for function in status["functions"]]


def _environments(environments: list[dict[str, Any]]) -> str:
    counted = Counter(environment["state"] for environment in environments)
    return ", ".join(f"{count} {state}" for state, count in sorted(counted.items())) or "-"


def _mapping_rows(status: EmulatorStatus) -> list[list[str]]:
    shown = ("name", "State", "StateTransitionReason", "last_result")
    return [[mapping[name] for name in shown] for mapping in status["mappings"]]


def _reasons(status: EmulatorStatus) -> list[str]:
    pending = [
        f"{invocation['name']} {invocation['state']}: {invocation.get('error', 'not finished')}"
        for invocation in status["invocations"]
        if invocation["state"] != "succeeded"
    ]
    waiting = [
        f"event source mapping {name} {state}: {reason}"
        for name, state, reason, _ in _mapping_rows(status)
        if state != "Enabled"
    ]
    return [*([status["failure"]] if status.get("failure") else []), *pending, *waiting]
