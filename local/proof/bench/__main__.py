"""`make bench`: measure, show a table, write JSON to `.local/bench/`.

`ONLY=init,consumer` selects rows, `ROUNDS=` says how often. A report and not a test: the exit status is 0 with any
verdict. What cannot be measured here is skipped with its reason. All that is started is ended, also on Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localregion.system.endpoints import NotRunningError
from localregion.system.folder import Folder
from proof.bench import audits, boot, cold_start, consumer, gateway, invoke, machine, pages, warm_order
from proof.bench.emulators import EmulatorFailedError
from proof.bench.figures import Row, Skipped, table
from proof.bench.mapping import ConsumerMapping
from proof.bench.packages import NotAvailableError
from proof.bench.runtime_client import FunctionFailedError
from proof.bench.second_system import SecondSystem, SecondSystemError

ROWS = ("up", "init", "order", "consumer", "pages", "audit", "invoke", "load", "gateway")
# `up` takes longest and varies least.
ROUNDS = {"up": 1, "init": 3, "order": 5, "consumer": 3, "pages": 5, "audit": 5, "invoke": 5, "load": 3, "gateway": 5}
NEEDS_SYSTEM = {"up", "init", "order", "consumer", "pages", "audit"}
FAILURES = (
    NotAvailableError,
    EmulatorFailedError,
    FunctionFailedError,
    SecondSystemError,
    NotRunningError,
    OSError,
)


class SelectionError(Exception):
    """ONLY or ROUNDS is not usable."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One run: which rows, how many rounds each (0: as many as each has by default)."""

    folder: Path
    only: Sequence[str]
    rounds: int
    system: SecondSystem
    began: float = field(default_factory=time.monotonic)

    def run(self) -> list[Row | Skipped]:
        rows: list[Row | Skipped] = []
        try:
            self.system.down()  # in case a former run was killed
            for name in self.only:
                if name not in NEEDS_SYSTEM:
                    self.system.down()  # the emulator's rows are measured on a quiet machine
                rows.extend(self._measured(name))
        finally:
            self.progress("bringing down what was started")
            self.system.down()
        return rows

    def progress(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {text}", flush=True)

    def _measured(self, name: str) -> list[Row | Skipped]:
        try:
            return list(self._measure(name, self.rounds or ROUNDS[name]))
        except FAILURES as error:
            self.progress(f"{name}: {error}")
            return [Skipped(name, str(error) or type(error).__name__)]

    def _measure(self, name: str, rounds: int) -> Iterator[Row]:
        if name in NEEDS_SYSTEM - {"up"}:
            self._boot()
        folder, progress = self.folder, self.progress
        measures: dict[str, Callable[[], Iterator[Row]]] = {
            "up": lambda: boot.measure(self.system, rounds=rounds, progress=progress),
            "init": lambda: cold_start.measure(self.system, folder=folder, rounds=rounds, progress=progress),
            "order": lambda: self._order(rounds),
            "consumer": lambda: consumer.measure(self.system, rounds=rounds, progress=progress),
            "pages": lambda: pages.measure(self.system, folder=folder, rounds=rounds, progress=progress),
            "audit": lambda: audits.measure(self.system, folder=folder, rounds=rounds, progress=progress),
            "invoke": lambda: invoke.measure(folder=folder, rounds=rounds, progress=progress),
            "load": lambda: invoke.measure_load(folder=folder, rounds=rounds, progress=progress),
            "gateway": lambda: gateway.measure(folder=folder, rounds=rounds, progress=progress),
        }
        yield from measures[name]()

    def _order(self, rounds: int) -> Iterator[Row]:
        self.progress(f"order: {rounds} rounds")
        with ConsumerMapping(self.system.endpoints).disabled():
            yield from warm_order.measure(self.system, folder=self.folder, rounds=rounds)

    def _boot(self) -> None:
        if not self.system.folder.endpoints.exists():
            self.progress("booting a second system for the rows that need one")
            self.system.make_up()


def selection(text: str) -> list[str]:
    """Return the rows to measure, in their order. Raises SelectionError."""
    wanted = {name.strip() for name in text.split(",") if name.strip()} or set(ROWS)
    if unknown := wanted - set(ROWS):
        raise SelectionError(f"no row {', '.join(sorted(unknown))}: ONLY takes {', '.join(ROWS)}")
    return [name for name in ROWS if name in wanted]


def round_count(text: str) -> int:
    if text and (not text.isascii() or not text.isdigit() or int(text) == 0):
        raise SelectionError(f"ROUNDS={text} is no number of rounds")
    return int(text or 0)


def save(folder: Path, rows: Sequence[Row | Skipped]) -> Path:
    path = folder / time.strftime("%Y-%m-%dT%H-%M-%S.json", time.gmtime())
    path.write_text(json.dumps({"machine": machine.facts(), "rows": [row.to_json() for row in rows]}, indent=2) + "\n")
    return path


def main(_arguments: Sequence[str] = ()) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Folder.from_environment(os.environ).path / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        only, rounds = selection(os.environ.get("ONLY", "")), round_count(os.environ.get("ROUNDS", ""))
        system = SecondSystem(folder / "system")
        rows = Bench(folder=folder, only=only, rounds=rounds, system=system).run()
    except SelectionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{table(rows)}\n\n{save(folder, rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
