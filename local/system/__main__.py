"""`python -m system COMMAND`: what the Makefile calls. Exit status 1 with a message for whatever fails."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from system import control, debug, down, install, logs, operations, order, psql, status, up
from system.endpoints import NotRunningError
from system.folder import Folder
from system.ports import PortError
from system.services import SERVICES

_FAILURES = (
    *(NotRunningError, install.InstallError, PortError, up.UpError, down.DownError, order.OrderError),
    *(operations.OperationError, debug.DebugError),
)


class ServiceError(Exception):
    """The supervisor could not stop or start a part."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return 0 if _run(options, Folder.from_environment(os.environ)) else 1
    except (*_FAILURES, ServiceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if options.command == "logs" else 130


def _run(options: argparse.Namespace, folder: Folder) -> bool:
    if options.command in ("stop", "start"):
        ask_for(folder, options.command, options.service)
        return True
    if options.command == "debug":
        debug.debug(folder, options.function)
        return True
    if options.command == "status":
        return status.show(folder)
    if options.command in ("parked", "replay", "dismiss", "audit"):
        return _operate(options, folder)
    if options.command == "install":
        install.ensure_rabbitmq()
        return True
    commands: dict[str, Callable[[Folder], None]] = {
        "up": up.up,
        "down": down.down,
        "clean": down.clean,
        "logs": logs.follow,
        "order": order.order,
        "psql": psql.psql,
    }
    commands[options.command](folder)
    return True


def _operate(options: argparse.Namespace, folder: Folder) -> bool:
    if options.command == "audit":
        return operations.audit(folder)
    if options.command == "parked":
        operations.parked(folder, options.id)
    elif options.command == "replay":
        operations.replay(folder, options.id, options.all)
    else:
        operations.dismiss(folder, options.id)
    return True


def ask_for(folder: Folder, command: str, service: str) -> None:
    """Have the supervisor stop or start one part."""
    if service not in SERVICES:
        raise ServiceError(f"no service {service!r}: give SERVICE={' or SERVICE='.join(SERVICES)}")
    try:
        answer = control.ask(folder.run, {"command": command, "service": service}, timeout_s=300)
    except ConnectionError:
        raise NotRunningError("nothing is running: `make up` starts it") from None
    if "error" in answer:
        raise ServiceError(f"{service}: {answer['error']}")
    print(f"{service} {'started' if command == 'start' else 'stopped'}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m system", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("install", "up", "down", "status", "logs", "clean", "order", "psql", "audit"):
        commands.add_parser(name)
    for name in ("stop", "start"):
        commands.add_parser(name).add_argument("service", help=", ".join(SERVICES))
    commands.add_parser("debug").add_argument("function", help="for an editor to attach to")
    for name in ("parked", "replay", "dismiss"):
        command = commands.add_parser(name)
        command.add_argument("--id", default="", help="of a parked message")
        if name == "replay":
            command.add_argument("--all", action="store_true", help="that wait")
    return parser


if __name__ == "__main__":
    sys.exit(main())
