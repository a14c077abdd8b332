"""Arguments of an operator's event, each read by its kind; what is wrong is refused with what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

LISTED_MAX = 500
LISTED_DEFAULT = 50


class InvalidRequestError(Exception):
    """The event names no operation, or one with wrong arguments; the message says what would be right."""


def page(event: Mapping[str, Any], name: str) -> tuple[int, UUID | None, UUID | None]:
    """How many, from behind which, or which one."""
    limit = integer(event, "limit", LISTED_DEFAULT, maximum=LISTED_MAX) or LISTED_DEFAULT
    if "after" in event and name in event:
        raise InvalidRequestError(f'either "after" or "{name}"')
    after, only = (uuid(event, given) if given in event else None for given in ("after", name))
    return limit, after, only


def integer(event: Mapping[str, Any], name: str, default: int | None, *, minimum: int = 1, maximum: int) -> int | None:
    value = event.get(name, default)
    if value is not None and (type(value) is not int or not minimum <= value <= maximum):
        raise InvalidRequestError(f'"{name}" is an integer from {minimum} to {maximum}')
    return value


def boolean(event: Mapping[str, Any], name: str) -> bool:
    """False unless it is given."""
    value = event.get(name, False)
    if not isinstance(value, bool):
        raise InvalidRequestError(f'"{name}" is true or false')
    return value


def uuid(event: Mapping[str, Any], name: str) -> UUID:
    try:
        return UUID(event[name])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InvalidRequestError(f'"{name}" is an id as `parked`, `outbox` or `unmatched` lists it') from None
