"""A region of a test's own: state, ports and a packaged program that knows them, beside whatever else runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.infra.deployment.engine import Deployment
from tests.infra.program import ROOT, configure

from localregion.project import PACKAGE_PARENT
from localregion.services.ports import HOST, Ports
from localregion.system import endpoints
from localregion.system.folder import Folder

STACK = "laptop"


class CommandFailedError(AssertionError):
    """A command of the region did not end well; the text is what it printed."""


class OwnRegion:
    """Not started by its constructor; `down` is always safe to call, and `up` again after it."""

    def __init__(self, path: Path) -> None:
        self.folder = Folder(path.resolve())
        self.ports = Ports.free()

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.ports.aws}"

    def run(self, *arguments: str) -> str:
        """`python -m localregion …`, as the Makefile calls it; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "localregion", *arguments],
            env={
                **os.environ,
                **self.ports.environment(),
                "LOCAL_DIR": str(self.folder.path),
                "PYTHONPATH": str(PACKAGE_PARENT),
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailedError(f"{' '.join(arguments)}: {done.stdout[-4000:]}{done.stderr[-4000:]}")
        return done.stdout

    def up(self) -> None:
        self.run("region")

    def down(self) -> None:
        if self.folder.run.exists():
            self.run("down")

    @property
    def known(self) -> Mapping[str, Any]:
        """Where everything is that runs, and its process."""
        return endpoints.load(self.folder)

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that was read back from what is deployed."""
        loaded: dict[str, Any] = json.loads(self.folder.plan.read_text())
        return loaded

    def deployment(self, root: Path) -> Deployment:
        """Return stack `laptop` of the program in `root`, told this region's ports."""
        sent = f"http://{HOST}:{self.ports.console}"
        access = {"accessKey": "local", "secretKey": "local"}
        configure(
            root,
            STACK,
            databasePort=self.ports.postgres,
            lambdaEndpoint={"host": HOST, "port": self.ports.aws, **access},
            otlpEndpoint=sent,
            spansEndpoint=f"{sent}/api/v2/spans",
        )
        return Deployment(root, STACK, self.endpoint)
