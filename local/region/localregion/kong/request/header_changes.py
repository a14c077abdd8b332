"""The changes of headers that request-transformer and response-transformer are configured with.

In Kong's order: remove, rename, replace, add, append. An entry is `name:value`. Templates (`$(...)`) are Lua and
refused, as is every change of something else than a header.
"""

from __future__ import annotations

import re
from typing import Any

from localregion.kong.config.schema import Errors, Field

ACTIONS = ("remove", "rename", "replace", "add", "append")
_PAIR = re.compile(r"[^:]+:.*", re.DOTALL)
_TEMPLATE = re.compile(r"\$\(.*\)", re.DOTALL)

Headers = list[tuple[str, str]]


def _pair(value: str) -> str | None:
    return None if _PAIR.fullmatch(value) else f"invalid value: {value}"


def texts(*, refused: bool = False, pairs: bool = False, one_of: tuple[str, ...] = ()) -> Field:
    """Return the field of a list of names or of `name:value`."""
    element = Field(kind="string", check=_pair if pairs else None, one_of=one_of)
    return Field(kind="array", default=[], elements=element, refused=refused)


def template_errors(config: dict[str, Any]) -> Errors:
    """Return an error for each value that is a template."""
    found: Errors = {}
    for action in ACTIONS:
        entries = enumerate(config[action]["headers"], start=1)
        wrong = {
            number: "templates are not supported by the embedded gateway"
            for number, entry in entries
            if _TEMPLATE.search(entry)
        }
        if wrong:
            found[action] = {"headers": wrong}
    return {"config": found} if found else {}


class HeaderChanges:
    """One configuration's changes, for headers; names are compared without regard to case."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._removed = {name.partition(":")[0].lower() for name in config["remove"]["headers"]}
        self._renamed, self._replaced, self._added, self._appended = (
            [_split(entry) for entry in config[action]["headers"]] for action in ACTIONS[1:]
        )

    def apply(self, headers: Headers) -> Headers:
        headers = [header for header in headers if header[0].lower() not in self._removed]
        for old, new in self._renamed:
            headers = _rename(headers, old.lower(), new)
        for name, value in self._replaced:
            if _has(headers, name):
                headers = [*_without(headers, name), (name, value)]
        for name, value in self._added:
            if not _has(headers, name):
                headers = [*headers, (name, value)]
        return headers + self._appended


def _rename(headers: Headers, old: str, new: str) -> Headers:
    values = [value for name, value in headers if name.lower() == old]
    if not values or not new:
        return headers
    return [*_without(_without(headers, old), new), *((new, value) for value in values)]


def _has(headers: Headers, name: str) -> bool:
    return any(header.lower() == name.lower() for header, _ in headers)


def _without(headers: Headers, name: str) -> Headers:
    return [header for header in headers if header[0].lower() != name.lower()]


def _split(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition(":")
    return name, value.lstrip(":")
