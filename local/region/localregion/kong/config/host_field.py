"""A field that holds a host: what Kong says of one that is none, or that has a port (`typedefs.host`)."""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"[0-9A-Za-z._-]+")
_NUMBERS = re.compile(r"[0-9.]+")
_PORT = re.compile(r"(?P<host>.*):(?P<port>[0-9]+)", re.DOTALL)


def host_error(value: str) -> str | None:
    """Return what is wrong, None for a name or an address."""
    with_port = _PORT.fullmatch(value) if value.count(":") == 1 or value.startswith("[") else None
    host = with_port["host"] if with_port else value
    if not (_is_address(host.strip("[]")) if _is_meant_as_address(value) else _is_name(host)):
        return f"invalid value: {value}"
    return "must not have a port" if with_port else None


def _is_meant_as_address(value: str) -> bool:
    return value.count(":") > 1 or _NUMBERS.fullmatch(value.replace(":", "")) is not None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    """A name may end in a dot; no part of it ends in a dash."""
    parts = text.split(".")
    return bool(_NAME.fullmatch(text)) and not any(part.endswith("-") for part in parts) and all(parts[:-1])
