"""What the running system is made of: the plan as `infra/` has it now, its secrets, a value for each of its references.

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

from plan import model
from system.folder import PLAN, ROOT, Folder, write_private
from system.generated_secrets import Secrets, load_and_fill
from system.ports import HOST, Ports

# What the emulator and the gateway read when they start and do not look at again.
_READ_AT_START = ("functions", "layers", "migrations", "kong", "local/emulator", "local/gateway", "local/plan")


class PlanFailedError(Exception):
    """`infra/` cannot be evaluated; the text is what the evaluation said."""


@dataclass(frozen=True)
class Configuration:
    """One evaluated state; `fingerprint` differs when running parts must be started again."""

    plan: model.Plan
    secrets: Secrets
    fingerprint: str

    @property
    def database_admin(self) -> Mapping[str, str]:
        return self.secrets[self.plan.database.admin_secret]

    @property
    def broker_admin(self) -> Mapping[str, str]:
        return self.secrets[self.plan.broker.admin_secret]


class CurrentConfiguration:
    """The configuration that parts are started with; known after the first `refresh`."""

    def __init__(self, folder: Folder, ports: Ports) -> None:
        self._folder = folder
        self._ports = ports
        self._known = threading.Event()
        self._current: Configuration | None = None
        self._failure: Exception | None = None

    def refresh(self) -> bool:
        """Evaluate `infra/`, fill secrets and values; True when it differs from before. Raises PlanFailedError."""
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

    def _evaluate(self) -> Configuration:
        plan = evaluate_plan()
        secrets = load_and_fill(self._folder.secrets, plan.secrets)
        values = reference_values(self._ports, os.environ)
        write_private(self._folder.values, json.dumps(values, indent=2) + "\n")
        # A part that is restarted at this moment reads the former plan or this one, never half of it.
        write_private(self._folder.plan, plan.to_json())
        return Configuration(plan, secrets, fingerprint(ROOT, plan, secrets))


def evaluate_plan() -> model.Plan:
    """Run `python -m plan` for the stack `local`, which takes seconds; left out while nothing changed since the last.

    Every system of this checkout is made from the same sources, so they share the file. Raises PlanFailedError.
    """
    done = subprocess.run(
        [sys.executable, "-m", "plan", "--stack", "local", "--out", str(PLAN), "--if-changed"],
        cwd=ROOT,
        env=python_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PlanFailedError(f"`python -m plan` failed:\n{(done.stderr or done.stdout).strip()}")
    return model.load(PLAN)


def python_environment() -> dict[str, str]:
    """Return the environment of our own Python programs."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "local"), "PYTHONUNBUFFERED": "1"}
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


def fingerprint(root: Path, plan: model.Plan, secrets: Mapping[str, Mapping[str, str]]) -> str:
    """Return a digest of all that the emulator and the gateway read only when they start."""
    digest = hashlib.sha256(plan.to_json().encode())
    digest.update(json.dumps(secrets, sort_keys=True).encode())
    for folder in _READ_AT_START:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in {".py", ".yml", ".ini", ".mako", ".sql"}:
                status = path.stat()
                digest.update(f"{path}\0{status.st_mtime_ns}\0{status.st_size}\n".encode())
    return digest.hexdigest()
