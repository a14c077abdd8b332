"""A whole second system beside a running one: `make up` with a state folder and ports of its own, and its way down.

What the rows need of it: where things are, what the functions' environment is, and the superuser's view of the data.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from localregion import http_client
from localregion.aws.lambda_.environments.variables import Surroundings, environment_variables
from localregion.plan import model
from localregion.services.ports import Ports
from localregion.services.postgres import Postgres
from localregion.system import endpoints
from localregion.system.folder import Folder
from proof.checkout import ROOT

_UP_TIMEOUT_S = 300


class SecondSystemError(Exception):
    """`make up` or a call to what it started failed; the text is the end of what it said."""


class SecondSystem:
    """Not started by its constructor; `down` is always safe to call. `parts`: what `make up` said of each."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path)
        self._ports = Ports.free()
        self.parts: list[str] = []

    def make_up(self) -> float:
        """Return the seconds from `make up` to the first order's 201. Raises SecondSystemError."""
        began = time.perf_counter()
        self.parts = [" ".join(line.split()) for line in self._make("up").splitlines() if " ready after " in line]
        known = self.endpoints
        order = {"amount": 1999, "currency": "BRL"}
        key = {"apikey": known["keys"]["demo"]}
        answer = http_client.request("POST", known["gateway"] + "/orders", order, headers=key)
        if answer.status != HTTPStatus.CREATED:
            raise SecondSystemError(f"POST /orders answered {answer.status}")
        return time.perf_counter() - began

    def down(self) -> None:
        if self.folder.run.exists():
            self._make("down")

    def forget(self) -> None:
        """Delete its state; it must be down."""
        shutil.rmtree(self.folder.path, ignore_errors=True)

    @property
    def endpoints(self) -> dict[str, Any]:
        return endpoints.load(self.folder)

    @property
    def superuser_dsn(self) -> str:
        """The way around roles: to count, and to have a table of our own."""
        dsn = Postgres(self.folder.data("postgres"), port=self._ports.postgres).dsn
        return urlunsplit(urlsplit(dsn)._replace(path=urlsplit(self.endpoints["postgres"]).path))

    def secret(self, name: str) -> Mapping[str, str]:
        return self._plan().secrets[name]

    def function_environment(self, name: str) -> dict[str, str]:
        """Return what the emulator gives the function, with the source tree in place of its layers."""
        around = Surroundings(
            version="1",
            region="us-east-1",
            task_root=ROOT / "functions",
            layers_root=ROOT / "layers",
            runtime_api="",
            log_stream="bench",
            aws_endpoint_url=self.endpoints["aws"],
        )
        layers = sorted(str(layer) for layer in (ROOT / "layers").glob("*/python"))
        variables = environment_variables(self._plan().function(name), around)
        return {**variables, "PYTHONPATH": os.pathsep.join(layers)}

    def _plan(self) -> model.Plan:
        values = json.loads(self.folder.values.read_text())
        secrets = json.loads(self.folder.secrets.read_text())
        return model.resolve(model.load(self.folder.plan), values, secrets)

    def _make(self, target: str) -> str:
        environment = {**os.environ, **self._ports.environment(), "LOCAL_DIR": str(self.folder.path)}
        # A make inside a make would take over its options.
        for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            environment.pop(variable, None)
        done = subprocess.run(
            ["make", target],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_UP_TIMEOUT_S,
        )
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"make {target} failed"]
            raise SecondSystemError(" / ".join(lines[-3:]))
        return done.stdout
