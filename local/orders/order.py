"""`make order`: post one order, watch it become an invoice, show where the time went."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from localregion import http_client
from localregion.errors import CommandError
from localregion.http_client import HttpError
from localregion.system import endpoints
from localregion.system.folder import Folder
from orders import failures
from orders.order_trace import order_trace_lines, terminal

_INVOICE_TIMEOUT_S = 90
# Usually it takes a second.
_QUIET_S = 5
_BODY = {"amount": 1999, "currency": "BRL"}


class OrderError(CommandError):
    """The order was refused, or its invoice did not come."""


def main(arguments: Sequence[str]) -> int:
    """`python -m localregion order`."""
    argparse.ArgumentParser(prog="python -m localregion order", description=__doc__).parse_args(arguments)
    order(Folder.from_environment(os.environ))
    return 0


def order(folder: Folder) -> None:
    """Print the order as accepted and as invoiced, and its trace when the console has it. Raises OrderError."""
    known = endpoints.load(folder)
    accepted = _call(known, "/orders", _BODY)
    print(json.dumps(accepted, indent=2), flush=True)
    began = time.monotonic()
    notice = _Notice(known, began + _QUIET_S)
    while True:
        current = _call(known, f"/orders/{accepted['orderId']}")
        if current["invoice"] is not None:
            print(f"invoiced after {time.monotonic() - began:.1f} s:\n{json.dumps(current, indent=2)}", flush=True)
            print("\n".join(["", *order_trace_lines(known, accepted["orderId"], terminal())]))
            return
        if time.monotonic() - began > _INVOICE_TIMEOUT_S:
            raise OrderError(
                f"no invoice for {accepted['orderId']} within {_INVOICE_TIMEOUT_S} s: see `make status`, `make logs`"
            )
        notice.give()
        time.sleep(0.2)


@dataclass
class _Notice:
    """Says once what is waited for, when it takes long."""

    known: dict[str, Any]
    due_at: float

    def give(self) -> None:
        if time.monotonic() >= self.due_at:
            self.due_at = inf
            print(f"no invoice yet, waiting up to {_INVOICE_TIMEOUT_S} s: {_cause(self.known)}", flush=True)


def _cause(known: dict[str, Any]) -> str:
    if _call(known, "/health").get("broker") == "down":
        return "the broker is down, the event waits in the outbox (`make start SERVICE=rabbitmq`, `make outbox`)"
    return "the event waits in the outbox or the queue (`make outbox`, `make status`)"


def _call(known: dict[str, Any], path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    method = "GET" if body is None else "POST"
    try:
        decoded: dict[str, Any] = http_client.call(
            method, known["gateway"] + path, body, headers={"apikey": known["keys"]["demo"]}
        )
        return decoded
    except HttpError as error:
        raise OrderError(f"{method} {path}: {failures.of_gateway(error)}") from error
