"""Keeps the parts of one local system running: boots them side by side, restarts what dies, applies what changed.

`localregion.system.daemon` is the process that it lives in.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from localregion import extension, project
from localregion.services.leftovers import Records
from localregion.services.ports import PortError, Ports
from localregion.services.supervision import Part, Supervised
from localregion.system import endpoints
from localregion.system.configuration import HasConfiguration
from localregion.system.control import Answer
from localregion.system.folder import Folder
from localregion.system.service_names import WITHOUT, parts_of, ports_of, settings

BOOT_TIMEOUT_S = 240
STEADY_TIMEOUT_S = 15


class BootError(Exception):
    """The system did not come up; `part` names the one that failed."""

    def __init__(self, part: str, text: str) -> None:
        super().__init__(text)
        self.part = part


class Supervisor:
    """The parts of one system, and what can be asked of them."""

    def __init__(self, folder: Folder, ports: Ports, current: HasConfiguration, parts: list[Part]) -> None:
        self._folder = folder
        self._ports = ports
        self._current = current
        self._records = Records(folder.run)
        self._began = time.monotonic()
        self._plan_ready_at: float | None = None
        self._phase = "booting"
        self._failure: dict[str, str] | None = None
        self._is_closing = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._writing = threading.Lock()
        # Those of the plan; the others are known and not started.
        self._present = parts_of(current.plan())
        self._parts = {
            part.name: Supervised(
                part, log=folder.log(part.name), records=self._records, on_change=self._write_endpoints
            )
            for part in parts
        }

    def bring_up(self) -> None:
        """Start what does not run, apply what changed; the outcome shows in `status`."""
        with self._one_at_a_time:
            self._phase, self._failure, self._began, self._plan_ready_at = "booting", None, time.monotonic(), None
            try:
                self._boot()
                # Before anybody is told that it is up, and once more for what changed meanwhile.
                self._write_endpoints(is_up=True)
                self._phase = "up"
                self._write_endpoints()
            except BootError as error:
                self._phase, self._failure = "failed", {"part": error.part, "text": str(error)}

    def apply(self) -> Answer:
        """Apply what was deployed, and answer when it runs."""
        self.bring_up()
        if self._failure is not None:
            return {"error": f"{self._failure['part']}: {self._failure['text']}"}
        self._give_time_to("gateway")
        return {}

    def close(self) -> None:
        """End every part: first what uses the services, then these."""
        self._is_closing.set()
        for names in (("configurator",), ("gateway", "emulator"), ("rabbitmq", "postgres", "console"), ("epmd",)):
            self._side_by_side([self._parts[name].close for name in names if name in self._parts])
        self._folder.endpoints.unlink(missing_ok=True)

    def status(self) -> Answer:
        parts = self._present_parts()
        with ThreadPoolExecutor(len(parts)) as threads:
            answering = dict(zip(parts, threads.map(_answers, parts.values()), strict=True))
        return {
            "pid": os.getpid(),
            "phase": self._phase,
            "failure": self._failure,
            "settings": settings(os.environ, self._ports),
            "seconds": self._seconds(),
            "parts": {name: _describe(part, answering[name]) for name, part in parts.items()},
        }

    def start(self, name: str) -> Answer:
        if name not in self._present:
            return {"error": f"the program has {WITHOUT[name]}"}
        with self._one_at_a_time:
            self._parts[name].start()
            try:
                self._wait_for(name)
            except BootError as error:
                return {"error": str(error)}
        return {}

    def stop(self, name: str) -> Answer:
        if name not in self._present:
            return {"error": f"the program has {WITHOUT[name]}"}
        with self._one_at_a_time:
            self._parts[name].stop()
        return {}

    def _boot(self) -> None:
        self._start_services()
        has_changed = self._refresh()
        self._follow_plan()
        if has_changed:
            self._side_by_side([part.part.settle for part in self._parts.values() if part.state == "running"])
            self._side_by_side([self._parts[name].stop for name in self._current.restarted if name in self._parts])
        for name in ("gateway", "configurator"):
            self._start_if_there(name)
        for name in ("postgres", "rabbitmq"):
            self._wait_for(name)
        self._start_if_there("emulator")
        for name in self._present_parts():
            # One with a configurator takes requests when functions have written what it is configured with.
            if name != "gateway" or "configurator" not in self._present:
                self._wait_for(name)

    def _start_services(self) -> None:
        # The console needs no plan, and what it forgets when it is started again is what it is for.
        for name in ("postgres", "epmd", "rabbitmq", "console"):
            self._start_if_there(name)

    def _follow_plan(self) -> None:
        """Start the services that the plan has since this evaluation, stop those that it no longer has."""
        needed = parts_of(self._current.get().plan)
        try:
            self._ports.check_free(ports_of(needed - self._present))
        except PortError as error:
            raise BootError("plan", str(error)) from error
        gone, self._present = self._present - needed, needed
        self._side_by_side([self._parts[name].stop for name in sorted(gone) if name in self._parts])
        for name in gone & set(self._current.forgotten):
            shutil.rmtree(self._folder.data(name), ignore_errors=True)
        self._start_services()

    def _present_parts(self) -> dict[str, Supervised]:
        return {name: part for name, part in self._parts.items() if name in self._present}

    def _refresh(self) -> bool:
        try:
            has_changed = self._current.refresh()
        except Exception as error:
            raise BootError("plan", str(error)) from error
        self._plan_ready_at = time.monotonic()
        return has_changed

    def _start_if_there(self, name: str) -> None:
        if name in self._present_parts():
            self._parts[name].start()

    def _wait_for(self, name: str) -> None:
        if name not in self._present_parts():
            return
        part = self._parts[name]
        deadline = time.monotonic() + BOOT_TIMEOUT_S
        while part.state != "running":
            if self._is_closing.wait(0.05):
                raise BootError(name, "the system was asked to stop")
            if part.failure is not None:
                raise BootError(name, part.failure)
            if time.monotonic() > deadline:
                raise BootError(name, f"did not answer within {BOOT_TIMEOUT_S} s")

    def _give_time_to(self, name: str) -> None:
        """Wait a while, as ECS calls a service steady when its health check answers.

        A gateway with a configurator never does where nothing was written yet that it is configured with.
        """
        part = self._present_parts().get(name)
        deadline = time.monotonic() + STEADY_TIMEOUT_S
        while part is not None and part.state != "running" and part.failure is None:
            if self._is_closing.wait(0.05) or time.monotonic() > deadline:
                return

    def _seconds(self) -> dict[str, float]:
        """Return how long after the start of this boot each part was ready; 0 for one that ran before."""
        ready_at = {name: part.ready_at for name, part in self._present_parts().items() if part.state == "running"}
        ready_at["plan"] = self._plan_ready_at
        return {name: max(0.0, moment - self._began) for name, moment in ready_at.items() if moment is not None}

    def _write_endpoints(self, *, is_up: bool = False) -> None:
        if not (is_up or self._phase == "up") or self._is_closing.is_set():
            return
        configuration = self._current.get()
        pids = {"supervisor": os.getpid(), **{name: part.pid for name, part in self._present_parts().items()}}
        described = endpoints.describe(configuration.plan, configuration.secrets, self._ports, pids)
        described |= extension.endpoints(project.current(), configuration.plan, configuration.secrets)
        with self._writing:
            endpoints.write(self._folder, described)

    @staticmethod
    def _side_by_side(calls: list[Callable[[], None]]) -> None:
        if calls:
            with ThreadPoolExecutor(len(calls)) as threads:
                list(threads.map(lambda call: call(), calls))


def _answers(supervised: Supervised) -> bool:
    return supervised.state == "running" and not supervised.is_frozen and supervised.part.is_ready()


def _describe(supervised: Supervised, answers: bool) -> dict[str, Any]:
    return {
        "state": supervised.state,
        "answers": answers,
        "frozen": supervised.is_frozen,
        "pid": supervised.pid,
        "address": supervised.part.address,
        "restarts": supervised.restarts,
        "failure": supervised.failure,
    }
