"""`localregion COMMAND`, or `python -m localregion COMMAND`: the platform's commands, and the project's own.

Exit status 1 with a message for what fails. A command's modules are imported when it runs: most commands need few.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from localregion import extension, project, surroundings
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
    "region": "localregion.system.up:region",
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
_HELP = {
    "up": "boot the program of this project, print where everything answers",
    "region": "boot an empty region, for Pulumi's engine, Terraform or boto3 to deploy into",
    "down": "stop everything",
    "status": "what runs, where; fails unless all is healthy",
    "logs": "follow the functions' logs",
    "stop": "stop one part: rabbitmq, postgres, emulator, gateway or console",
    "start": "start one part",
    "debug": "let an editor attach to a function; Ctrl-C ends it",
    "psql": "a shell in the database",
    "clean": "stop everything and forget all state",
    "plan": "evaluate the program into .local/plan.json",
    "package": "the archives that Lambda gets, in dist/",
    "sam": "a SAM template of the plan",
    "install": "install RabbitMQ from the system's packages",
    "import-path": "print the project's source roots",
}


def main(arguments: Sequence[str] | None = None) -> int:
    surroundings.settle(os.environ)
    surroundings.print_any_character()
    name, *rest = list(sys.argv[1:] if arguments is None else arguments) or [""]
    if name in ("-h", "--help"):
        print(_help())
        return 0
    try:
        return _run_command(name, rest) if name in _COMMANDS else _run_program(name, rest)
    except CommandError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if name == "logs" else 130


def _run_command(name: str, arguments: list[str]) -> int:
    from localregion.system.folder import Folder

    parser = argparse.ArgumentParser(prog=f"localregion {name}", description=_HELP[name])
    if name in _ARGUMENTS:
        parser.add_argument(_ARGUMENTS[name])
    given = vars(parser.parse_args(arguments)).values()
    return 1 if _load(_COMMANDS[name])(Folder.from_environment(os.environ), *given) is False else 0


def _run_program(name: str, arguments: list[str]) -> int:
    programs = _PROGRAMS if name in _PROGRAMS else extension.commands(project.current())
    if name not in programs:
        print(_help(programs), file=sys.stderr)
        return 2
    status: int = _load(programs[name])(arguments)
    return status


def _help(registered: Iterable[str] = ()) -> str:
    lines = [f"  {name:<12} {text}" for name, text in _HELP.items()]
    own = sorted(set(registered) - _HELP.keys())
    more = [f"\nthis project's own: {', '.join(own)}"] if own else []
    return "\n".join(["usage: localregion COMMAND …", "", *lines, *more])


def _load(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return loaded


if __name__ == "__main__":
    sys.exit(main())
