"""A log that remembers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class MemoryLog:
    """What tracing uses of a Powertools Logger."""

    def __init__(self) -> None:
        self.keys: dict[str, object] = {}
        self.lines: list[tuple[str, dict[str, object]]] = []

    @property
    def messages(self) -> list[str]:
        return [message for message, _ in self.lines]

    def append_keys(self, **keys: object) -> None:
        self.keys |= keys

    def remove_keys(self, keys: Iterable[str]) -> None:
        for key in keys:
            self.keys.pop(key, None)

    def info(self, msg: object, *, extra: Mapping[str, object]) -> None:
        self.lines.append((str(msg), dict(extra)))

    warning = info
