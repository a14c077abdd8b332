"""The two emulators that the rows `invoke` and `load` compare: ours, and AWS's own `aws-lambda-rie`.

Both run the functions of `local/proof/bench/functions` under the same runtime client and interpreter.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from localregion.plan.model import Broker, Database, Function, Gateway, Plan
from localregion.project import PACKAGE_PARENT
from localregion.services.ports import free_ports
from proof.bench.packages import HERE
from proof.checkout import ROOT

RUNTIME = "python3.13"
_START_TIMEOUT_S = 60


class EmulatorFailedError(Exception):
    """An emulator does not listen."""


class ProcessorTime(NamedTuple):
    """Seconds so far, of the emulator itself and of the functions that it runs."""

    emulator: float
    functions: float

    def since(self, before: ProcessorTime) -> ProcessorTime:
        return ProcessorTime(self.emulator - before.emulator, self.functions - before.functions)


class Running(NamedTuple):
    """A running emulator."""

    port: int
    pid: int

    def processor_time(self) -> ProcessorTime:
        """Ask the kernel: the functions' processes are the emulator's children."""
        emulator = psutil.Process(self.pid)
        return ProcessorTime(_processor_s(emulator), sum(map(_processor_s, emulator.children())))


@contextlib.contextmanager
def ours(folder: Path, functions: Sequence[Function]) -> Iterator[Running]:
    """Run our emulator with these functions and nothing else."""
    state = folder / "emulator"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    (state / "plan.json").write_text(_plan(functions).to_json())
    for name in ("values", "secrets"):
        (state / f"{name}.json").write_text("{}")
    port = free_ports(1)[0]
    inputs = [f"--{name}={state / name}.json" for name in ("plan", "values", "secrets")]
    command = [sys.executable, "-m", "localregion.aws", *inputs, f"--state={state}", f"--root={HERE}", f"--port={port}"]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE_PARENT)}
    with running(command, environment, cwd=ROOT, log=folder / "emulator.log", port=port) as started:
        yield started


@contextlib.contextmanager
def rie(binary: Path, folder: Path, handler: str) -> Iterator[Running]:
    """Run AWS's emulator with its one function, and with the variable that decides how the runtime client polls."""
    port, runtime_api_port = free_ports(2)
    addresses = [
        f"--runtime-interface-emulator-address=127.0.0.1:{port}",
        f"--runtime-api-address=127.0.0.1:{runtime_api_port}",
    ]
    command = [str(binary), *addresses, sys.executable, "-m", "awslambdaric", handler]
    task_root = HERE / "functions"
    environment = {
        "PATH": os.environ["PATH"],
        "LAMBDA_TASK_ROOT": str(task_root),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
        # AWS's images set it; from 3.12 on the client starts a thread for every poll, which costs more than all else.
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{RUNTIME}",
    }
    with running(command, environment, cwd=task_root, log=folder / "rie.log", port=port) as started:
        yield started


def function(code: str, name: str) -> Function:
    """Return a function of that name with the code of `functions/CODE`."""
    return Function(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:000000000000:function:{name}",
        handler=f"{code}.handler.lambda_handler",
        runtime=RUNTIME,
        architecture="arm64",
        memory_mb=128,
        timeout_s=30,
        environment={},
        code=f"dist/functions/{code}.zip",
        layers=[],
    )


def _plan(functions: Sequence[Function]) -> Plan:
    return Plan(
        stack="bench",
        region="us-east-1",
        account="000000000000",
        functions=list(functions),
        event_source_mappings=[],
        schedules=[],
        invocations=[],
        secrets={},
        database=Database(engine_version="", name="", admin_secret=""),
        broker=Broker(engine_version="", admin_secret=""),
        gateway=Gateway(version="", declarative_config={}),
    )


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], *, cwd: Path, log: Path, port: int) -> Iterator[Running]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        _wait_until_listening(process, port)
        yield Running(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise EmulatorFailedError(f"{Path(str(process.args[0])).name} does not listen")  # type: ignore[index]


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
