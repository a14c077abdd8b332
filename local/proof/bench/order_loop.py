"""The process behind row `order`: `create_order` without tracing, with it, and the raw statements, in turns.

Started with the function's own environment and a collector; prints nothing (the function logs to stdout) and writes its
figures, per round and side in milliseconds, to the file that it is given.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from create_order import bootstrap, handler
from proof.bench.collector import VARIABLE
from proof.bench.events import order_event
from proof.bench.raw_order import Raw

PER_ROUND = 60
WARM_UP = 20


class Context:
    """What of Lambda's context the function looks at."""

    aws_request_id = "bench"
    function_name = "create_order"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


@dataclass
class Side:
    """What one way of doing it took in one round."""

    times_ms: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0

    def measure(self, work: Callable[[], object]) -> None:
        began, began_cpu = time.perf_counter(), time.process_time()
        work()
        self.times_ms.append((time.perf_counter() - began) * 1000)
        self.cpu_ms += (time.process_time() - began_cpu) * 1000

    def figures(self) -> dict[str, float]:
        return {"time": statistics.median(self.times_ms), "cpu": self.cpu_ms / len(self.times_ms)}


def environment(*, endpoint: str | None) -> bootstrap.Dependencies:
    """What an execution environment keeps, with this collector or without one."""
    bootstrap.dependencies.cache_clear()
    os.environ.pop(VARIABLE, None)
    if endpoint is not None:
        os.environ[VARIABLE] = endpoint
    return bootstrap.dependencies()


def handled(deps: bootstrap.Dependencies, event: dict[str, Any]) -> None:
    # Both environments stay warm in one process, so that they are measured in turns.
    handler.dependencies = lambda: deps  # type: ignore[assignment, attr-defined]
    answer = handler.lambda_handler(event, Context())
    if answer["statusCode"] != 201:
        raise RuntimeError(f"create_order answered {answer}")


def one_round(raw: Raw, sides: Mapping[str, bootstrap.Dependencies], count: int) -> dict[str, dict[str, float]]:
    """Return the figures of each side, taken in turns."""
    measured = {name: Side() for name in (*sides, "raw")}
    for _ in range(count):
        for name, dependencies in sides.items():
            event = order_event()
            measured[name].measure(lambda dependencies=dependencies, event=event: handled(dependencies, event))  # type: ignore[misc]
        prepared = raw.prepare()
        measured["raw"].measure(lambda prepared=prepared: raw.order(prepared))  # type: ignore[misc]
    return {name: side.figures() for name, side in measured.items()}


def main(rounds: int, out: Path) -> None:
    raw, endpoint = Raw(), os.environ[VARIABLE]
    sides = {"untraced": environment(endpoint=None), "traced": environment(endpoint=endpoint)}
    one_round(raw, sides, WARM_UP)
    out.write_text(json.dumps([one_round(raw, sides, PER_ROUND) for _ in range(rounds)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
