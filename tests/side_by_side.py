"""`python tests/side_by_side.py PATH…`: run pytest; the whole suite in three processes, since much of it only waits.

Each line says whose it is, and what a process has to say at its end (failures, the summary) comes in one piece. Exit
status 1 when any fails.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

TESTS = ["tests", "local/region/tests"]
# What each process has, in this order, chosen so that they take about as long; what is not listed is the others'.
# A system of its own has who tests it as a whole, and who breaks it. That of the latter boots later, and infra/ is
# evaluated later: on a fresh machine the first of them compiles the provider's SDK. Unit tests say soonest what is
# broken.
GROUPS = {
    "system": ["tests/e2e", "tests/infra"],
    "faults": [
        "tests/unit",
        "local/region/tests/unit",
        "tests/integration/gateway",
        "tests/integration/migrations",
        "tests/faults",
    ],
}


def main(paths: list[str]) -> int:
    if paths != TESTS:
        os.execv(sys.executable, pytest(paths))  # noqa: S606 (so that Ctrl-C is pytest's own)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes = {name: start(group) for name, group in [*GROUPS.items(), ("others", others())]}
    output = threading.Lock()
    readers = [threading.Thread(target=show, args=(name, each, output)) for name, each in processes.items()]
    for reader in readers:
        reader.start()
    try:
        for process in processes.values():
            process.wait()
    except KeyboardInterrupt:
        stop(processes.values())
        raise SystemExit(130) from None
    finally:
        for reader in readers:
            reader.join()
    return 1 if any(process.returncode for process in processes.values()) else 0


def others() -> list[str]:
    """Every folder with tests that is in no group."""
    grouped = [path for group in GROUPS.values() for path in group]
    folders = sorted({path.parent for tests in TESTS for path in Path(tests).rglob("test_*.py")})
    return [str(folder) for folder in folders if not any(folder.is_relative_to(path) for path in grouped)]


def pytest(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def start(paths: list[str]) -> subprocess.Popen[str]:
    """In a process group of its own: Ctrl-C reaches this program alone, which then ends all once."""
    return subprocess.Popen(
        pytest(paths),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    )


def show(name: str, process: subprocess.Popen[str], output: threading.Lock) -> None:
    """Print what a process prints: its progress line by line, then its report, which begins with signs of equality."""
    assert process.stdout is not None
    is_running = False
    for line in process.stdout:
        is_report = is_running and line.startswith("=")
        text = f"\n{name}:\n{line}{process.stdout.read()}" if is_report else f"{name}: {line}"
        is_running = is_running or line.startswith(tuple(TESTS))
        with output:
            sys.stdout.write(text)
            sys.stdout.flush()


def stop(processes: Iterable[subprocess.Popen[str]]) -> None:
    """Let them end their services; pytest takes SIGTERM as it takes Ctrl-C."""
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
