"""An operator's events about customers and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.customers import NAME, REQUESTS_PER_SECOND
from operations import arguments
from operations.arguments import InvalidRequestError

# An erased customer's orders have such a name (operations/erasure.py).
RESERVED_PREFIX = "erased-"
ADDED_MAX = 500
LIMIT_MAX = 1_000_000


def _unlogged() -> Any:
    """A field that names customers, which the log never does (operations/log_fields.py)."""
    return field(metadata={"is_secret": True})


@dataclass(frozen=True, kw_only=True)
class ListCustomers:
    """Customers by name, those behind `after`, or one of them."""

    limit: int
    after: str = _unlogged()
    name: str | None = _unlogged()


@dataclass(frozen=True, kw_only=True)
class AddCustomers:
    """New customers with how many requests a second each may make."""

    limits: Mapping[str, int] = _unlogged()


@dataclass(frozen=True, kw_only=True)
class AdoptCustomers:
    """The customers of the stack's configuration: by name, its limit and the secret that holds its key."""

    limits: Mapping[str, int] = _unlogged()
    secret_ids: Mapping[str, str] = _unlogged()


@dataclass(frozen=True, kw_only=True)
class SuspendCustomer:
    """Refuse all of a customer's keys until it is resumed."""

    name: str = _unlogged()


@dataclass(frozen=True, kw_only=True)
class ResumeCustomer:
    """Take a suspended customer's keys again."""

    name: str = _unlogged()


@dataclass(frozen=True, kw_only=True)
class LimitCustomer:
    """Another limit for one customer."""

    name: str = _unlogged()
    requests_per_second: int


@dataclass(frozen=True, kw_only=True)
class ListKeys:
    """The keys of one customer, the revoked ones included."""

    name: str = _unlogged()


@dataclass(frozen=True, kw_only=True)
class IssueKey:
    """One more key for a customer."""

    name: str = _unlogged()


@dataclass(frozen=True, kw_only=True)
class RevokeKey:
    """A key that is to be refused for ever."""

    key_id: UUID


@dataclass(frozen=True, kw_only=True)
class PublishCustomers:
    """Write the gateways' object if it is not what it should be."""


CustomerRequest = (
    ListCustomers
    | AddCustomers
    | AdoptCustomers
    | SuspendCustomer
    | ResumeCustomer
    | LimitCustomer
    | ListKeys
    | IssueKey
    | RevokeKey
    | PublishCustomers
)


def _customers(event: Mapping[str, Any]) -> ListCustomers:
    limit = arguments.integer(event, "limit", arguments.LISTED_DEFAULT, maximum=arguments.LISTED_MAX)
    if "after" in event and "customer" in event:
        raise InvalidRequestError('either "after" or "customer"')
    after, name = (_name(event, given) if given in event else None for given in ("after", "customer"))
    return ListCustomers(limit=limit or arguments.LISTED_DEFAULT, after=after or "", name=name)


def _add(event: Mapping[str, Any]) -> AddCustomers:
    return AddCustomers(limits=_limits(event, with_secrets=False))


def _adopt(event: Mapping[str, Any]) -> AdoptCustomers:
    limits = _limits(event, with_secrets=True)
    secret_ids = {entry["customer"]: str(entry["secretId"]) for entry in event["customers"]}
    return AdoptCustomers(limits=limits, secret_ids=secret_ids)


def _limits(event: Mapping[str, Any], *, with_secrets: bool) -> dict[str, int]:
    """The entries of `customers`: each with a name of its own and a limit."""
    entries = event.get("customers")
    if not isinstance(entries, list) or not 1 <= len(entries) <= ADDED_MAX or not all(map(_is_object, entries)):
        raise InvalidRequestError(f'"customers" is a list of 1 to {ADDED_MAX} objects with "customer"')
    takes = {"customer", "requestsPerSecond"} | ({"secretId"} if with_secrets else set())
    for entry in entries:
        if foreign := sorted(map(repr, entry.keys() - takes)):
            raise InvalidRequestError(f"a customer has {', '.join(sorted(takes))}, not {', '.join(foreign)[:200]}")
        if with_secrets and not isinstance(entry.get("secretId"), str):
            raise InvalidRequestError('"secretId" is the secret that holds the key of a customer of the stack')
    limits = {_name(entry, "customer"): _limit(entry, REQUESTS_PER_SECOND) for entry in entries}
    if len(limits) < len(entries):
        raise InvalidRequestError("a customer is named twice")
    return limits


def _is_object(entry: object) -> bool:
    return isinstance(entry, Mapping)


def _limit_customer(event: Mapping[str, Any]) -> LimitCustomer:
    return LimitCustomer(name=_name(event, "customer"), requests_per_second=_limit(event, None))


def _limit(event: Mapping[str, Any], default: int | None) -> int:
    limit = arguments.integer(event, "requestsPerSecond", default, maximum=LIMIT_MAX)
    if limit is None:
        raise InvalidRequestError(f'"requestsPerSecond" is an integer from 1 to {LIMIT_MAX}')
    return limit


def _name(event: Mapping[str, Any], argument: str) -> str:
    name = event.get(argument)
    if not isinstance(name, str) or not NAME.fullmatch(name) or name.startswith(RESERVED_PREFIX):
        raise InvalidRequestError(
            f'"{argument}" is a name of small letters, digits, "-" and "_", at most 63, and not {RESERVED_PREFIX}…'
        )
    return name


def _named(request: Callable[..., CustomerRequest]) -> Callable[[Mapping[str, Any]], CustomerRequest]:
    return lambda event: request(name=_name(event, "customer"))


def _revoke(event: Mapping[str, Any]) -> RevokeKey:
    return RevokeKey(key_id=arguments.uuid(event, "keyId"))


def _publish(_event: Mapping[str, Any]) -> PublishCustomers:
    return PublishCustomers()


_ONE = frozenset({"customer"})
CUSTOMER_OPERATIONS: dict[str, tuple[Callable[[Mapping[str, Any]], CustomerRequest], frozenset[str]]] = {
    "customers": (_customers, frozenset({"limit", "after", "customer"})),
    "addCustomers": (_add, frozenset({"customers"})),
    "adoptCustomers": (_adopt, frozenset({"customers"})),
    "suspendCustomer": (_named(SuspendCustomer), _ONE),
    "resumeCustomer": (_named(ResumeCustomer), _ONE),
    "limitCustomer": (_limit_customer, frozenset({"customer", "requestsPerSecond"})),
    "keys": (_named(ListKeys), _ONE),
    "issueKey": (_named(IssueKey), _ONE),
    "revokeKey": (_revoke, frozenset({"keyId"})),
    "publishCustomers": (_publish, frozenset()),
}
