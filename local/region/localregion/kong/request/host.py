"""The host of a request as nginx has it in `$host`: checked, in lower case, without a port or a dot at its end."""

from __future__ import annotations

import re

# What nginx says about a request without a Host header.
NO_HOST = "kong"
_NO_HOSTS_CHARACTERS = re.compile(r"[\x00-\x20/\x7f]|\.\.")


def checked_host(value: str) -> str | None:
    """Return the host, None for what nginx refuses (`ngx_http_validate_host`)."""
    if _NO_HOSTS_CHARACTERS.search(value):
        return None
    host = value.partition(":")[0]
    if value.startswith("["):
        literal, bracket, _ = value.partition("]")
        host = literal + bracket
    if host.endswith(".") and value.rfind(".") == len(host) - 1:
        host = host[:-1]
    return host.lower() or None


def host_name(value: str | None) -> str:
    """Return the host of a header that may be missing."""
    return (checked_host(value) if value else None) or NO_HOST
