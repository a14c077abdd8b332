"""Makes this machine run what was deployed: writes the plan down, has the supervisor apply it, then the emulator.

The files are those of a program's system: the plan without a secret, the secrets with mode 0600. The supervisor is only
asked when a database, a broker or a gateway came, went or changed.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from pathlib import Path

from localregion import project
from localregion.aws.region.control_plane import ControlPlane
from localregion.aws.region.region import Region
from localregion.aws.settings import Settings
from localregion.plan import model
from localregion.plan.deployed import Deployed, Reader, Reading
from localregion.system import control
from localregion.system.deployed import started_with
from localregion.system.folder import Folder, write_private

# RabbitMQ takes half a minute on a slow machine.
_PATIENCE_S = 300


class Machine:
    """`apply` is the way from a reading to what runs; `take` gives the emulator's own parts the resolved plan."""

    def __init__(self, folder: Folder, take: Callable[[model.Plan], None]) -> None:
        self._folder = folder
        self._take = take
        # What the supervisor has read when it started.
        self._supervised = started_with(model.load(folder.plan), json.loads(folder.secrets.read_text()))
        self._problem: str | None = None

    @property
    def files(self) -> Path:
        """Where programs of containers are written."""
        return self._folder.path / "region"

    async def apply(self, reading: Reading) -> list[str]:
        """Return when it runs: what the supervisor could not start, and why."""
        self._write(reading)
        supervised = started_with(reading.plan, reading.secrets)
        if supervised != self._supervised:
            try:
                self._problem = await asyncio.to_thread(self._ask_the_supervisor)
                self._supervised = supervised
            except ConnectionError as error:
                self._problem = f"the supervisor does not answer: {error}"
        values = json.loads(self._folder.values.read_text())
        self._take(model.resolve(reading.plan, values, reading.secrets))
        return [] if self._problem is None else [self._problem]

    def _write(self, reading: Reading) -> None:
        for path, text in reading.files.items():
            file = self.files / path
            file.parent.mkdir(parents=True, exist_ok=True)
            write_private(file, text)
        write_private(self._folder.secrets, json.dumps(reading.secrets, indent=2) + "\n")
        write_private(self._folder.plan, reading.plan.to_json())

    def _ask_the_supervisor(self) -> str | None:
        answer = control.ask(self._folder.run, {"command": "apply"}, timeout_s=_PATIENCE_S)
        return str(answer["error"]) if "error" in answer else None


def region_here(settings: Settings, *, deployed: Callable[[], Deployed], take: Callable[[model.Plan], None]) -> Region:
    """Return the region whose resources this machine runs; `take` is given each plan, resolved."""
    name = str(settings.region)
    machine = Machine(Folder(settings.state), take)
    container = project.read(settings.root).gateway_container
    return Region(
        ControlPlane(
            state=settings.state, region=name, account=model.ACCOUNT, addresses=json.loads(settings.addresses)
        ),
        name=name,
        reader=functools.partial(Reader, gateway_container=container, files=machine.files),
        deployed=deployed,
        apply=machine.apply,
        account=model.ACCOUNT,
    )
