"""Payment providers and customers who change their minds: they pay, repeat, refund, cancel, and note every answer.

They work on what the clients ordered. Some pay in parts, some twice at once; some repeat a webhook minutes later, as
providers do; some cancel, with and without an Idempotency-Key, and now and then in the moment of a payment.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localregion.http_client import HttpClient, HttpError
from orders import webhook
from proof.chaos.clients import TIMEOUT_S, Shop
from proof.chaos.history import UNKNOWN, Cancellation, Request, Told, Webhook

_REMEMBERED = 50
_WHEN = "2026-01-01T00:00:00.000Z"


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How many payers there are, and how long each rests between two deeds."""

    seed: int
    count: int = 2
    pause_s: float = 0.1


class Payers:
    """A number of threads; `stop` returns when all have ended."""

    def __init__(self, shop: Shop, habits: Habits) -> None:
        self._stopping = threading.Event()
        self._payers = [_Thread(number, shop, habits, self._stopping) for number in range(habits.count)]

    def start(self) -> None:
        for payer in self._payers:
            payer.start()

    def stop(self) -> None:
        self._stopping.set()
        for payer in self._payers:
            payer.join()
        for payer in self._payers:
            if payer.failure is not None:
                raise payer.failure


class Payer:
    """What a payer does: asks for an invoice, sends a webhook, cancels an order; each is noted."""

    def __init__(self, shop: Shop, *, name: str, chance: random.Random) -> None:
        self._shop = shop
        self._name = name
        self._chance = chance

    def invoice_of(self, order: Request) -> dict[str, Any] | None:
        """Its invoice while it waits for money."""
        headers = {"apikey": self._shop.keys[order.intent.customer]}
        status, body, _ = self._exchange("GET", f"/orders/{order.body['orderId']}", None, headers)
        if status != 200 or body["invoice"] is None or body["invoice"]["status"] != "issued":
            return None
        return dict(body["invoice"])

    def payment(self, order: Request, invoice: Mapping[str, Any], amount: int) -> Webhook:
        """A payment that nobody made before."""
        return Webhook(
            # Of an invoice, so that no other run on the same database has it.
            id=f"pay-{invoice['invoiceId']}-{self._name}-{self._chance.getrandbits(32):x}",
            refund_of=None,
            order_id=order.body["orderId"],
            invoice_id=invoice["invoiceId"],
            amount=amount,
            currency=invoice["currency"],
        )

    def send(self, sent: Webhook) -> Told:
        """Send a webhook, signed now."""
        began = self._shop.history.now()
        body, headers = _signed(sent, self._shop.webhook_secret)
        status, answer, error = self._exchange("POST", webhook.PATH, body, headers)
        told = Told(
            webhook=sent, began_s=began, ended_s=self._shop.history.now(), status=status, body=answer, error=error
        )
        self._shop.history.add_told(told)
        return told

    def cancel(self, order: Request) -> None:
        """Cancel an order, with a key or without."""
        began = self._shop.history.now()
        headers = {"apikey": self._shop.keys[order.intent.customer]}
        if self._chance.random() < 0.5:
            headers["Idempotency-Key"] = f"cancel {order.body['orderId']}"
        status, answer, error = self._exchange("POST", f"/orders/{order.body['orderId']}/cancel", {}, headers)
        self._shop.history.add_cancellation(
            Cancellation(
                order_id=order.body["orderId"],
                intent=order.intent,
                began_s=began,
                ended_s=self._shop.history.now(),
                status=status,
                body=answer,
                error=error,
            )
        )

    def _exchange(
        self, method: str, path: str, body: bytes | Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> tuple[int, Any, str]:
        """Return status, decoded body and why there was no answer; on a connection of its own."""
        try:
            with contextlib.closing(HttpClient(self._shop.gateway, timeout_s=TIMEOUT_S)) as http:
                answer = http.request(method, path, body, headers=headers)
        except HttpError as error:
            return UNKNOWN, None, error.reason
        decoded: Any = None
        with contextlib.suppress(HttpError):
            decoded = answer.json()
        return answer.status, decoded, ""


class _Thread(threading.Thread):
    def __init__(self, number: int, shop: Shop, habits: Habits, stopping: threading.Event) -> None:
        super().__init__(name=f"payer {number}", daemon=True)
        self.failure: Exception | None = None
        self._shop = shop
        self._habits = habits
        self._stopping = stopping
        self._chance = random.Random(f"{habits.seed}/payer {number}")
        self._payer = Payer(shop, name=f"{number}", chance=self._chance)
        self._sent: list[Webhook] = []
        self._refundable: list[Webhook] = []

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._do_something()
                self._stopping.wait(self._chance.uniform(0.2, 1.8) * self._habits.pause_s)
        except Exception as error:
            self.failure = error

    def _do_something(self) -> None:
        dice = self._chance.random()
        if self._sent and dice < 0.15:
            self._send(self._chance.choice(self._sent))
        elif self._refundable and dice < 0.25:
            self._refund(self._refundable.pop(self._chance.randrange(len(self._refundable))))
        elif (order := self._some_order()) is not None:
            if dice < 0.35:
                self._payer.cancel(order)
            else:
                self._pay(order, dice)

    def _some_order(self) -> Request | None:
        accepted = self._shop.history.accepted
        # Mostly a recent one: old ones are paid.
        return self._chance.choice(accepted[-20 * self._habits.count :]) if accepted else None

    def _pay(self, order: Request, dice: float) -> None:
        invoice = self._payer.invoice_of(order)
        if invoice is None:
            return
        whole = self._payer.payment(order, invoice, invoice["amount"])
        if dice < 0.5:
            part = self._chance.randint(1, invoice["amount"] - 1)
            self._send(self._payer.payment(order, invoice, part))
            self._send(self._payer.payment(order, invoice, invoice["amount"] - part))
        elif dice < 0.6:
            self._at_once(lambda: self._send(whole), lambda: self._send(whole))
        elif dice < 0.65:
            second = self._payer.payment(order, invoice, invoice["amount"])
            self._at_once(lambda: self._send(whole), lambda: self._send(second))
        elif dice < 0.7:
            self._at_once(lambda: self._send(whole), lambda: self._payer.cancel(order))
        else:
            self._send(whole)

    def _refund(self, payment: Webhook) -> None:
        """All or a part of it; a payment is refunded once."""
        amount = payment.amount if self._chance.random() < 0.7 else max(1, payment.amount // 2)
        self._send(
            Webhook(
                id=f"refund-{payment.id}",
                refund_of=payment.id,
                order_id=payment.order_id,
                invoice_id=payment.invoice_id,
                amount=amount,
                currency=payment.currency,
            )
        )

    def _send(self, sent: Webhook) -> None:
        told = self._payer.send(sent)
        self._sent = [*self._sent[-_REMEMBERED:], sent]
        if told.is_recorded and sent.refund_of is None and told.body["status"] == "recorded":
            self._refundable = [*self._refundable[-_REMEMBERED:], sent]

    def _at_once(self, *deeds: Callable[[], None]) -> None:
        threads = [threading.Thread(target=deed) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _signed(sent: Webhook, secret: str) -> tuple[bytes, dict[str, str]]:
    """The same webhook under a signature of now, as providers repeat theirs."""
    webhook_id, timestamp = f"msg_{sent.id}", str(int(time.time()))
    body = json.dumps(_document(sent)).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": webhook.signature(secret, webhook_id, timestamp, body),
    }
    return body, headers


def _document(sent: Webhook) -> dict[str, Any]:
    money = {"amount": sent.amount, "currency": sent.currency}
    if sent.refund_of is not None:
        refund = {"refundId": sent.id, "paymentId": sent.refund_of, **money, "refundedAt": _WHEN}
        return {"type": "payment.refunded", "data": refund}
    payment = {"paymentId": sent.id, "invoiceId": sent.invoice_id, **money, "paidAt": _WHEN}
    return {"type": "payment.succeeded", "data": payment}
