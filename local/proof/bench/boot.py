"""Row `up`: `make up` with everything installed, to the first order's 201, without and with state from before.

Beside it a bare boot of its RabbitMQ and its Postgres, both at once, until both answer: with new data, and once more.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from localregion.testing.services import RunningPostgres, RunningRabbitMQ, Service
from proof.bench.figures import Budget, Row, Sample, paired_ratio
from proof.bench.second_system import SecondSystem, SecondSystemError

_BUDGET = Budget(figure="ratio", at="most", limit=2.0)


def measure(system: SecondSystem, *, folder: Path, rounds: int, progress: Callable[[str], None]) -> Iterator[Row]:
    """Yield both rows; the system is up afterwards. Raises SecondSystemError."""
    fresh, again = [], []
    for number in range(rounds):
        progress(f"up: round {number + 1} of {rounds}, a bare boot of the services")
        system.down()
        bare_fresh, bare_again = _bare_boots(folder / "bare")
        progress(f"up: round {number + 1} of {rounds}, new state")
        system.forget()
        fresh.append((_make_up(system, progress), bare_fresh))
        system.down()
        progress(f"up: round {number + 1} of {rounds}, with that state")
        again.append((_make_up(system, progress), bare_again))
    yield _row("new state", fresh)
    yield _row("state from before", again)


def _row(name: str, seen: list[tuple[float, float]]) -> Row:
    ours, bare = tuple(one for one, _ in seen), tuple(other for _, other in seen)
    return Row(
        row="up",
        measured=f"make up to the first 201, {name}",
        ours=Sample(ours, "s"),
        beside="RabbitMQ and Postgres alone",
        theirs=Sample(bare, "s"),
        ratio=paired_ratio(ours, bare),
        budget=_BUDGET,
    )


def _make_up(system: SecondSystem, progress: Callable[[str], None]) -> float:
    seconds = system.make_up()
    for part in system.parts:
        progress(f"  {part}")
    return seconds


def _bare_boots(folder: Path) -> tuple[float, float]:
    """Return the seconds of a boot with new data, and of the next. Raises SecondSystemError."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o711)  # Postgres does not run as root and has to reach its data
    services: list[Service] = []

    def make(kind: Callable[[], Service]) -> None:
        services.append(kind())
        services[-1].start()

    kinds: list[Callable[[], Service]] = [
        lambda: RunningPostgres(folder, bin_dir=None, is_durable=True),
        lambda: RunningRabbitMQ(folder),
    ]
    try:
        first = _timed(lambda: _at_once(make, kinds))
        _at_once(lambda service: service.stop(), services)
        return first, _timed(lambda: _at_once(lambda service: service.start(), services))
    except RuntimeError as error:
        raise SecondSystemError(f"a bare boot failed: {error}") from error
    finally:
        for service in services:
            service.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _at_once(work: Callable[[Any], None], on: list[Any]) -> None:
    with ThreadPoolExecutor() as threads:
        list(threads.map(work, on))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
