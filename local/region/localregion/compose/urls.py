"""Print where the running containers answer and exactly one line that starts with `curl `, as `make up` does."""

from __future__ import annotations

import json
from pathlib import Path

from localregion import extension, project
from localregion.services.ports import HOST


def show(secrets: Path, *, gateway_port: int, aws_port: int, ui: int) -> None:
    known = {
        "gateway": f"http://{HOST}:{gateway_port}",
        "keys": {"demo": json.loads(secrets.read_text())["gateway/demo"]["key"]},
    }
    print("up")
    print(f"  gateway     {known['gateway']}")
    print(f"  AWS APIs    http://{HOST}:{aws_port}")
    print(f"  Jaeger      http://{HOST}:{ui}\n")
    if line := extension.invitation(project.current(), known):
        print(line)
