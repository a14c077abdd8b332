"""What the region on this machine runs: the plan that the emulator read from what was deployed, and wrote down.

It stands in for the evaluated program. The emulator follows by itself; the gateway is started again when what it reads
at its start changed, and the data of a database or a broker that was deleted are deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from localregion.plan import model
from localregion.services.ports import Ports
from localregion.system.configuration import Configuration, reference_values
from localregion.system.folder import Folder, write_private


def empty_plan(region: str) -> model.Plan:
    """Return the plan of a region in which nothing was deployed yet."""
    return model.Plan(
        stack="region",
        region=region,
        account=model.ACCOUNT,
        functions=[],
        event_source_mappings=[],
        schedules=[],
        invocations=[],
        secrets={},
    )


class DeployedConfiguration:
    """The configuration that parts are started with, as `CurrentConfiguration` is that of a program."""

    restarted: tuple[str, ...] = ("configurator", "gateway")
    forgotten: tuple[str, ...] = ("postgres", "rabbitmq")

    def __init__(self, folder: Folder, ports: Ports, region: str) -> None:
        self._folder = folder
        self._ports = ports
        self._region = region
        self._current = self._load()

    def refresh(self) -> bool:
        """Read again what was deployed; True when the gateway has to be started again."""
        before, self._current = self._current, self._load()
        return before.fingerprint != self._current.fingerprint

    def get(self) -> Configuration:
        return self._current

    def plan(self) -> model.Plan:
        return self._current.plan

    def _load(self) -> Configuration:
        if not self._folder.plan.exists():
            write_private(self._folder.plan, empty_plan(self._region).to_json())
            write_private(self._folder.secrets, "{}\n")
        write_private(self._folder.values, json.dumps(reference_values(self._ports, os.environ), indent=2) + "\n")
        plan = model.load(self._folder.plan)
        secrets = json.loads(self._folder.secrets.read_text())
        fingerprint = hashlib.sha256(json.dumps(started_with(plan, secrets), sort_keys=True).encode()).hexdigest()
        return Configuration(plan, secrets, fingerprint)


def region_of(folder: Folder) -> str | None:
    """Return which region the folder is of; None for one that has a program's system, or nothing."""
    try:
        return str(json.loads(folder.region.read_text())["region"])
    except FileNotFoundError:
        return None


def addresses(ports: Ports, environment: Mapping[str, str]) -> dict[str, str]:
    """Return where things are here, as the control plane tells those who deploy."""
    return {**reference_values(ports, environment), "gateway": f"127.0.0.1:{ports.gateway}"}


def started_with(plan: model.Plan, secrets: Mapping[str, Mapping[str, str]]) -> list[Any]:
    """Return what the supervisor's parts are started with: another one, and they have to be started again."""
    parts = [None if part is None else asdict(part) for part in (plan.database, plan.broker, plan.gateway)]
    logins = [part.admin_secret for part in (plan.database, plan.broker) if part is not None]
    # What stands in the gateway's configuration by reference has its value in the secrets.
    keys = {name: content["key"] for name, content in secrets.items() if "key" in content} if plan.gateway else {}
    return [parts, {name: secrets[name] for name in logins}, keys]
