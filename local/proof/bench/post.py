"""Row `post`: `POST /orders` through the gateway to the confirmed event, traced, at 1, 8 and 32 clients.

Our own processor time for an order (gateway, emulator, functions, console) stands beside that of a raw floor: two hops,
the same statements, the same publish. Orders a second stand beside the commit before. The three are measured in turns,
after the environments that so many clients need have been started. Consumers are off meanwhile, queues are purged.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from localregion.services.ports import free_ports
from proof.bench import emulators, processor_time
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.mapping import ConsumerMapping
from proof.bench.second_system import SecondSystem, SecondSystemError
from proof.checkout import ROOT

CPU_BUDGETS = {1: 1.9, 8: 2.1, 32: 2.6}
# Where orders a second are shown, and processor time by process.
USUAL_CLIENTS = 8
SECONDS, QUICK_SECONDS, STARTING_S = 2.0, 1.0, 3.0


@dataclass(frozen=True)
class Run:
    """One round of one side: orders a second, and milliseconds of processor time for an order, by part."""

    per_s: float
    cpu_ms: dict[str, float]

    @property
    def own_ms(self) -> float:
        return sum(value for name, value in self.cpu_ms.items() if name not in processor_time.SERVICES)


@dataclass(frozen=True)
class Side:
    """What takes orders, and what says how much processor time it has used so far."""

    port: int
    keys: Sequence[str]
    used: Callable[[], dict[str, float]]

    def run(self, clients: int, seconds: float) -> Run:
        before = self.used()
        seen = _load(self.port, clients, seconds, self.keys)
        used = processor_time.since(self.used(), before)
        if not (orders := seen["answers_in_all"]):
            raise SecondSystemError(f"no order was answered in {2 * seconds:g} s")
        cpu_ms = {name: spent / orders * 1000 for name, spent in used.items()}
        return Run(per_s=seen["answers"] / seen["seconds"], cpu_ms=cpu_ms)


def measure(
    system: SecondSystem,
    base: SecondSystem,
    *,
    folder: Path,
    rounds: int,
    is_quick: bool,
    progress: Callable[[str], None],
) -> Iterator[Row]:
    """Yield the rows. Raises SecondSystemError."""
    seconds = QUICK_SECONDS if is_quick else SECONDS
    with contextlib.ExitStack() as running:
        for each in (system, base):
            running.enter_context(ConsumerMapping(each.endpoints).disabled())
        sides = [_of_system(system), _of_system(base), running.enter_context(_floor(system, folder))]
        for clients in CPU_BUDGETS:
            progress(f"post: {clients} clients, starting what they need")
            for side in sides:
                side.run(clients, STARTING_S)
            seen = []
            for number in range(rounds):
                progress(f"post: {clients} clients, round {number + 1} of {rounds}")
                seen.append([side.run(clients, seconds) for side in sides])
            yield from _rows(clients, seen)


def _of_system(system: SecondSystem) -> Side:
    known = system.endpoints
    pids = known["pids"]
    # Two customers: one alone may send a thousand a second.
    keys = [known["keys"]["demo"], known["keys"]["other"]]
    return Side(urlsplit(known["gateway"]).port or 0, keys, lambda: processor_time.of_system(pids))


@contextlib.contextmanager
def _floor(system: SecondSystem, folder: Path) -> Iterator[Side]:
    """Raises EmulatorFailedError."""
    front, hub, order = free_ports(3)
    environment = system.function_environment("create_order")
    paths = [environment["PYTHONPATH"], str(ROOT / "functions"), str(ROOT / "local")]
    environment = {**environment, "PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)}
    commands = {
        hub: ["hub", str(hub)],
        order: ["order", str(order), str(hub), str(max(CPU_BUDGETS))],
        front: ["front", str(front), str(hub)],
    }
    with contextlib.ExitStack() as processes:
        pids = {}
        for port, arguments in commands.items():
            command = [sys.executable, "-m", "proof.bench.raw_floor", *arguments]
            log = folder / "floor.log"
            process = emulators.running(command, environment, cwd=ROOT, log=log, port=port)
            pids[arguments[0]] = processes.enter_context(process).pid
        yield Side(front, ["floor"], lambda: {name: _used(pid) for name, pid in pids.items()})


def _used(pid: int) -> float:
    return processor_time.of_process(pid, with_children=False)


def _load(port: int, clients: int, seconds: float, keys: Sequence[str]) -> dict[str, float]:
    arguments = [str(port), "/orders", str(clients), str(seconds), *keys]
    done = subprocess.run(
        [sys.executable, "-m", "proof.bench.load", *arguments],
        env={"PYTHONPATH": str(ROOT / "local")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SecondSystemError(f"the load generator gave up: {done.stderr.strip()[:300]}")
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


def _rows(clients: int, seen: list[list[Run]]) -> Iterator[Row]:
    ours, base, floor = ([each[side] for each in seen] for side in range(3))
    yield _row(
        f"own CPU of an order, {clients} clients",
        [run.own_ms for run in ours],
        "raw floor",
        [run.own_ms for run in floor],
        budget=Budget(figure="ratio", at="most", limit=CPU_BUDGETS[clients]),
    )
    own, before = [run.own_ms for run in ours], [run.own_ms for run in base]
    yield _row(f"own CPU of an order, {clients} clients", own, "the commit before", before)
    rates, rates_before = [run.per_s for run in ours], [run.per_s for run in base]
    least = Budget(figure="ratio", at="least", limit=1.4) if clients == USUAL_CLIENTS else None
    measured = f"POST /orders, traced, {clients} clients"
    yield _row(measured, rates, "the commit before", rates_before, unit="req/s", budget=least)
    if clients == USUAL_CLIENTS:
        for name in (*processor_time.OWN, *processor_time.SERVICES):
            mine, theirs = ([run.cpu_ms[name] for run in side] for side in (ours, base))
            yield _row(f"CPU of an order in {name}, {clients} clients", mine, "the commit before", theirs)


def _row(
    measured: str,
    ours: Sequence[float],
    beside: str,
    theirs: Sequence[float],
    *,
    unit: str = "ms",
    budget: Budget | None = None,
) -> Row:
    return Row(
        row="post",
        measured=measured,
        ours=Sample(tuple(ours), unit),
        beside=beside,
        theirs=Sample(tuple(theirs), unit),
        ratio=paired_ratio(ours, theirs),
        budget=budget,
    )
