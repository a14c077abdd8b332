"""`make customer`, `customers`, `keys`, `suspend` and `resume`: who may call the API, with which keys.

A new key stands alone on the last line and is kept nowhere. The command ends when the gateway takes it: a change is in
force within ten seconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import Any

from localregion import http_client
from localregion.http_client import HttpError
from localregion.system import endpoints
from localregion.system.folder import Folder
from localregion.system.status import table
from orders.operations import FUNCTION, Answer, OperationError, cells, counted, folder_of_environment, invoke

# What a change may take until every gateway has it.
_IN_FORCE_S = 10.0
_POLL_S = 0.2
_HTTP_UNAUTHORIZED = 401


def customer_main(arguments: Sequence[str]) -> int:
    """`python -m localregion customer`."""
    given = _options("customer", arguments, "--name", "--limit")
    add(folder_of_environment(), given.name, given.limit)
    return 0


def customers_main(arguments: Sequence[str]) -> int:
    """`python -m localregion customers`."""
    _options("customers", arguments)
    show_customers(folder_of_environment())
    return 0


def keys_main(arguments: Sequence[str]) -> int:
    """`python -m localregion keys`."""
    given = _options("keys", arguments, "--customer", "--revoke", flag="--issue")
    folder = folder_of_environment()
    if given.issue and given.revoke:
        raise OperationError("either ISSUE=1 or REVOKE=…, an id of `make keys CUSTOMER=…`")
    if given.revoke:
        revoke(folder, given.revoke, customer=given.customer)
    elif given.issue:
        issue(folder, _named(given.customer, "keys"))
    else:
        show_keys(folder, _named(given.customer, "keys"))
    return 0


def suspend_main(arguments: Sequence[str]) -> int:
    """`python -m localregion suspend`."""
    name = _named(_options("suspend", arguments, "--customer").customer, "suspend")
    _change(folder_of_environment(), {"operation": "suspendCustomer", "customer": name})
    print(f"{name} is suspended: its keys are refused within ten seconds, until `make resume CUSTOMER={name}`")
    return 0


def resume_main(arguments: Sequence[str]) -> int:
    """`python -m localregion resume`."""
    name = _named(_options("resume", arguments, "--customer").customer, "resume")
    _change(folder_of_environment(), {"operation": "resumeCustomer", "customer": name})
    print(f"{name} is a customer again: its keys are taken within ten seconds")
    return 0


def add(folder: Folder, name: str, limit: str = "") -> None:
    """Add a customer, print its first key and wait until the gateway takes it."""
    if not name:
        raise OperationError("say which: `make customer NAME=…`")
    entry: Answer = {"customer": name} | ({"requestsPerSecond": _number(limit)} if limit else {})
    answer = invoke(folder, FUNCTION, {"operation": "addCustomers", "customers": [entry]})
    (added,) = answer["customers"]
    print(f"{name} is a customer; its key has the id {added['keyId']} and is shown this once:")
    _show_key(folder, added["key"], answer)


def issue(folder: Folder, name: str) -> None:
    """Give a customer one more key, print it and wait until the gateway takes it."""
    answer = invoke(folder, FUNCTION, {"operation": "issueKey", "customer": name})
    print(f"{name} has one more key, with the id {answer['keyId']}; it is shown this once:")
    _show_key(folder, answer["key"], answer)


def revoke(folder: Folder, key_id: str, *, customer: str = "") -> None:
    """Have a key refused for ever; of `customer`, if one is named."""
    if customer:
        known = invoke(folder, FUNCTION, {"operation": "keys", "customer": customer})["keys"]
        if key_id not in [key["keyId"] for key in known]:
            raise OperationError(f"{customer} has no key with the id {key_id}: `make keys CUSTOMER={customer}`")
    answer = _change(folder, {"operation": "revokeKey", "keyId": key_id})
    left = counted(answer["validKeys"], "valid key")
    print(f"{key_id} is revoked, and refused within ten seconds; {answer['customer']} has {left} left")


def show_customers(folder: Folder) -> None:
    """Print all customers."""
    shown, after = 0, None
    while True:
        answer = invoke(
            folder, FUNCTION, {"operation": "customers", "limit": 500} | ({"after": after} if after else {})
        )
        if answer["customers"]:
            print(table(_CUSTOMER_HEADINGS, [cells(each, _CUSTOMER_FIELDS) for each in answer["customers"]]) + "\n")
        shown, after = shown + len(answer["customers"]), answer["nextAfter"]
        if after is None:
            break
    print(f"{counted(answer['total'], 'customer')}, {answer['suspended']} of them suspended")


def show_keys(folder: Folder, name: str) -> None:
    """Print a customer's keys, without what is secret of them."""
    answer = invoke(folder, FUNCTION, {"operation": "keys", "customer": name})
    if answer["keys"]:
        print(table(_KEY_HEADINGS, [cells(each, _KEY_FIELDS) for each in answer["keys"]]) + "\n")
    valid = sum(each["state"] == "valid" for each in answer["keys"])
    print(f"{name} has {counted(valid, 'valid key')}: ISSUE=1 gives it another one, REVOKE=… with an id takes one away")


def _show_key(folder: Folder, key: str, answer: Answer) -> None:
    """Wait for the gateway, then print the key alone on the last line, whatever came of the wait."""
    problem = "" if answer["published"] else _unpublished(answer)
    if not problem and not _is_taken(folder, key):
        problem = "the gateway does not take it yet: `make status` says what runs"
    print(key, flush=True)
    if problem:
        raise OperationError(problem)


def _is_taken(folder: Folder, key: str) -> bool:
    url = f"{endpoints.load(folder)['gateway']}/orders?limit=1"
    return _until(lambda: _status(url, key) not in (None, _HTTP_UNAUTHORIZED))


def _status(url: str, key: str) -> int | None:
    try:
        return http_client.request("GET", url, headers={"apikey": key}, timeout_s=5).status
    except HttpError as error:
        return error.status


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _IN_FORCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _change(folder: Folder, request: Answer) -> Answer:
    """Return the answer of a change that is published. Raises OperationError when it is only stored."""
    answer = invoke(folder, FUNCTION, request)
    if not answer["published"]:
        raise OperationError(_unpublished(answer))
    return answer


def _unpublished(answer: Answer) -> str:
    return f"it is stored and not yet in force, which is tried again every minute: {answer['publishFailure']}"


def _named(name: str, command: str) -> str:
    if not name:
        raise OperationError(f"say which: `make {command} CUSTOMER=…`, one of `make customers`")
    return name


def _number(text: str) -> int:
    if not text.isdecimal():
        raise OperationError("LIMIT is how many requests a second the customer may make")
    return int(text)


def _options(command: str, arguments: Sequence[str], *names: str, flag: str = "") -> Any:
    parser = argparse.ArgumentParser(prog=f"python -m localregion {command}")
    for name in names:
        parser.add_argument(name, default="")
    if flag:
        parser.add_argument(flag, action="store_true")
    return parser.parse_args(arguments)


_CUSTOMER_HEADINGS = ("customer", "state", "requests/s", "valid keys", "since")
_CUSTOMER_FIELDS = ("customer", "state", "requestsPerSecond", "validKeys", "createdAt")
_KEY_HEADINGS = ("id", "state", "ends in", "issued", "revoked")
_KEY_FIELDS = ("keyId", "state", "endsIn", "createdAt", "revokedAt")
