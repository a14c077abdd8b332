"""Row `order`: a warm `POST /orders` in the function, beside its SQL statements and its confirmed publish alone.

The handler is called in-process, so neither the runtime client nor the emulator is in the figure: the row is about what
the function adds to work that has to be done. The consumer's mapping is disabled meanwhile and the queue purged after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Budget, Row, Sample, paired_ratio
from bench.second_system import SecondSystem, SecondSystemError
from system.folder import ROOT

_TIMEOUT_S = 300


def measure(system: SecondSystem, *, folder: Path, rounds: int) -> Iterator[Row]:
    """Yield the one row. Raises SecondSystemError."""
    out = folder / "order.json"
    environment = system.function_environment("create_order")
    environment["PYTHONPATH"] = os.pathsep.join(
        [environment["PYTHONPATH"], str(ROOT / "functions"), str(ROOT / "local")]
    )
    with (folder / "functions.log").open("ab") as log:
        done = subprocess.run(
            [sys.executable, "-m", "bench.order_loop", str(rounds), str(out)],
            env=environment,
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    if done.returncode != 0:
        raise SecondSystemError(f"the order loop failed: {(done.stderr.strip().splitlines() or ['no reason'])[-1]}")
    medians = json.loads(out.read_text())
    ours, raw = tuple(one for one, _ in medians), tuple(other for _, other in medians)
    yield Row(
        row="order",
        measured="warm POST /orders, in-process",
        ours=Sample(ours, "ms"),
        beside="same SQL, same publish, raw",
        theirs=Sample(raw, "ms"),
        ratio=paired_ratio(ours, raw),
        budget=Budget(of="ratio", at="most", limit=1.3),
    )
