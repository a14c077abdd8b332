"""`make bench`: measure, show a table, write JSON to `.local/bench/`.

`ONLY=init,consumer` selects rows, `ROUNDS=` says how often, `QUICK=1` measures once and less, `BASE=<commit>` names the
commit before. A report and not a test: the exit status is 0 with any verdict. What cannot be measured here is skipped
with its reason. All that is started is ended, also on Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from localregion.system.endpoints import NotRunningError
from localregion.system.folder import Folder
from proof.bench import (
    audits,
    boot,
    cold_start,
    consumer,
    gateway,
    growth,
    invoke,
    machine,
    pages,
    post,
    relay,
    warm_order,
)
from proof.bench.base import Base, NoBaseError
from proof.bench.emulators import EmulatorFailedError
from proof.bench.figures import Row, Skipped, table
from proof.bench.mapping import ConsumerMapping
from proof.bench.packages import NotAvailableError
from proof.bench.references import SEED
from proof.bench.runtime_client import FunctionFailedError
from proof.bench.second_system import SecondSystem, SecondSystemError

ROWS = ("up", "init", "order", "pages", "audit", "growth", "relay", "consumer", "post", "invoke", "load", "gateway")
# `up` takes longest and varies least.
ROUNDS = {"up": 1, "order": 5, "pages": 5, "audit": 5, "growth": 5, "invoke": 5, "gateway": 5}
ROUNDS_USUALLY = 3
NEEDS_SYSTEM = {"up", "init", "order", "consumer", "pages", "audit", "growth", "relay", "post"}
# Beside a second system, of the commit before.
NEEDS_BASE = {"consumer", "relay", "post"}
NOT_IN_QUICK = {"pages", "audit", "growth"}
FAILURES = (
    NotAvailableError,
    NoBaseError,
    EmulatorFailedError,
    FunctionFailedError,
    SecondSystemError,
    NotRunningError,
    OSError,
)


class SelectionError(Exception):
    """ONLY, ROUNDS or QUICK is not usable."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One run: which rows, how many rounds each (0: as many as each has by default)."""

    folder: Path
    only: Sequence[str]
    rounds: int
    is_quick: bool
    system: SecondSystem
    base: Base
    began: float = field(default_factory=time.monotonic)

    def run(self) -> list[Row | Skipped]:
        rows: list[Row | Skipped] = []
        try:
            self.system.down()  # in case a former run was killed
            for name in self.only:
                if name not in NEEDS_BASE:
                    self.base.down()
                if name not in NEEDS_SYSTEM:
                    self.system.down()  # the emulator's rows are measured on a quiet machine
                rows.extend(self._measured(name))
        finally:
            self.progress("bringing down what was started")
            self.base.down()
            self.system.down()
        return rows

    def progress(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.0f} s  {text}", flush=True)

    def _measured(self, name: str) -> list[Row | Skipped]:
        if self.is_quick and name in NOT_IN_QUICK:
            return [Skipped(name, "a quick run makes no database of a million orders")]
        rounds = self.rounds or (1 if self.is_quick else ROUNDS.get(name, ROUNDS_USUALLY))
        before = os.getloadavg()[0]
        try:
            rows = list(self._measure(name, rounds))
        except FAILURES as error:
            self.progress(f"{name}: {error}")
            return [Skipped(name, str(error) or type(error).__name__)]
        load = (before, os.getloadavg()[0])
        return [replace(row, load=load) for row in rows]

    def _measure(self, name: str, rounds: int) -> Iterator[Row]:
        if name in NEEDS_SYSTEM - {"up"}:
            self._boot()
        system, folder, progress = self.system, self.folder, self.progress
        given: dict[str, Any] = {"rounds": rounds, "progress": progress}
        measures: dict[str, Callable[[], Iterator[Row]]] = {
            "up": lambda: boot.measure(system, folder=folder, **given),
            "init": lambda: cold_start.measure(system, folder=folder, **given),
            "order": lambda: self._order(rounds),
            "pages": lambda: pages.measure(system, folder=folder, **given),
            "audit": lambda: audits.measure(system, folder=folder, **given),
            "growth": lambda: growth.measure(system, folder=folder, **given),
            "relay": lambda: relay.measure(system, self._base(), folder=folder, **given),
            "consumer": lambda: consumer.measure(system, self._base(), is_quick=self.is_quick, **given),
            "post": lambda: post.measure(system, self._base(), folder=folder, is_quick=self.is_quick, **given),
            "invoke": lambda: invoke.measure(folder=folder, **given),
            "load": lambda: invoke.measure_load(folder=folder, **given),
            "gateway": lambda: gateway.measure(folder=folder, **given),
        }
        yield from measures[name]()

    def _order(self, rounds: int) -> Iterator[Row]:
        self.progress(f"order: {rounds} rounds")
        with ConsumerMapping(self.system.endpoints).disabled():
            yield from warm_order.measure(self.system, folder=self.folder, rounds=rounds)

    def _base(self) -> SecondSystem:
        self.progress(f"the system of the commit before, {self.base.commit}")
        return self.base.system()

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


def is_quick(text: str) -> bool:
    if text not in ("", "0", "1"):
        raise SelectionError(f"QUICK={text} is neither 0 nor 1")
    return text == "1"


def save(bench: Bench, rows: Sequence[Row | Skipped], *, load_before: float) -> Path:
    path = bench.folder / time.strftime("%Y-%m-%dT%H-%M-%S.json", time.gmtime())
    document = {
        "machine": machine.facts(),
        "load": {"before": load_before, "after": os.getloadavg()[0]},
        "seconds": round(time.monotonic() - bench.began),
        "base": bench.base.commit,
        "rows": [row.to_json() for row in rows],
        "references": [each.to_json() for each in SEED],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    return path


def main(_arguments: Sequence[str] = ()) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Folder.from_environment(os.environ).path / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    load_before = os.getloadavg()[0]
    try:
        bench = _bench(folder, os.environ)
        rows = bench.run()
    except SelectionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"\n{table(rows, SEED)}\n")
    path = save(bench, rows, load_before=load_before)
    print(f"load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after; {path}")
    return 0


def _bench(folder: Path, environ: Mapping[str, str]) -> Bench:
    return Bench(
        folder=folder,
        only=selection(environ.get("ONLY", "")),
        rounds=round_count(environ.get("ROUNDS", "")),
        is_quick=is_quick(environ.get("QUICK", "")),
        system=SecondSystem(folder / "system"),
        base=Base(folder, environ.get("BASE", "")),
    )


if __name__ == "__main__":
    sys.exit(main())
