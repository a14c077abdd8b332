"""`make order`: post one order, watch it become an invoice, pay it, show where the time went."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence

from localregion.system import endpoints
from localregion.system.folder import Folder
from orders import gateway, pay
from orders.gateway import Order
from orders.order_trace import order_trace_lines, terminal

_BODY = {"amount": 1999, "currency": "BRL"}


def main(arguments: Sequence[str]) -> int:
    """`python -m localregion order`."""
    argparse.ArgumentParser(prog="python -m localregion order", description=__doc__).parse_args(arguments)
    order(Folder.from_environment(os.environ))
    return 0


def order(folder: Folder) -> None:
    """Print the order as accepted, invoiced and paid, and its trace when the console has it. Raises OrderError."""
    known = endpoints.load(folder)
    accepted = gateway.call(known, "/orders", _BODY)
    print(json.dumps(accepted, indent=2), flush=True)
    order_id, began = accepted["orderId"], time.monotonic()
    invoiced = gateway.wait_for(known, order_id, pay.is_invoiced, what="invoice")
    _show("invoiced", began, invoiced)
    began = time.monotonic()
    print(f"webhook of its payment: {pay.outcome(pay.send(known, pay.payment_for(invoiced)))}", flush=True)
    _show("paid", began, gateway.wait_for(known, order_id, _is_paid, what="paid order"))
    print("\n".join(["", *order_trace_lines(known, order_id, terminal())]))


def _is_paid(order: Order) -> bool:
    return bool(order["status"] == "paid")


def _show(what: str, began: float, order: Order) -> None:
    print(f"{what} after {time.monotonic() - began:.1f} s:\n{json.dumps(order, indent=2)}", flush=True)
