"""Read an operator's event: which operation, with which arguments.

Nothing is guessed: an operation or an argument that does not exist, or has the wrong type, is refused with what would
be right, before anything is read or changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.fields import is_customer_id
from operations import arguments, mending_request
from operations.arguments import InvalidRequestError
from operations.customer_requests import CUSTOMER_OPERATIONS, CustomerRequest
from operations.mending_request import Mending

# The relay publishes within 90 s of a recovery (guarantee G4); what is older than this is late.
AGE_DEFAULT_S = 120
DAYS_MAX = 36_500
POSTPONED_DEFAULT_S = 3_600
POSTPONED_MAX_S = 604_800


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
    """The oldest rows of the outboxes, those behind `after`, or one of them."""

    limit: int
    after: UUID | None
    outbox_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Postpone:
    """One row of an outbox that the relay leaves alone for so long."""

    outbox_id: UUID
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Remove:
    """One row of an outbox that is never to be published."""

    outbox_id: UUID


@dataclass(frozen=True, kw_only=True)
class Audit:
    """Orders of the last `days` (None: of all time) that should be invoiced after `older_than_s`.

    An incremental one looks at what is new or changed since the last of its kind.
    """

    older_than_s: int
    days: int | None
    is_incremental: bool
    emit_metrics: bool


@dataclass(frozen=True, kw_only=True)
class ListUnmatched:
    """The newest payments and refunds that fit nothing, those behind `after`, or one of them."""

    limit: int
    after: UUID | None
    unmatched_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class DismissUnmatched:
    """Let one unmatched payment or refund wait no longer."""

    unmatched_id: UUID


@dataclass(frozen=True, kw_only=True)
class Purge:
    """What is parked or unmatched and was not seen for so many days."""

    older_than_days: int


@dataclass(frozen=True, kw_only=True)
class Erase:
    """One customer, whose name the log never has."""

    customer_id: str = field(metadata={"is_secret": True})


Request = (
    ListParked
    | Replay
    | Dismiss
    | ListOutbox
    | Postpone
    | Remove
    | Audit
    | ListUnmatched
    | DismissUnmatched
    | Purge
    | Erase
    | CustomerRequest
    | Mending
)


def parse(event: Any) -> Request:
    """Raises InvalidRequestError."""
    if not isinstance(event, Mapping) or not isinstance(event.get("operation"), str):
        raise InvalidRequestError(f'the event is {{"operation": …}} with one of: {", ".join(OPERATIONS)}')
    known = OPERATIONS.get(event["operation"])
    if known is None:
        raise InvalidRequestError(f"no operation {event['operation'][:100]!r}; there are: {', '.join(OPERATIONS)}")
    read, names = known
    if foreign := sorted(map(repr, event.keys() - names - {"operation"})):
        takes = ", ".join(sorted(names)) or "no argument"
        raise InvalidRequestError(f"{event['operation']} takes {takes}, not {', '.join(foreign)[:200]}")
    return read(event)


def _list_parked(event: Mapping[str, Any]) -> ListParked:
    limit, after, parked_id = arguments.page(event, "parkedId")
    return ListParked(limit=limit, after=after, parked_id=parked_id)


def _replay(event: Mapping[str, Any]) -> Replay:
    if ("parkedId" in event) == ("all" in event):
        raise InvalidRequestError('replay takes either "parkedId" or "all": true')
    if "all" in event:
        if event["all"] is not True:
            raise InvalidRequestError('"all" is true, or left out')
        return Replay(parked_id=None)
    return Replay(parked_id=arguments.uuid(event, "parkedId"))


def _dismiss(event: Mapping[str, Any]) -> Dismiss:
    return Dismiss(parked_id=arguments.uuid(event, "parkedId"))


def _list_outbox(event: Mapping[str, Any]) -> ListOutbox:
    limit, after, outbox_id = arguments.page(event, "outboxId")
    return ListOutbox(limit=limit, after=after, outbox_id=outbox_id)


def _postpone(event: Mapping[str, Any]) -> Postpone:
    seconds = arguments.integer(event, "seconds", POSTPONED_DEFAULT_S, maximum=POSTPONED_MAX_S)
    return Postpone(outbox_id=arguments.uuid(event, "outboxId"), seconds=seconds or POSTPONED_DEFAULT_S)


def _remove(event: Mapping[str, Any]) -> Remove:
    return Remove(outbox_id=arguments.uuid(event, "outboxId"))


def _audit(event: Mapping[str, Any]) -> Audit:
    older_than_s = arguments.integer(event, "olderThanSeconds", AGE_DEFAULT_S, minimum=0, maximum=86_400)
    emit_metrics, is_incremental = (arguments.boolean(event, name) for name in ("emitMetrics", "incremental"))
    days = arguments.integer(event, "days", None, maximum=DAYS_MAX)
    if is_incremental and days is not None:
        raise InvalidRequestError('audit takes either "days" or "incremental"')
    return Audit(older_than_s=older_than_s or 0, days=days, is_incremental=is_incremental, emit_metrics=emit_metrics)


def _list_unmatched(event: Mapping[str, Any]) -> ListUnmatched:
    limit, after, unmatched_id = arguments.page(event, "unmatchedId")
    return ListUnmatched(limit=limit, after=after, unmatched_id=unmatched_id)


def _dismiss_unmatched(event: Mapping[str, Any]) -> DismissUnmatched:
    return DismissUnmatched(unmatched_id=arguments.uuid(event, "unmatchedId"))


def _purge(event: Mapping[str, Any]) -> Purge:
    days = arguments.integer(event, "olderThanDays", None, maximum=DAYS_MAX)
    if days is None:
        raise InvalidRequestError('purge takes "olderThanDays"')
    return Purge(older_than_days=days)


def _erase(event: Mapping[str, Any]) -> Erase:
    if not is_customer_id(event.get("customerId")):
        raise InvalidRequestError('"customerId" is a customer as orders name it')
    return Erase(customer_id=event["customerId"])


OPERATIONS: dict[str, tuple[Callable[[Mapping[str, Any]], Request], frozenset[str]]] = {
    "parked": (_list_parked, frozenset({"limit", "after", "parkedId"})),
    "replay": (_replay, frozenset({"parkedId", "all"})),
    "dismiss": (_dismiss, frozenset({"parkedId"})),
    "outbox": (_list_outbox, frozenset({"limit", "after", "outboxId"})),
    "postpone": (_postpone, frozenset({"outboxId", "seconds"})),
    "remove": (_remove, frozenset({"outboxId"})),
    "audit": (_audit, frozenset({"olderThanSeconds", "days", "incremental", "emitMetrics"})),
    "unmatched": (_list_unmatched, frozenset({"limit", "after", "unmatchedId"})),
    "dismissUnmatched": (_dismiss_unmatched, frozenset({"unmatchedId"})),
    "purge": (_purge, frozenset({"olderThanDays"})),
    "erase": (_erase, frozenset({"customerId"})),
    **CUSTOMER_OPERATIONS,
    **mending_request.OPERATIONS,
}
