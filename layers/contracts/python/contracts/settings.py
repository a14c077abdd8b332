"""Read a function's settings from its environment: what `infra/` sets and what the function reads must be the same.

A settings class is a frozen dataclass. Its field `database_host` is the variable DATABASE_HOST; a field whose type is
another such dataclass is read from the same environment. Fields with a default are optional. Everything that is
missing or malformed is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


class InvalidEnvironmentError(Exception):
    """The environment of this function is incomplete or malformed; the message lists every variable concerned."""


def read(cls: type[T], environ: Mapping[str, str]) -> T:
    """Build `cls` from `environ`. Raises InvalidEnvironmentError naming every bad variable."""
    complaints: list[str] = []
    settings: T = _read(cls, environ, complaints)
    if complaints:
        raise InvalidEnvironmentError("; ".join(complaints))
    return settings


def variables(cls: type) -> frozenset[str]:
    """The names of all variables that `read` would look at."""
    return frozenset(name for name, _ in _walk(cls))


def required_variables(cls: type) -> frozenset[str]:
    """The names of the variables without which `read` fails."""
    return frozenset(name for name, field in _walk(cls) if field.default is MISSING)


def _walk(cls: type) -> Iterator[tuple[str, Field[Any]]]:
    types = get_type_hints(cls)
    for field in fields(cls):
        if is_dataclass(types[field.name]):
            yield from _walk(types[field.name])
        else:
            yield field.name.upper(), field


def _read(cls: Any, environ: Mapping[str, str], complaints: list[str]) -> Any:
    types = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in fields(cls):
        kind = types[field.name]
        if is_dataclass(kind):
            values[field.name] = _read(kind, environ, complaints)
        elif (text := environ.get(field.name.upper())) is not None:
            values[field.name] = _convert(field.name.upper(), text, kind, complaints)
        elif field.default is MISSING:
            complaints.append(f"{field.name.upper()} is missing")
    return None if complaints else cls(**values)


def _convert(name: str, text: str, kind: Any, complaints: list[str]) -> Any:
    if kind not in (int, float):
        return text
    try:
        return kind(text)
    except ValueError:
        complaints.append(f"{name} is not {'an integer' if kind is int else 'a number'}: {text!r}")
        return None
