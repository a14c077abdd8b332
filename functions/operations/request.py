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
POSTPONED_DEFAULT_S = 3_600
POSTPONED_MAX_S = 604_800


class InvalidRequestError(Exception):
    """The event names no operation, or one with wrong arguments; the message says what would be right."""


@dataclass(frozen=True, kw_only=True)
class ListParked:
    """The newest parked messages, those behind `after`, or one of them."""

    limit: int
    after: UUID | None
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
class ListOutbox:
    """The oldest rows of the outbox, those behind `after`, or one of them."""

    limit: int
    after: UUID | None
    outbox_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Postpone:
    """One row of the outbox that the relay leaves alone for so long."""

    outbox_id: UUID
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Remove:
    """One row of the outbox that is never to be published."""

    outbox_id: UUID


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Orders of the last `days` (None: of all time) that should be invoiced after `older_than_s`."""

    older_than_s: int
    days: int | None
    emit_metrics: bool


Request = ListParked | Replay | Dismiss | ListOutbox | Postpone | Remove | Audit


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
    limit, after, parked_id = _page(event, "parkedId")
    return ListParked(limit=limit, after=after, parked_id=parked_id)


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


def _list_outbox(event: Mapping[str, Any]) -> ListOutbox:
    limit, after, outbox_id = _page(event, "outboxId")
    return ListOutbox(limit=limit, after=after, outbox_id=outbox_id)


def _postpone(event: Mapping[str, Any]) -> Postpone:
    seconds = _integer(event, "seconds", POSTPONED_DEFAULT_S, maximum=POSTPONED_MAX_S)
    return Postpone(outbox_id=_uuid(event, "outboxId"), seconds=seconds or POSTPONED_DEFAULT_S)


def _remove(event: Mapping[str, Any]) -> Remove:
    return Remove(outbox_id=_uuid(event, "outboxId"))


def _page(event: Mapping[str, Any], name: str) -> tuple[int, UUID | None, UUID | None]:
    """How many, from behind which, or which one."""
    limit = _integer(event, "limit", LISTED_DEFAULT, maximum=LISTED_MAX) or LISTED_DEFAULT
    if "after" in event and name in event:
        raise InvalidRequestError(f'either "after" or "{name}"')
    after, only = (_uuid(event, given) if given in event else None for given in ("after", name))
    return limit, after, only


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
        raise InvalidRequestError(f'"{name}" is an id as `parked` or `outbox` lists it') from None


OPERATIONS: dict[str, tuple[Callable[[Mapping[str, Any]], Request], frozenset[str]]] = {
    "parked": (_list_parked, frozenset({"limit", "after", "parkedId"})),
    "replay": (_replay, frozenset({"parkedId", "all"})),
    "dismiss": (_dismiss, frozenset({"parkedId"})),
    "outbox": (_list_outbox, frozenset({"limit", "after", "outboxId"})),
    "postpone": (_postpone, frozenset({"outboxId", "seconds"})),
    "remove": (_remove, frozenset({"outboxId"})),
    "audit": (_audit, frozenset({"olderThanSeconds", "days", "emitMetrics"})),
}
