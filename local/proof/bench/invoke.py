"""Rows `invoke` and `load`: what our emulator costs, at one client beside AWS's own, at eight beside the ideal.

One client only for AWS's: it crashes at two. A cold invocation is the first one of a function whose environment does
not exist yet; a warm one is the median of many on one kept-alive connection.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from proof.bench import emulators, load, packages
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.checkout import ROOT

WARM_PER_ROUND = 150
LOAD_CONNECTIONS = 8
LOAD_SECONDS = 4.0
# 8 clients, 5 ms each.
LOAD_IDEAL_PER_S = 1_600.0
BUDGETS = {"cold": 1.0, "warm": 0.7}
HANDLER = "noop.handler.lambda_handler"


def measure(*, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield the cold and the warm row. Raises NotAvailableError without `aws-lambda-rie`, EmulatorFailedError."""
    binary = packages.lambda_rie(folder)
    functions = [emulators.function("noop", f"noop_{number}") for number in range(rounds + 1)]
    cold: list[tuple[float, float]] = []
    warm: list[tuple[float, float]] = []
    with emulators.ours(folder, functions) as running:
        _invocations(running.port, functions[rounds].name, 1)  # the first of all compiles
        for number in range(rounds):
            progress(f"invoke: round {number + 1} of {rounds}")
            ours = _invocations(running.port, functions[number].name, 1 + WARM_PER_ROUND)
            with emulators.rie(binary, folder, HANDLER) as rie:
                aws = _invocations(rie.port, "function", 1 + WARM_PER_ROUND)
            cold.append((ours[0], aws[0]))
            warm.append((statistics.median(ours[1:]), statistics.median(aws[1:])))
    yield _row("cold", cold)
    yield _row("warm", warm)


def measure_load(*, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield the row of the 5 ms handler, and what of the processor it took. Raises EmulatorFailedError."""
    function = emulators.function("sleep", "sleep")
    rates, emulator_ms, functions_ms = [], [], []
    with emulators.ours(folder, [function]) as running:
        _load(running.port, function.name, 1.0)  # starts the environments
        for number in range(rounds):
            progress(f"load: round {number + 1} of {rounds}")
            before = running.processor_time()
            seen = _load(running.port, function.name, LOAD_SECONDS)
            used = running.processor_time().since(before)
            rates.append(seen["answers"] / seen["seconds"])
            emulator_ms.append(used.emulator / seen["answers_in_all"] * 1000)
            functions_ms.append(used.functions / seen["answers_in_all"] * 1000)
    yield from _load_rows(rates, emulator_ms, functions_ms)


def _load_rows(rates: list[float], emulator_ms: list[float], functions_ms: list[float]) -> Iterator[Row]:
    ideal = (LOAD_IDEAL_PER_S,) * len(rates)
    budget = Budget(figure="ratio", at="least", limit=0.75)
    needed, there_are = statistics.median(functions_ms) / 1000 * LOAD_IDEAL_PER_S * budget.limit, os.cpu_count() or 1
    excused = f"the functions alone need {needed:.1f} of {there_are} processors for it" if needed > there_are else ""
    yield Row(
        row="load",
        measured=f"5 ms handler, {LOAD_CONNECTIONS} clients",
        ours=Sample(tuple(rates), "req/s"),
        beside="the ideal",
        theirs=Sample(ideal, "req/s"),
        ratio=paired_ratio(rates, ideal),
        budget=budget,
        excused=excused,
    )
    yield Row(
        row="load",
        measured="processor time a request: emulator",
        ours=Sample(tuple(emulator_ms), "ms"),
        beside="the functions' own",
        theirs=Sample(tuple(functions_ms), "ms"),
        ratio=paired_ratio(emulator_ms, functions_ms),
    )


def _load(port: int, function: str, seconds: float) -> dict[str, float]:
    """Return what the load generator saw. Raises EmulatorFailedError."""
    done = subprocess.run(
        [sys.executable, "-m", "proof.bench.load", str(port), _path(function), str(LOAD_CONNECTIONS), str(seconds)],
        env={"PYTHONPATH": str(ROOT / "local")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise emulators.EmulatorFailedError(f"the load generator gave up: {done.stderr.strip()}")
    seen: dict[str, float] = json.loads(done.stdout)
    return seen


def _invocations(port: int, function: str, count: int) -> list[float]:
    """Return the milliseconds of each of these invocations, one after the other on one connection."""
    request = load.request(port, _path(function))
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return [_invocation(connection, request) for _ in range(count)]


def _invocation(connection: socket.socket, request: bytes) -> float:
    began = time.perf_counter()
    connection.sendall(request)
    data = b""
    while not (size := load.answer_size(data)) or len(data) < size:
        if not (chunk := connection.recv(65_536)):
            raise emulators.EmulatorFailedError("the emulator closed the connection")
        data += chunk
    if not data.startswith(b"HTTP/1.1 200"):
        raise emulators.EmulatorFailedError(data.decode(errors="replace"))
    return (time.perf_counter() - began) * 1000


def _path(function: str) -> str:
    return f"/2015-03-31/functions/{function}/invocations"


def _row(name: str, times: list[tuple[float, float]]) -> Row:
    ours, aws = tuple(one for one, _ in times), tuple(other for _, other in times)
    return Row(
        row="invoke",
        measured=f"emulator, {name} invoke",
        ours=Sample(ours, "ms"),
        beside="aws-lambda-rie",
        theirs=Sample(aws, "ms"),
        ratio=paired_ratio(ours, aws),
        budget=Budget(figure="ratio", at="most", limit=BUDGETS[name]),
    )
