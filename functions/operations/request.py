"""Read an operator's event: which operation, with which arguments.

Nothing is guessed: an operation or an argument that does not exist, or has the wrong type, is refused with what would
be right, before anything is read or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

LISTED_MAX = 500
LISTED_DEFAULT = 50
# The relay publishes within 90 s of a recovery (guarantee G4); what is older than this is late.
AGE_DEFAULT_S = 120
DAYS_MAX = 36_500


class InvalidRequestError(Exception):
    """The event names no operation, or one with wrong arguments; the message says what would be right."""


@dataclass(frozen=True, kw_only=True)
class ListParked:
    """The newest parked messages, or one of them."""

    limit: int
    parked_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One parked message, or all that wait (None)."""

    parked_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Dismiss:
    """Let one parked message wait no longer, without a replay."""

    parked_id: UUID


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Orders of the last `days` (None: of all time) that should be invoiced after `older_than_s`."""

    older_than_s: int
    days: int | None
    emit_metrics: bool


Request = ListParked | Replay | Dismiss | Audit


def parse(event: Any) -> Request:
    """Raises InvalidRequestError."""
    if not isinstance(event, Mapping) or not isinstance(event.get("operation"), str):
        raise InvalidRequestError(f'the event is {{"operation": …}} with one of: {", ".join(OPERATIONS)}')
    known = OPERATIONS.get(event["operation"])
    if known is None:
        raise InvalidRequestError(f"no operation {event['operation'][:100]!r}; there are: {', '.join(OPERATIONS)}")
    read, names = known
    if foreign := sorted(map(repr, event.keys() - names - {"operation"})):
        takes = ", ".join(sorted(names))
        raise InvalidRequestError(f"{event['operation']} takes {takes}, not {', '.join(foreign)[:200]}")
    return read(event)


def _list_parked(event: Mapping[str, Any]) -> ListParked:
    limit = _integer(event, "limit", LISTED_DEFAULT, maximum=LISTED_MAX)
    parked_id = _uuid(event, "parkedId") if "parkedId" in event else None
    return ListParked(limit=limit or LISTED_DEFAULT, parked_id=parked_id)


def _replay(event: Mapping[str, Any]) -> Replay:
    if ("parkedId" in event) == ("all" in event):
        raise InvalidRequestError('replay takes either "parkedId" or "all": true')
    if "all" in event:
        if event["all"] is not True:
            raise InvalidRequestError('"all" is true, or left out')
        return Replay(parked_id=None)
    return Replay(parked_id=_uuid(event, "parkedId"))


def _dismiss(event: Mapping[str, Any]) -> Dismiss:
    return Dismiss(parked_id=_uuid(event, "parkedId"))


def _audit(event: Mapping[str, Any]) -> Audit:
    older_than_s = _integer(event, "olderThanSeconds", AGE_DEFAULT_S, minimum=0, maximum=86_400)
    emit_metrics = event.get("emitMetrics", False)
    if not isinstance(emit_metrics, bool):
        raise InvalidRequestError('"emitMetrics" is true or false')
    days = _integer(event, "days", None, maximum=DAYS_MAX)
    return Audit(older_than_s=older_than_s or 0, days=days, emit_metrics=emit_metrics)


def _integer(event: Mapping[str, Any], name: str, default: int | None, *, minimum: int = 1, maximum: int) -> int | None:
    value = event.get(name, default)
    if value is not None and (type(value) is not int or not minimum <= value <= maximum):
        raise InvalidRequestError(f'"{name}" is an integer from {minimum} to {maximum}')
    return value


def _uuid(event: Mapping[str, Any], name: str) -> UUID:
    try:
        return UUID(event[name])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InvalidRequestError(f'"{name}" is the id of a parked message, as `parked` lists it') from None


OPERATIONS: dict[str, tuple[Callable[[Mapping[str, Any]], Request], frozenset[str]]] = {
    "parked": (_list_parked, frozenset({"limit", "parkedId"})),
    "replay": (_replay, frozenset({"parkedId", "all"})),
    "dismiss": (_dismiss, frozenset({"parkedId"})),
    "audit": (_audit, frozenset({"olderThanSeconds", "days", "emitMetrics"})),
}
