"""`make stop SERVICE=…` and `make start SERVICE=…`: one part of the running system, on purpose."""

from __future__ import annotations

from localregion import project
from localregion.errors import CommandError
from localregion.system import control
from localregion.system.endpoints import NotRunningError
from localregion.system.folder import Folder
from localregion.system.service_names import SERVICES


class ServiceError(CommandError):
    """The supervisor could not stop or start a part."""


def stop(folder: Folder, service: str) -> None:
    """Stop one part; it stays stopped. Raises ServiceError, NotRunningError."""
    _ask(folder, "stop", service)
    print(f"{service} stopped")


def start(folder: Folder, service: str) -> None:
    """Start one part and wait until it answers. Raises ServiceError, NotRunningError."""
    _ask(folder, "start", service)
    print(f"{service} started")


def _ask(folder: Folder, command: str, service: str) -> None:
    if not service:
        raise ServiceError(f"say which: `{project.command(command, 'SERVICE=…')}` with {', '.join(SERVICES)}")
    if service not in SERVICES:
        raise ServiceError(f"no service {service!r}: there are {', '.join(SERVICES)}")
    try:
        answer = control.ask(folder.run, {"command": command, "service": service}, timeout_s=300)
    except ConnectionError:
        raise NotRunningError(f"nothing is running: `{project.command('up')}` starts it") from None
    if "error" in answer:
        raise ServiceError(f"{service}: {answer['error']}")
