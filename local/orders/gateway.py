"""What commands ask of the local gateway, as customers do and as a payment provider does. Failures are one line."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from localregion import http_client
from localregion.errors import CommandError
from localregion.http_client import HttpError
from orders import failures

WAIT_S = 90
_POLL_INTERVAL_S = 0.2
# Usually it takes a second.
_QUIET_S = 5
Order = dict[str, Any]
Known = Mapping[str, Any]


class OrderError(CommandError):
    """A request was refused, or what was waited for did not come."""


def call(
    known: Known,
    path: str,
    body: Any = None,
    *,
    customer: str = "demo",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Ask the gateway with a customer's key, or with these headers instead. Raises OrderError."""
    method = "GET" if body is None else "POST"
    own = {"apikey": known["keys"][customer]} if headers is None else headers
    try:
        decoded: dict[str, Any] = http_client.call(method, known["gateway"] + path, body, headers=own)
        return decoded
    except HttpError as error:
        raise OrderError(f"{method} {path}: {failures.of_gateway(error)}") from error


def owner_of(known: Known, order_id: str) -> str:
    """Return the customer whose key reads this order. Raises OrderError when it is no customer's of this system."""
    for customer, key in known["keys"].items():
        path = f"/orders/{order_id}"
        try:
            answer = http_client.request("GET", known["gateway"] + path, headers={"apikey": key})
        except HttpError as error:
            raise OrderError(f"GET {path}: {failures.of_gateway(error)}") from error
        if answer.status != 404:
            return str(customer)
    raise OrderError(f"there is no order {order_id}: the console lists them, `make order` makes one")


def wait_for(
    known: Known, order_id: str, condition: Callable[[Order], bool], *, what: str, customer: str = "demo"
) -> Order:
    """Return the order once it is so. Raises OrderError after `WAIT_S`."""
    began = time.monotonic()
    notice = _Notice(known, what, began + _QUIET_S)
    while True:
        order = call(known, f"/orders/{order_id}", customer=customer)
        if condition(order):
            return order
        if time.monotonic() - began > WAIT_S:
            raise OrderError(f"no {what} for {order_id} within {WAIT_S} s: see `make status`, `make logs`")
        notice.give()
        time.sleep(_POLL_INTERVAL_S)


@dataclass
class _Notice:
    """Says once what is waited for, when it takes long."""

    known: Known
    what: str
    due_at: float

    def give(self) -> None:
        if time.monotonic() >= self.due_at:
            self.due_at = inf
            print(f"no {self.what} yet, waiting up to {WAIT_S} s: {_cause(self.known)}", flush=True)


def _cause(known: Known) -> str:
    if call(known, "/health").get("broker") == "down":
        return "the broker is down, the event waits in the outbox (`make start SERVICE=rabbitmq`, `make outbox`)"
    return "the event waits in the outbox or the queue (`make outbox`, `make status`)"
