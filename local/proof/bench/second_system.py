"""A whole second system beside a running one: `make up` with a state folder and ports of its own, and its way down.

What the rows need of it: where things are, what the functions' environment is, and the superuser's view of the data.
It is this checkout's, or that of a commit before (`base`), whose own code says what a function's environment is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
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

    def __init__(self, path: Path, *, root: Path = ROOT) -> None:
        self.folder = Folder(path)
        self.root = root
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
        return _plan(self.folder).secrets[name]

    def function_environment(self, name: str) -> dict[str, str]:
        """Return what the emulator gives the function, with the source tree in place of its layers."""
        if self.root == ROOT:
            return environment_of(self.folder, name)
        paths = [self.root / "local", self.root / "local" / "region", *layers_of(self.root), self.root / "functions"]
        done = subprocess.run(
            [sys.executable, "-c", _ENVIRONMENT_OF, str(self.folder.path), name],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, paths))},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SecondSystemError(f"the commit before says nothing of {name}: {done.stderr.strip()[-200:]}")
        environment: dict[str, str] = json.loads(done.stdout)
        return environment

    def _make(self, target: str) -> str:
        environment = {**os.environ, **self._ports.environment(), "LOCAL_DIR": str(self.folder.path)}
        # A make inside a make would take over its options, and another checkout this one's modules.
        for variable in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            environment.pop(variable, None)
        environment["PYTHONPATH"] = str(self.root / "local" / "region")
        done = subprocess.run(
            self._command(target),
            cwd=self.root,
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

    def _command(self, target: str) -> list[str]:
        """`make`, but where packages are shared: it would write into them that they are those of another lock file."""
        if (self.root / ".venv").is_symlink() and self.root != ROOT:
            return [".venv/bin/python", "-m", "localregion", target]
        return ["make", target]


# In the other checkout's own words: its plan may have another form.
_ENVIRONMENT_OF = """
import json, sys
from pathlib import Path
from proof.bench.second_system import SecondSystem
print(json.dumps(SecondSystem(Path(sys.argv[1])).function_environment(sys.argv[2])))
"""


def environment_of(folder: Folder, name: str) -> dict[str, str]:
    around = Surroundings(
        version="1",
        region="us-east-1",
        task_root=ROOT / "functions",
        layers_root=ROOT / "layers",
        runtime_api="",
        log_stream="bench",
        aws_endpoint_url=endpoints.load(folder)["aws"],
    )
    variables = environment_variables(_plan(folder).function(name), around)
    return {**variables, "PYTHONPATH": os.pathsep.join(map(str, layers_of(ROOT)))}


def layers_of(root: Path) -> list[Path]:
    return sorted((root / "layers").glob("*/python"))


def _plan(folder: Folder) -> model.Plan:
    values, secrets = json.loads(folder.values.read_text()), json.loads(folder.secrets.read_text())
    return model.resolve(model.load(folder.plan), values, secrets)
