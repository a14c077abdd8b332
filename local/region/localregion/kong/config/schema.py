"""Check the fields of a declarative entity and say what is wrong in Kong's own words.

Kong lists every error at once, as a tree of fields and entries; so does this. A value that Kong takes and the embedded
gateway does not is an error of the same tree, so that nothing in a configuration is ever ignored silently.
Values are never part of a message of ours: a configuration holds keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOT_SUPPORTED = "not supported by the embedded gateway"

# A field or an entry (counted from 1), and what is wrong with it.
Errors = dict[str | int, Any]

_ARTICLES = {"integer": "an", "array": "an"}


class ConfigurationError(Exception):
    """The declarative configuration cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of an entity: Kong's rules, then the values the embedded gateway supports (`only`, `refused`)."""

    kind: str
    required: bool = False
    default: Any = None
    one_of: tuple[Any, ...] = ()
    between: tuple[float, float] | None = None
    elements: Field | None = None
    fields: Mapping[str, Field] | None = None
    check: Callable[[Any], str | None] | None = None
    only: tuple[Any, ...] | None = None
    refused: bool = False


def check_record(record: Any, fields: Mapping[str, Field]) -> tuple[dict[str, Any], Errors | str]:
    """Return the record with its defaults filled in, and its errors (empty when there are none)."""
    if not isinstance(record, dict):
        return {}, "expected a record"
    errors: Errors = {name: "unknown field" for name in record if name not in fields}
    values: dict[str, Any] = {}
    for name, field in fields.items():
        value = record.get(name)
        if value is None and field.fields is not None:
            value = field.default or {}
        if field.fields is not None:
            values[name], nested = check_record(value, field.fields)
            if nested:
                errors[name] = nested
            continue
        if value is None:
            values[name] = field.default
            if field.required and field.default is None:
                errors[name] = "required field missing"
            continue
        values[name] = value
        error = check_value(value, field)
        if error:
            errors[name] = error
    return values, errors


def check_value(value: Any, field: Field) -> Errors | str | None:
    """Return what is wrong with a value that is not null."""
    if not _is_kind(value, field.kind):
        return f"expected {_ARTICLES.get(field.kind, 'a')} {field.kind}"
    if field.fields is not None:
        return check_record(value, field.fields)[1] or None
    return _entries(value, field) or _kongs_rule(value, field) or _support(value, field)


def _is_kind(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (isinstance(value, int) or _is_whole(value))
        case "array" | "set":
            return isinstance(value, list)
    return isinstance(value, dict)


def above_zero(value: float) -> str | None:
    return None if value > 0 else "value must be greater than 0"


def _is_whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _entries(value: Any, field: Field) -> Errors | None:
    if field.elements is None:
        return None
    checked = {number: check_value(entry, field.elements) for number, entry in enumerate(value, start=1)}
    return {number: error for number, error in checked.items() if error} or None


def _kongs_rule(value: Any, field: Field) -> str | None:
    if field.one_of and value not in field.one_of:
        return f"expected one of: {', '.join(map(str, field.one_of))}"
    if field.between and not field.between[0] <= value <= field.between[1]:
        return f"value should be between {field.between[0]} and {field.between[1]}"
    return field.check(value) if field.check else None


def _support(value: Any, field: Field) -> str | None:
    if field.refused and value not in ([], {}):
        return NOT_SUPPORTED
    if field.only is not None and value not in field.only:
        allowed = " or ".join(str(option).lower() if isinstance(option, bool) else str(option) for option in field.only)
        return f"only {allowed} is supported by the embedded gateway"
    return None


def render(errors: Errors) -> str:
    """Return the tree as `kong config parse` prints it."""
    return "\n".join(_lines(errors, parent="", indent=""))


def _lines(errors: Errors, *, parent: str, indent: str) -> Iterator[str]:
    for key, error in errors.items():
        entry = isinstance(key, int)
        title = f"{indent}- in entry {key} of '{parent}':" if entry else f"{indent}in '{key}':"
        if isinstance(error, str):
            yield f"{title} {error}"
            continue
        yield title
        # An entry's own fields stand under its text, not under its dash; a list's entries stand under its name.
        yield from _lines(error, parent=str(key), indent=indent + "  ")
