"""What moto may not do here: reach the network, use Docker, take credentials or settings from the user's own.

Set before moto is imported, because it reads its settings then.
"""

from __future__ import annotations

import os
import sys
from typing import Any

# moto calls other services by HTTP in a few places (HTTP subscribers of topics, recorded results), Docker by a socket.
_OUTGOING = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
_FOR_TESTS = frozenset({"TEST_SERVER_MODE", "TEST_PROXY_MODE", "INITIAL_NO_AUTH_ACTION_COUNT"})


class NoConnectionError(PermissionError):
    """The control plane opens no connection."""


def prepare(*, account: str, region: str) -> None:
    """Give moto its account and region, and nothing of the user's settings."""
    for name in [name for name in os.environ if name.startswith(("MOTO_", "AWS_")) or name in _FOR_TESTS]:
        del os.environ[name]
    os.environ.update(
        AWS_ACCESS_KEY_ID="local",
        AWS_SECRET_ACCESS_KEY="local",  # noqa: S106, what every client of the region may use
        AWS_DEFAULT_REGION=region,
        AWS_EC2_METADATA_DISABLED="true",
        MOTO_ACCOUNT_ID=account,
        # They take a second, and no instance runs here.
        MOTO_EC2_LOAD_DEFAULT_AMIS="false",
        # Not for pages of other addresses.
        MOTO_DISABLE_GLOBAL_CORS="true",
        # Buckets are named by the path, whatever name this machine is called by.
        S3_IGNORE_SUBDOMAIN_BUCKETNAME="true",
    )


def close_the_network() -> None:
    """Refuse every connection that this process would open from now on; what it accepts is not concerned."""
    sys.addaudithook(_refuse_outgoing)


def _refuse_outgoing(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _OUTGOING:
        raise NoConnectionError(f"{NoConnectionError.__doc__} Refused: {event} {arguments[1:2]}")
