"""`python tests/side_by_side.py PATH…`: run pytest; the whole suite in two processes, since half of it only waits.

One process has the tests that boot a whole system and those of infra/, the other all the rest; each line says whose
it is, and what a process has to say at its end (failures, the summary) comes in one piece. Exit status 1 when either
fails.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

TESTS = "tests"
# Evaluating infra/ comes after the system that is made of it: on a fresh machine that compiles the provider's SDK.
SYSTEM = ["tests/e2e", "tests/faults", "tests/infra"]
# Unit tests say soonest what is broken.
FIRST = "tests/unit"


def main(paths: list[str]) -> int:
    if paths != [TESTS]:
        os.execv(sys.executable, pytest(paths))  # noqa: S606 (so that Ctrl-C is pytest's own)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    processes = {"system": start(SYSTEM), "others": start(others())}
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
    """Every folder with tests but the system's, in the order in which they are run."""
    found = [str(path) for path in sorted(Path(TESTS).iterdir()) if any(path.rglob("test_*.py"))]
    return [FIRST, *(path for path in found if path not in (FIRST, *SYSTEM))]


def pytest(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def start(paths: list[str]) -> subprocess.Popen[str]:
    """In a process group of its own: Ctrl-C reaches this program alone, which then ends both once."""
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
        is_running = is_running or line.startswith("tests")
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
