"""`make pay`: pay an order's invoice, as the webhook of a payment provider; the same again is the same webhook again.

It signs with the secret that this system generated. Payments of a deployment elsewhere are its provider's to tell.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from localregion.system import endpoints
from localregion.system.folder import Folder
from orders import gateway, webhook
from orders.failures import one_line
from orders.gateway import Known, Order, OrderError

_PROVIDER = "default"
_AMOUNT_MAX = 10**12
_PAYMENT_ID_MAX = 255


def main(arguments: Sequence[str]) -> int:
    """`python -m localregion pay`."""
    parser = argparse.ArgumentParser(prog="python -m localregion pay", description=__doc__)
    parser.add_argument("--order", default="", help="whose invoice is paid")
    parser.add_argument("--amount", default="", help="in minor units (default: the invoice's)")
    parser.add_argument("--payment", default="", help="the payment's id (default: made from the invoice's)")
    given = parser.parse_args(arguments)
    pay(Folder.from_environment(os.environ), given.order, given.amount, given.payment)
    return 0


def pay(folder: Folder, order_id: str, amount: str = "", payment_id: str = "") -> None:
    """Wait for the order's invoice, pay it and print what came of it. Raises OrderError."""
    wanted = _amount(amount)
    if len(payment_id) > _PAYMENT_ID_MAX:
        raise OrderError(f"PAYMENT has at most {_PAYMENT_ID_MAX} characters")
    known, order_id = endpoints.load(folder), _order_id(order_id)
    customer = gateway.owner_of(known, order_id)
    order = gateway.wait_for(known, order_id, is_invoiced, what="invoice", customer=customer)
    print(outcome(send(known, payment_for(order, wanted, payment_id))))


def payment_for(order: Order, amount: int | None = None, payment_id: str = "") -> webhook.Payment:
    """Return the payment of an invoiced order, of the whole invoice unless an amount is given."""
    invoice = order["invoice"]
    return webhook.Payment(
        payment_id=payment_id or webhook.payment_id_of(invoice["invoiceId"]),
        invoice_id=invoice["invoiceId"],
        amount=invoice["amount"] if amount is None else amount,
        currency=invoice["currency"],
    )


def send(known: Known, payment: webhook.Payment) -> dict[str, Any]:
    """Post the webhook and return the answer. Raises OrderError."""
    body, headers = webhook.signed(payment, secret_of(known))
    return gateway.call(known, webhook.PATH, body, headers=headers)


def secret_of(known: Known) -> str:
    """Return the secret that the provider's webhooks are signed with. Raises OrderError."""
    secret = known.get("webhooks", {}).get(_PROVIDER)
    if not secret:
        raise OrderError("this system has no secret of a payment provider: repeat `make up`")
    return str(secret)


def outcome(answer: dict[str, Any]) -> str:
    """Say what a webhook did. Raises OrderError when it did nothing."""
    status, invoice = answer["status"], answer.get("invoice")
    if status == "unmatched":
        raise OrderError(
            f"kept as unmatched: {one_line(str(answer.get('reason')))} (another payment has another PAYMENT=…)"
        )
    if invoice is None:
        return str(status)
    return f"{status}: invoice no. {invoice['number']} is {invoice['status']}"


def is_invoiced(order: Order) -> bool:
    return order["invoice"] is not None


def _order_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise OrderError("say which: `make pay ORDER=…`, the orderId that `make order` prints") from None


def _amount(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 0 < int(text[:20]) <= _AMOUNT_MAX:
        raise OrderError(f"AMOUNT is an integer in minor units, from 1 to {_AMOUNT_MAX}")
    return int(text)
