"""The ports of the local system: their defaults, the variables that change them, whether they are taken.

Checked before anything starts, so that a taken port is a sentence and not a stack trace in some part's log.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields

from localregion import project
from localregion.errors import CommandError

HOST = "127.0.0.1"
# Above most services' own ports, below ip_local_port_range (https://docs.kernel.org/networking/ip-sysctl.html).
_FREE_RANGE = range(20_000, 32_768)


class PortError(CommandError):
    """A port is taken or is no port; the text names the variable that changes it."""


@dataclass(frozen=True, kw_only=True)
class Ports:
    """One field per port; the variable of `aws` is AWS_PORT, and so on."""

    gateway: int = 8000
    gateway_admin: int = 28001
    aws: int = 4566
    console: int = 8080
    postgres: int = 25432
    rabbitmq: int = 25729
    rabbitmq_management: int = 15679
    rabbitmq_dist: int = 25679
    epmd: int = 24369

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Ports:
        """Read GATEWAY_PORT, AWS_PORT and the others; PortError for what is no port or is given twice."""
        ports = cls(**{name: _number(text, name) for name in _names() if (text := environment.get(variable(name)))})
        by_number: dict[int, str] = {}
        for name, number in asdict(ports).items():
            if number in by_number:
                raise PortError(f"{variable(by_number[number])} and {variable(name)} are both {number}")
            by_number[number] = name
        return ports

    @classmethod
    def free(cls) -> Ports:
        """Return ports that are free now: for systems that run beside the usual one."""
        return cls(**dict(zip(_names(), free_ports(len(_names())), strict=True)))

    def environment(self) -> dict[str, str]:
        """Return the variables that `from_environment` reads back to the same ports."""
        return {variable(name): str(number) for name, number in asdict(self).items()}

    def check_free(self, names: Collection[str] | None = None) -> None:
        """PortError names every port of these, or of all, that is taken, and what to do."""
        wanted = asdict(self).keys() if names is None else names
        taken = [name for name, number in asdict(self).items() if name in wanted and is_taken(number)]
        if taken:
            raise PortError("\n".join(_complaint(name, getattr(self, name)) for name in taken))


def variable(name: str) -> str:
    return f"{name.upper()}_PORT"


def is_taken(port: int) -> bool:
    """Say whether a listener on 127.0.0.1 would be refused this port."""
    with contextlib.closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise PortError(f"port {port} is reserved for root: choose one above 1023") from error
            return True
    return False


def free_ports(count: int) -> list[int]:
    """Return different ports that are free at this moment.

    They lie below those that Linux gives to outgoing connections, one of which could take a port before it is used. In
    a sequence of chance: callers side by side would else choose alike.
    """
    found: set[int] = set()
    while len(found) < count:
        number = secrets.choice(_FREE_RANGE)
        if number not in found and not is_taken(number):
            found.add(number)
    return list(found)


def _names() -> list[str]:
    return [field.name for field in fields(Ports)]


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise PortError(f"{variable(name)}={text} is no port (1 to 65535)")
    return int(text)


def _complaint(name: str, number: int) -> str:
    other = project.command("up", f"{variable(name)}=...")
    return f"port {number} is taken by another program; choose another one: `{other}`"
