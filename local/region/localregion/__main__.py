"""`python -m localregion COMMAND`: the platform's commands and those that the project's extension registers.

Exit status 1 with a message for what fails. A command's modules are imported when it runs: most commands need few.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from localregion import extension, project
from localregion.errors import CommandError

# `main(arguments)`, which returns an exit status.
_PROGRAMS = {
    "import-path": "localregion.project:main",
    "install": "localregion.services.install:main",
    "plan": "localregion.plan.__main__:main",
    "package": "localregion.package.__main__:main",
    "sam": "localregion.sam.__main__:main",
}
# Called with the state folder and, where one is named, the argument; False is exit status 1.
_COMMANDS = {
    "up": "localregion.system.up:up",
    "down": "localregion.system.down:down",
    "clean": "localregion.system.down:clean",
    "status": "localregion.system.status:show",
    "stop": "localregion.system.one_service:stop",
    "start": "localregion.system.one_service:start",
    "logs": "localregion.system.logs:follow",
    "psql": "localregion.system.psql:psql",
    "debug": "localregion.system.debug:debug",
}
_ARGUMENTS = {"stop": "service", "start": "service", "debug": "function"}


def main(arguments: Sequence[str] | None = None) -> int:
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or [""]
    try:
        return _run_command(name, rest) if name in _COMMANDS else _run_program(name, rest)
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if name == "logs" else 130


def _run_command(name: str, arguments: list[str]) -> int:
    from localregion.system.folder import Folder

    parser = argparse.ArgumentParser(prog=f"python -m localregion {name}")
    if name in _ARGUMENTS:
        parser.add_argument(_ARGUMENTS[name])
    given = vars(parser.parse_args(arguments)).values()
    return 1 if _load(_COMMANDS[name])(Folder.from_environment(os.environ), *given) is False else 0


def _run_program(name: str, arguments: list[str]) -> int:
    programs = _PROGRAMS if name in _PROGRAMS else extension.commands(project.current())
    if name not in programs:
        known = ", ".join(sorted({*_COMMANDS, *_PROGRAMS, *programs}))
        print(f"usage: python -m localregion COMMAND …\ncommands: {known}", file=sys.stderr)
        return 0 if name in ("-h", "--help") else 2
    status: int = _load(programs[name])(arguments)
    return status


def _load(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


if __name__ == "__main__":
    sys.exit(main())
