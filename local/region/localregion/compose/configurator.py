"""Run the script beside Kong as its container in AWS does: the same file, the same variables, in Kong's own network.

`prepare` writes what it is told into one file; here that becomes its environment.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from localregion import project
from localregion.plan.model import Configurator, Gateway

# Kong's network is its own as well, as in a Fargate task.
KONG_ADMIN_URL = "http://127.0.0.1:8001"
AWS_ENDPOINT_URL = "http://emulator:4566"


def describe(gateway: Gateway, configurator: Configurator, *, region: str) -> str:
    """Return the file's content: the script, from the project's root, and its variables."""
    environment = {
        **configurator.environment,
        "DECLARATIVE_CONFIG": json.dumps(gateway.declarative_config),
        "KONG_ADMIN_URL": KONG_ADMIN_URL,
        "AWS_ENDPOINT_URL": AWS_ENDPOINT_URL,
        "AWS_REGION": region,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }
    return json.dumps({"script": configurator.script, "environment": environment}, indent=2) + "\n"


def run(configuration: Path) -> None:
    """Become the script."""
    described = json.loads(configuration.read_text())
    script = project.current().root / described["script"]
    os.execve(sys.executable, [sys.executable, str(script)], {**os.environ, **described["environment"]})  # noqa: S606
