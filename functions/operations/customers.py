"""Customers and their keys, as an operator handles them: every change is stored first, then published to the gateways.

A key is 256 random bits, shown in the answer that issues it and kept nowhere: what is stored is its SHA-256. A change
whose publication fails stays; the answer says so, and the schedule repeats the publication.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import psycopg

from aws.s3 import ObjectUnavailableError
from contracts.timestamps import format_timestamp
from operations import customers_repository as repository
from operations import publication
from operations.customer_requests import (
    AddCustomers,
    AdoptCustomers,
    CustomerRequest,
    IssueKey,
    LimitCustomer,
    ListCustomers,
    ListKeys,
    PublishCustomers,
    ResumeCustomer,
    RevokeKey,
    SuspendCustomer,
)

Connection = psycopg.Connection[Any]
Answer = dict[str, Any]
# What a rotation needs is two.
VALID_KEYS_MAX = 10
KEY_BYTES = 32
HINT_LENGTH = 4
# What the stack generates has 40; a shorter one could be guessed from its hash.
ADOPTED_LENGTH_MIN = 20


class CustomerRefusedError(Exception):
    """There is no such customer or key, or there is one already; says which and what to do."""


def perform(
    request: CustomerRequest,
    connection: Connection,
    *,
    store: publication.Store,
    limit_max: int,
    secret_of: Callable[[str], str],
) -> Answer:
    """Return the operation's result. Raises CustomerRefusedError and psycopg.Error.

    `limit_max` is what one address may send a second, `secret_of` gives the key in a secret of the stack's.
    """
    match request:
        case ListCustomers():
            return _customers(connection, request)
        case ListKeys():
            return _keys(connection, request.name)
        case PublishCustomers():
            return {"written": publication.publish(connection, store, is_checked=True)}
        case AddCustomers() | AdoptCustomers():
            _refuse_above(limit_max, request.limits)
        case LimitCustomer():
            _refuse_above(limit_max, {request.name: request.requests_per_second})
    with connection.transaction():
        answer = _change(connection, request, secret_of)
        repository.count_change(connection)
    return answer | _published(connection, store)


def _published(connection: Connection, store: publication.Store) -> Answer:
    """Publish what was stored, and say whether that worked: what is stored stays, and a key is shown only once."""
    try:
        publication.publish(connection, store)
    except (ObjectUnavailableError, psycopg.Error) as error:
        return {"published": False, "publishFailure": str(error)}
    return {"published": True}


def _change(connection: Connection, request: CustomerRequest, secret_of: Callable[[str], str]) -> Answer:
    match request:
        case AddCustomers():
            return {"customers": _add(connection, request)}
        case AdoptCustomers():
            return _adopt(connection, request, secret_of)
        case IssueKey():
            return _issue(connection, request.name)
        case RevokeKey():
            return _revoke(connection, request.key_id)
        case SuspendCustomer():
            return _set(request.name, repository.suspend(connection, request.name))
        case ResumeCustomer():
            return _set(request.name, repository.resume(connection, request.name))
        case LimitCustomer():
            return _set(request.name, repository.set_limit(connection, request.name, request.requests_per_second))
    raise TypeError(request)


def _customers(connection: Connection, request: ListCustomers) -> Answer:
    rows = repository.select_customers(connection, limit=request.limit + 1, after=request.after, name=request.name)
    if request.name is not None and not rows:
        raise _unknown(request.name)
    total, suspended = repository.count_customers(connection)
    listed = [_entry(row) for row in rows[: request.limit]]
    next_after = listed[-1]["customer"] if len(rows) > request.limit else None
    return {"total": total, "suspended": suspended, "customers": listed, "nextAfter": next_after}


def _entry(row: repository.CustomerRow) -> Answer:
    return {
        "customer": row.name,
        "state": "active" if row.suspended_at is None else "suspended",
        "requestsPerSecond": row.requests_per_second,
        "validKeys": row.valid_keys,
        "createdAt": format_timestamp(row.created_at),
    }


def _keys(connection: Connection, name: str) -> Answer:
    if not repository.select_customers(connection, limit=1, after="", name=name):
        raise _unknown(name)
    listed = [
        {
            "keyId": str(row.key_id),
            "state": "valid" if row.revoked_at is None else "revoked",
            "endsIn": row.hint,
            "createdAt": format_timestamp(row.created_at),
            "revokedAt": None if row.revoked_at is None else format_timestamp(row.revoked_at),
        }
        for row in repository.select_keys(connection, name)
    ]
    return {"customer": name, "keys": listed}


def _add(connection: Connection, request: AddCustomers) -> list[Answer]:
    keys = {name: secrets.token_urlsafe(KEY_BYTES) for name in request.limits}
    key_ids = repository.add(connection, request.limits, [_kept(key) for key in keys.values()])
    if known := sorted(request.limits.keys() - key_ids.keys()):
        raise CustomerRefusedError(
            f"there is a customer {', '.join(known)[:200]} already, and nothing was added: issueKey gives one a key"
        )
    return [{"customer": name, "keyId": str(key_ids[name]), "key": keys[name]} for name in request.limits]


def _adopt(connection: Connection, request: AdoptCustomers, secret_of: Callable[[str], str]) -> Answer:
    held = {name: secret_of(secret_id) for name, secret_id in request.secret_ids.items()}
    if short := sorted(name for name, key in held.items() if len(key) < ADOPTED_LENGTH_MIN):
        named = ", ".join(short)[:200]
        raise CustomerRefusedError(f"{named}: the key in the secret has fewer than {ADOPTED_LENGTH_MIN} characters")
    if len(set(held.values())) < len(held):
        raise CustomerRefusedError("two secrets hold the same key, and it could be one customer's only")
    keys = {name: _kept(key) for name, key in held.items()}
    try:
        return {"adopted": len(keys), "suspended": repository.adopt(connection, request.limits, keys)}
    except repository.TakenKeyError as error:
        raise CustomerRefusedError("a secret holds a key of another customer: put a new one into it") from error


def _issue(connection: Connection, name: str) -> Answer:
    if not repository.lock(connection, name):
        raise _unknown(name)
    if repository.count_valid_keys(connection, name) >= VALID_KEYS_MAX:
        raise CustomerRefusedError(f"{name} has {VALID_KEYS_MAX} valid keys: revoke one first")
    key = secrets.token_urlsafe(KEY_BYTES)
    return {"customer": name, "keyId": str(repository.issue(connection, name, _kept(key))), "key": key}


def _revoke(connection: Connection, key_id: UUID) -> Answer:
    name = repository.revoke(connection, key_id)
    if name is None:
        raise CustomerRefusedError(f"no key has the id {key_id}: `keys` lists a customer's")
    return {"customer": name, "keyId": str(key_id), "validKeys": repository.count_valid_keys(connection, name)}


def _set(name: str, is_known: bool) -> Answer:
    if not is_known:
        raise _unknown(name)
    return {"customer": name}


def _unknown(name: str) -> CustomerRefusedError:
    return CustomerRefusedError(f"there is no customer {name}: `customers` lists them")


def _refuse_above(limit_max: int, limits: Mapping[str, int]) -> None:
    if above := sorted(name for name, limit in limits.items() if limit > limit_max):
        raise CustomerRefusedError(
            f"{', '.join(above)[:200]}: more than {limit_max} requests a second, which is what one address may send "
            "(the stack's addressRequestsPerSecond)"
        )


def _kept(key: str) -> repository.NewKey:
    return repository.NewKey(hashlib.sha256(key.encode()).digest(), key[-HINT_LENGTH:])
