"""`python tests/side_by_side.py PATH…`: run pytest; the whole suite in two processes, since half of it only waits.

One process has the tests that boot a whole system, the other all the rest. What the first says is shown when the second
has ended. Exit status 1 when either fails.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from typing import Any

WHOLE = ["tests"]
SYSTEM = ["tests/e2e", "tests/faults"]


def main(paths: list[str]) -> int:
    if paths != WHOLE:
        return subprocess.call(pytest(paths))
    with tempfile.TemporaryFile() as output:
        system = subprocess.Popen(pytest(SYSTEM), stdout=output, stderr=subprocess.STDOUT)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            others = subprocess.call(pytest([*WHOLE, *(f"--ignore={path}" for path in SYSTEM)]))
            sys.stdout.write(f"\n{' and '.join(SYSTEM)}, meanwhile:\n")
            sys.stdout.flush()
            system.wait()
        except KeyboardInterrupt:
            stop(system)
            raise SystemExit(130) from None
        output.seek(0)
        sys.stdout.buffer.write(output.read())
    return 1 if others or system.returncode else 0


def pytest(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def stop(process: subprocess.Popen[Any]) -> None:
    """Let it end its services; pytest takes SIGTERM as it takes Ctrl-C."""
    process.terminate()
    process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
