"""Header names in AWS's spelling, for a server that writes every name in lower case.

HTTP does not care, and Kong does: it merges a function's headers with Invoke's by their spelling. Which of two
spellings of one name wins differs from start to start.
"""

from __future__ import annotations

import functools

# The server itself acts on these, and knows them in lower case.
_UNDERSTOOD = frozenset({"connection", "content-length", "transfer-encoding"})


class HeaderName(bytes):
    """A name that keeps its spelling when it is written."""

    def lower(self) -> HeaderName:
        return self


class UnderstoodName(HeaderName):
    """One that is compared without regard to its spelling as well, which takes five times as long."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and bytes.lower(self) == bytes.lower(other)

    def __hash__(self) -> int:
        return hash(bytes.lower(self))


@functools.cache
def header_name(name: str) -> HeaderName:
    """Return one of the emulator's own names, of which there are few."""
    return (UnderstoodName if name.lower() in _UNDERSTOOD else HeaderName)(name.encode())
