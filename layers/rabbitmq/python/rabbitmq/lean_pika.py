"""What we use of pika, without the adapters that its `__init__` imports: a third of its import time, for nothing.

https://github.com/pika/pika/blob/main/pika/__init__.py. The package is registered with its `__init__` not yet run; the
first name that only the whole package has runs it, so other users of pika in the process notice nothing.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from typing import Any

from loading import register_unrun, submodule


def _without_adapters(name: str) -> Any:
    # pika's own modules ask for submodules and for the version: that loads no adapter.
    if name == "__version__":
        from importlib import metadata  # an adapter's user pays for it

        return metadata.version("pika")
    return submodule("pika", name)


register_unrun("pika", _without_adapters)

import pika.data  # noqa: E402
from pika.connection import Connection, ConnectionParameters  # noqa: E402
from pika.credentials import PlainCredentials  # noqa: E402
from pika.exceptions import ConnectionClosedByBroker  # noqa: E402
from pika.frame import Header, Method  # noqa: E402
from pika.spec import Basic, BasicProperties  # noqa: E402

__all__ = [
    "Basic",
    "BasicProperties",
    "Connection",
    "ConnectionClosedByBroker",
    "ConnectionParameters",
    "Header",
    "Method",
    "PlainCredentials",
]


def _with_floats(encode: Callable[[list[bytes], Any], int]) -> Callable[[list[bytes], Any], int]:
    """pika reads floating-point headers but writes none; a replayed message may have some."""

    def encode_value(pieces: list[bytes], value: Any) -> int:
        if not isinstance(value, float):
            return encode(pieces, value)
        pieces.append(struct.pack(">cd", b"d", value))
        return 9

    return encode_value


pika.data.encode_value = _with_floats(pika.data.encode_value)
# pika's errors reach the caller as exceptions, and the function logs them in its own form.
logging.getLogger("pika").setLevel(logging.CRITICAL)
