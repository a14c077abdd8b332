"""Keep one part running: start it, wait until it answers, start it again when it dies, leave it alone when asked to.

A part that keeps dying is started again after a pause that doubles up to 5 s. One that runs and does not answer is left
alone: it may be frozen or busy, and ending it would lose what it is doing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from localregion.services.leftovers import Records
from localregion.services.process import Command, Process

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_STEADY_AFTER_S = 10.0
_CHECK_INTERVAL_S = 0.1
# One that runs is looked at less often: that goes on for as long as the system is up.
_LIFE_CHECK_INTERVAL_S = 0.25


def _nothing() -> None:
    return None


@dataclass(frozen=True, kw_only=True)
class Part:
    """What to start and how to see that it answers. `prepare` runs before each start, `settle` once it answers."""

    name: str
    address: str
    command: Callable[[], Command]
    is_ready: Callable[[], bool]
    prepare: Callable[[], None] = _nothing
    settle: Callable[[], None] = _nothing


class PartError(Exception):
    """A part ended before it answered."""


class Supervised:
    """One part and the thread that looks after it. States: stopped, starting, running, restarting."""

    def __init__(self, part: Part, *, log: Path, records: Records, on_change: Callable[[], None] = _nothing) -> None:
        self.part = part
        self.state = "stopped"
        self.failure: str | None = None
        self.restarts = 0
        self.ready_at: float | None = None
        self._log = log
        self._records = records
        self._on_change = on_change
        self._process: Process | None = None
        self._is_wanted = False
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=part.name, daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None else None

    @property
    def is_frozen(self) -> bool:
        process = self._process
        return process is not None and process.is_frozen

    def start(self) -> None:
        """Ask for it to run; `wait_until_running` tells when it does."""
        with self._changed:
            if self._is_closing:
                return
            if not self._is_wanted:
                self.state, self.failure = "starting", None
            self._is_wanted = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop it on purpose and return when it is gone."""
        with self._changed:
            self._is_wanted = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.state == "stopped")

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it for good; a later `start` does nothing."""
        with self._changed:
            self._is_closing = True
        self.stop()
        self._thread.join()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while self._wait_until_wanted():
            began = time.monotonic()
            try:
                self._run_once()
            except Exception as error:
                self.failure = f"{type(error).__name__}: {error}" if not isinstance(error, PartError) else str(error)
            self._end_process()
            pause_s = _FIRST_PAUSE_S if time.monotonic() - began > _STEADY_AFTER_S else pause_s
            if self._is_wanted:
                self._enter("restarting")
                self.restarts += 1
                self._pause(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _run_once(self) -> None:
        """Start it and return when it has ended or is no longer wanted."""
        self._enter("starting")
        self.part.prepare()
        command = self.part.command()
        self._process = Process(self.part.name, command, log=self._log)
        self._records.write(self._process.record)
        while self._lives() and not self.part.is_ready():
            self._pause(_CHECK_INTERVAL_S)
        if self._lives():
            self.part.settle()
            self.ready_at = time.monotonic()
            self._enter("running")
        elif self._is_wanted:
            raise PartError(f"ended with {_describe(self._process.exit_code())} before it answered")
        while self._lives():
            self._pause(_LIFE_CHECK_INTERVAL_S)

    def _lives(self) -> bool:
        return self._is_wanted and self._process is not None and self._process.exit_code() is None

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
            self._records.remove(self.part.name)

    def _wait_until_wanted(self) -> bool:
        while not self._is_wanted:
            # Said in every round: a start that was taken back at once has said "starting" meanwhile.
            self._enter("stopped")
            with self._changed:
                if self._is_closing:
                    return False
                self._changed.wait_for(lambda: self._is_wanted or self._is_closing or self.state != "stopped")
        return True

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_wanted, timeout=seconds)

    def _enter(self, state: str) -> None:
        with self._changed:
            if state == "running":
                self.failure = None
            self.state = state
            self._changed.notify_all()
        # A full disk must not end the supervision.
        with contextlib.suppress(OSError):
            self._on_change()


def _describe(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"signal {-exit_code}"
    return f"exit status {exit_code}"
