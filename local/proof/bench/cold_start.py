"""Row `init`: how long an execution environment of ours takes to be ready, beside one of the usual imports.

Both run under the real runtime client. Measured is the time from the start of the process to its first request for an
invocation (what AWS calls Init), and to the end of the first invocation, which reads its secret and connects. Both are
traced; ours without tracing is measured as well. Bytecode is shipped to all: a first start of each writes it, and every
file is then made unchecked, as in a Lambda archive.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proof.bench import events, packages
from proof.bench.collector import VARIABLE, Collector
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.runtime_client import FunctionFailedError, RuntimeClient, Start
from proof.bench.second_system import SecondSystem
from proof.checkout import ROOT

_UNCHECKED_HASH = (1).to_bytes(4, "little")
BUDGETS = {"create_order": 0.30, "invoice_consumer": 0.25}
USUAL = "the usual imports"

Times = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One of our functions, the same without tracing, and the usual one that does the same."""

    name: str
    ours: Start
    untraced: Start
    usual: Start
    event: Callable[[], dict[str, object]]

    def start_each(self) -> tuple[Times, Times, Times]:
        ours, untraced, usual = (_start(start, self.event()) for start in (self.ours, self.untraced, self.usual))
        return ours, untraced, usual


def measure(system: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield two rows for each of the two functions. Raises NotAvailableError without the usual packages."""
    bytecode = folder / "bytecode"
    shutil.rmtree(bytecode, ignore_errors=True)
    with Collector() as collector:
        pairs = _pairs(system, folder, bytecode, collector.endpoint)
        progress("init: a first start of each, which compiles")
        for pair in pairs:
            pair.start_each()
        ship(bytecode)
        times: dict[str, list[tuple[Times, Times, Times]]] = {pair.name: [] for pair in pairs}
        for number in range(rounds):
            progress(f"init: round {number + 1} of {rounds}")
            for pair in pairs:
                times[pair.name].append(pair.start_each())
        if not collector.requests:
            raise FunctionFailedError("no function exported spans")
    for pair in pairs:
        yield from _rows(pair.name, times[pair.name])


def ship(bytecode: Path) -> None:
    """Turn bytecode that is checked against its source's time into unchecked-hash bytecode (PEP 552)."""
    for compiled in bytecode.rglob("*.pyc"):
        content = compiled.read_bytes()
        source = Path("/", compiled.relative_to(bytecode).parent, compiled.name.partition(".")[0] + ".py")
        source_hash = importlib.util.source_hash(source.read_bytes())
        compiled.write_bytes(content[:4] + _UNCHECKED_HASH + source_hash + content[16:])


def _pairs(system: SecondSystem, folder: Path, bytecode: Path, collector: str) -> list[Pair]:
    usual = packages.usual_packages(folder)
    queue = system.endpoints["queues"]["order_created"]
    created: dict[str, Callable[[], dict[str, object]]] = {
        "create_order": events.order_event,
        "invoice_consumer": lambda: events.queue_event(queue),
    }
    return [
        Pair(
            name=name,
            ours=_ours(system, name, folder, bytecode, collector),
            untraced=_ours(system, name, folder, bytecode, None),
            usual=_usual(system, name, folder, bytecode, usual),
            event=event,
        )
        for name, event in created.items()
    ]


def _ours(system: SecondSystem, name: str, folder: Path, bytecode: Path, collector: str | None) -> Start:
    environment = {**system.function_environment(name), "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop(VARIABLE, None)
    if collector is not None:
        environment[VARIABLE] = collector
    log = folder / "functions.log"
    return Start(handler=f"{name}.handler.lambda_handler", environment=environment, cwd=ROOT / "functions", log=log)


def _usual(system: SecondSystem, name: str, folder: Path, bytecode: Path, usual: Path) -> Start:
    """The same variables and thus the same rights, other code."""
    task_root = packages.HERE / "functions"
    environment = {
        **system.function_environment(name),
        "PYTHONPATH": str(usual),
        "PYTHONPYCACHEPREFIX": str(bytecode),
        "LAMBDA_TASK_ROOT": str(task_root),
        "PWD": str(task_root),
        "PATH": os.environ["PATH"],
    }
    log = folder / "functions.log"
    return Start(handler="usual.handler.lambda_handler", environment=environment, cwd=task_root, log=log)


def _start(start: Start, event: dict[str, object]) -> Times:
    """Return the milliseconds until ready, and until the first answer."""
    payload = json.dumps(event).encode()
    with RuntimeClient(start) as function:
        ready_at = function.wait_until_ready()
        function.invoke(payload)
        answered_at = function.answered_at
        return (ready_at - function.started_at) * 1000, (answered_at - function.started_at) * 1000


def _rows(name: str, times: list[tuple[Times, Times, Times]]) -> Iterator[Row]:
    for index, what in enumerate(("init", "start to first answer")):
        ours, untraced, usual = (tuple(each[side][index] for each in times) for side in range(3))
        yield Row(
            row="init",
            measured=f"{name}: {what}",
            ours=Sample(ours, "ms"),
            beside=USUAL,
            theirs=Sample(usual, "ms"),
            ratio=paired_ratio(ours, usual),
            budget=Budget(figure="ratio", at="most", limit=BUDGETS[name]) if what == "init" else None,
        )
        yield Row(
            row="init",
            measured=f"{name}: {what}",
            ours=Sample(ours, "ms"),
            beside="tracing off",
            theirs=Sample(untraced, "ms"),
            ratio=paired_ratio(ours, untraced),
        )
