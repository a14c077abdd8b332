"""Read the events of what would be done by SQL otherwise: look at an order or at the database, mend what is stuck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.fields import is_customer_id
from operations import arguments
from operations.arguments import InvalidRequestError
from operations.sides import SIDES

TEXT_MAX = 255
# As large as PostgreSQL lets one be.
PID_MAX = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class ShowOrder:
    """One order with everything that belongs to it, by its id or by its invoice."""

    order_id: UUID | None
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class Reemit:
    """The events of one order that one side has not heard, told again."""

    order_id: UUID


@dataclass(frozen=True, kw_only=True)
class Match:
    """One unmatched payment for this invoice, or one unmatched refund for its payment (None)."""

    unmatched_id: UUID
    invoice: str | None


@dataclass(frozen=True, kw_only=True)
class FreeIdempotencyKey:
    """One key of one customer, neither of which the log ever has."""

    customer_id: str = field(metadata={"is_secret": True})
    key: str = field(metadata={"is_secret": True})


@dataclass(frozen=True, kw_only=True)
class ForgetAttempts:
    """What is noted of redelivered messages on one side."""

    side: str


@dataclass(frozen=True, kw_only=True)
class Activity:
    """What the database is doing now."""


@dataclass(frozen=True, kw_only=True)
class CancelStatement:
    """The statement that a session runs, or with `ends_session` the session itself."""

    pid: int
    ends_session: bool


Mending = ShowOrder | Reemit | Match | FreeIdempotencyKey | ForgetAttempts | Activity | CancelStatement


def _show_order(event: Mapping[str, Any]) -> ShowOrder:
    if ("orderId" in event) == ("invoice" in event):
        raise InvalidRequestError('order takes either "orderId" or "invoice"')
    if "invoice" in event:
        return ShowOrder(order_id=None, invoice=_text(event, "invoice"))
    return ShowOrder(order_id=_order_id(event), invoice=None)


def _reemit(event: Mapping[str, Any]) -> Reemit:
    return Reemit(order_id=_order_id(event))


def _match(event: Mapping[str, Any]) -> Match:
    invoice = _text(event, "invoice") if "invoice" in event else None
    return Match(unmatched_id=arguments.uuid(event, "unmatchedId"), invoice=invoice)


def _free_idempotency_key(event: Mapping[str, Any]) -> FreeIdempotencyKey:
    if not is_customer_id(event.get("customerId")):
        raise InvalidRequestError('"customerId" is a customer as orders name it')
    return FreeIdempotencyKey(customer_id=event["customerId"], key=_text(event, "key"))


def _forget_attempts(event: Mapping[str, Any]) -> ForgetAttempts:
    if event.get("side") not in SIDES:
        raise InvalidRequestError(f'"side" is one of {", ".join(SIDES)}')
    return ForgetAttempts(side=event["side"])


def _activity(_: Mapping[str, Any]) -> Activity:
    return Activity()


def _cancel_statement(event: Mapping[str, Any]) -> CancelStatement:
    pid = arguments.integer(event, "pid", None, maximum=PID_MAX)
    ends_session = event.get("endSession", False)
    if pid is None or not isinstance(ends_session, bool):
        raise InvalidRequestError('cancelStatement takes "pid", as `activity` lists it, and "endSession" true or false')
    return CancelStatement(pid=pid, ends_session=ends_session)


def _order_id(event: Mapping[str, Any]) -> UUID:
    try:
        return UUID(event["orderId"])
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InvalidRequestError('"orderId" is the id of an order') from None


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX or "\0" in value:
        raise InvalidRequestError(f'"{name}" is text of 1 to {TEXT_MAX} characters')
    return value


OPERATIONS: dict[str, tuple[Callable[[Mapping[str, Any]], Mending], frozenset[str]]] = {
    "order": (_show_order, frozenset({"orderId", "invoice"})),
    "reemit": (_reemit, frozenset({"orderId"})),
    "match": (_match, frozenset({"unmatchedId", "invoice"})),
    "freeIdempotencyKey": (_free_idempotency_key, frozenset({"customerId", "key"})),
    "forgetAttempts": (_forget_attempts, frozenset({"side"})),
    "activity": (_activity, frozenset()),
    "cancelStatement": (_cancel_statement, frozenset({"pid", "endSession"})),
}
