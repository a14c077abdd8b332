"""The source of moto's ids and passwords: one per call, so that a call drawn from a known seed can be repeated.

moto has one source for the whole process. Here each thread has its own, so that a call that only reads, at the same
time, takes no number from one that creates something. A source without a given seed takes the system's.
What moto makes by itself when a service is first called, such as the default VPC, is drawn from the service's name: the
first call may be one that only reads, and those are not repeated.
"""

from __future__ import annotations

import threading
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from moto.core.base_backend import AccountSpecificBackend
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.moto_random import MotoRandom


class _Sources(threading.local):
    def __init__(self) -> None:
        self.current = Random()  # noqa: S311, passwords of a region on this machine


_sources = _Sources()


class RandomByThread(MotoRandom):
    """Everything else of `Random` is made from these two."""

    def random(self) -> float:
        return _sources.current.random()

    def getrandbits(self, k: int, /) -> int:
        return _sources.current.getrandbits(k)


def install() -> None:
    """Let moto draw from the thread's source, before it imports its services.

    Its modules hold the object itself, so that gets another class. Some take UUIDs from Python instead.
    """
    mock_random.__class__ = RandomByThread
    uuid.uuid4 = mock_random.uuid4
    AccountSpecificBackend.__getitem__ = _backend  # type: ignore[method-assign]


_getitem = AccountSpecificBackend.__getitem__


def _backend(self: AccountSpecificBackend[Any], region: str) -> Any:
    if region in self.keys():
        return _getitem(self, region)
    with seeded(zlib.crc32(f"{self.service_name} {self.account_id} {region}".encode())):
        return _getitem(self, region)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a known seed until the end of the block; nothing that follows can be told from it."""
    before = _sources.current
    _sources.current = Random(seed)  # noqa: S311, a seed of the system's source
    try:
        yield
    finally:
        _sources.current = before
