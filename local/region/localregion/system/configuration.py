"""What the running system is made of: the program's plan as it is now, secrets, a value for each reference.

`refresh` evaluates anew and says whether anything changed that running parts have to be restarted for.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from localregion import project
from localregion.errors import CommandError
from localregion.plan import model
from localregion.plan.checks import check_sources
from localregion.plan.errors import PlanError
from localregion.project import Project
from localregion.services.ports import HOST, Ports
from localregion.system.folder import Folder, shared_plan, write_private
from localregion.system.generated_secrets import Secrets, load_and_fill

# What the emulator and the gateway read when they start and do not look at again, besides what a plan is made from.
_READ_AT_START = ("functions", "layers")
_OURS = [project.PACKAGE_PARENT / "localregion" / name for name in ("aws", "kong", "plan")]


class PlanFailedError(CommandError):
    """The program cannot be evaluated; the text is what the evaluation said."""


@dataclass(frozen=True)
class Configuration:
    """One evaluated state; `fingerprint` differs when running parts must be started again."""

    plan: model.Plan
    secrets: Secrets
    fingerprint: str


class HasConfiguration(Protocol):
    """Who knows what the parts are started with."""

    restarted: tuple[str, ...]
    # Whose data go when the plan has it no longer.
    forgotten: tuple[str, ...]

    def refresh(self) -> bool: ...
    def get(self) -> Configuration: ...
    def plan(self) -> model.Plan: ...


class CurrentConfiguration:
    """The configuration that parts are started with; known after the first `refresh`."""

    # What reads it at its start and has to be started again when it differs.
    restarted: tuple[str, ...] = ("configurator", "gateway", "emulator")
    forgotten: tuple[str, ...] = ()

    def __init__(self, folder: Folder, ports: Ports) -> None:
        self._folder = folder
        self._ports = ports
        self._known = threading.Event()
        self._current: Configuration | None = None
        self._failure: Exception | None = None

    def refresh(self) -> bool:
        """Evaluate the program, fill secrets and values; True when it differs from before. Raises PlanFailedError."""
        before = self._current
        try:
            self._current = self._evaluate()
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._known.set()
        return before is not None and before.fingerprint != self._current.fingerprint

    def get(self) -> Configuration:
        """Return the configuration, waiting for the first one; raises what the first evaluation raised."""
        self._known.wait()
        if self._current is None:
            raise PlanFailedError(str(self._failure))
        return self._current

    def plan(self) -> model.Plan:
        """Return the plan as far as it is known: before the first `refresh`, that of the last time."""
        return self._current.plan if self._current is not None else known_plan(project.current().root)

    def _evaluate(self) -> Configuration:
        described = project.current()
        plan = evaluate_plan(described.root)
        secrets = load_and_fill(self._folder.secrets, plan.secrets)
        values = reference_values(self._ports, os.environ)
        write_private(self._folder.values, json.dumps(values, indent=2) + "\n")
        # A part that is restarted at this moment reads the former plan or this one, never half of it.
        write_private(self._folder.plan, plan.to_json())
        return Configuration(plan, secrets, fingerprint(described, plan, secrets))


def evaluate_plan(root: Path) -> model.Plan:
    """Evaluate the stack `local`, which takes seconds, unless nothing changed since the last time.

    Every system of this checkout is made from the same sources, so they share the file. Raises PlanFailedError.
    """
    out = shared_plan(root)
    done = subprocess.run(
        [sys.executable, "-m", "localregion.plan", "--stack", "local", "--out", str(out), "--if-changed"],
        cwd=root,
        env=python_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PlanFailedError((done.stderr or done.stdout).strip().removeprefix("plan: "))
    plan = model.load(out)
    try:
        check_sources(plan, root)
    except PlanError as error:
        raise PlanFailedError(str(error)) from error
    return plan


def known_plan(root: Path) -> model.Plan:
    """Return the plan of the last evaluation, which may be an older program's; the first time, evaluate it.

    It tells which parts to start while the program is evaluated anew. Raises PlanFailedError.
    """
    try:
        return model.load(shared_plan(root))
    except (OSError, ValueError, LookupError, TypeError):
        return evaluate_plan(root)


def python_environment() -> dict[str, str]:
    """Return the environment of our own Python programs."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(project.PACKAGE_PARENT),
        "PYTHONUNBUFFERED": "1",
    }
    # aiohttp loads all certificates when it is imported, a fifth of what a gateway takes to start; none speaks TLS.
    environment["SSL_CERT_FILE"] = os.devnull
    # The provider's SDK takes many times as long to import without its bytecode, each time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def reference_values(ports: Ports, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the value on this machine of each reference that a plan may hold.

    POSTGRES_PROXY_PORT and RABBITMQ_PROXY_PORT lead functions and mappings through a proxy (toxiproxy, `make chaos`).
    """
    return {
        "database.host": HOST,
        "database.port": environment.get("POSTGRES_PROXY_PORT", str(ports.postgres)),
        "broker.endpoint": f"amqp://{HOST}:{environment.get('RABBITMQ_PROXY_PORT', ports.rabbitmq)}",
        "broker.management_url": f"http://{HOST}:{ports.rabbitmq_management}",
    }


def fingerprint(described: Project, plan: model.Plan, secrets: Mapping[str, Mapping[str, str]]) -> str:
    """Return a digest of all that the emulator and the gateway read only when they start."""
    digest = hashlib.sha256(plan.to_json().encode())
    digest.update(json.dumps([secrets, described.queues], sort_keys=True).encode())
    for folder in [*(described.root / name for name in (*_READ_AT_START, *described.program_reads)), *_OURS]:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix in {".py", ".yml", ".ini", ".mako", ".sql"}:
                status = path.stat()
                digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.hexdigest()
