"""The ports that a system was last started with: a bare `make up` takes them again, until `make clean`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from localregion import project
from localregion.services.ports import Ports
from localregion.system.folder import Folder

_NAME = "ports.json"


def ports_to_use(folder: Folder, environment: Mapping[str, str]) -> Ports:
    """Return the ports that the environment gives, for the others those of the last time. Raises PortError."""
    given = {name: environment[name] for name in Ports().environment() if environment.get(name)}
    again = {name: number for name, number in _last(folder).items() if name not in given}
    if again:
        shown = " ".join(f"{name}={number}" for name, number in sorted(again.items()))
        print(f"as at the last `{project.command('up')}`: {shown} (`{project.command('clean')}` forgets them)")
    return Ports.from_environment({**again, **given})


def remember(folder: Folder, ports: Ports) -> None:
    """Keep what is not the default."""
    default = Ports().environment()
    changed = {name: number for name, number in ports.environment().items() if number != default[name]}
    (folder.path / _NAME).write_text(json.dumps(changed) + "\n")


def _last(folder: Folder) -> dict[str, str]:
    try:
        found = json.loads((folder.path / _NAME).read_text())
        return {name: str(found[name]) for name in Ports().environment() if name in found}
    except (FileNotFoundError, ValueError, TypeError):
        return {}
