"""What is checked, in order: each step raises SmokeError or returns what to say of it.

It creates one order of a small amount and cancels it: what stays is a canceled invoice with its credit note. The
Idempotency-Keys are random, so running it again is another order.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from orders.smoke.http_client import Answer, HttpClient, SmokeError

Step = tuple[str, Callable[[], str]]
_BODY = {"amount": 100, "currency": "BRL"}
_POLL_INTERVAL_S = 0.25


class Smoke:
    """One run against one deployment."""

    def __init__(self, client: HttpClient, key: str, *, invoice_timeout_s: float) -> None:
        self._client = client
        self._key = key
        self._invoice_timeout_s = invoice_timeout_s
        self._idempotency_key = f"smoke-{uuid.uuid4()}"
        self._order: dict[str, Any] = {}
        self._cancellation_key = f"smoke-cancel-{uuid.uuid4()}"
        self._accepted = ""
        self._canceled = ""
        self._location = ""

    def steps(self) -> list[Step]:
        return [
            ("health", self._health),
            ("no key is refused", self._refuses_no_key),
            ("a wrong key is refused", self._refuses_a_wrong_key),
            ("a bad order is refused", self._refuses_a_bad_order),
            ("an order is accepted", self._accepts_an_order),
            ("the same request again is replayed", self._replays),
            ("the key with another body is refused", self._refuses_another_body),
            ("the order gets its invoice", self._invoices),
            ("the order is canceled", self._cancels),
            ("the cancellation again is replayed", self._replays_the_cancellation),
            ("its invoice is canceled as well", self._cancels_the_invoice),
        ]

    def _health(self) -> str:
        status = self._client.get("/health").expect(200).json().get("status")
        if status not in ("ok", "degraded"):
            raise SmokeError(f"GET /health: status is {status!r}")
        return str(status)

    def _refuses_no_key(self) -> str:
        self._client.post("/orders", _BODY).expect(401)
        self._client.get(f"/orders/{uuid.uuid4()}").expect(401)
        return "401"

    def _refuses_a_wrong_key(self) -> str:
        self._client.post("/orders", _BODY, apikey=f"wrong-{uuid.uuid4()}").expect(401)
        return "401"

    def _refuses_a_bad_order(self) -> str:
        problem = self._client.post("/orders", {**_BODY, "amount": -1}, apikey=self._key).expect(422)
        errors = problem.json().get("errors") or [{}]
        if errors[0].get("pointer") not in ("/amount", "#/amount"):
            raise SmokeError(f"{problem.request}: 422 does not point at /amount: {problem.text[:300]}")
        return "422, /amount"

    def _accepts_an_order(self) -> str:
        answer = self._post()
        self._order = answer.expect(201).json()
        self._accepted, self._location = answer.text, answer.headers.get("location", "")
        if self._location != f"/orders/{self._order.get('orderId')}":
            raise SmokeError(f"{answer.request}: Location is {self._location!r}, the order {answer.text[:300]}")
        return str(self._order["orderId"])

    def _replays(self) -> str:
        answer = self._post().expect(201)
        if answer.text != self._accepted:
            raise SmokeError(f"{answer.request} again: another body: {answer.text[:300]}")
        if answer.headers.get("idempotent-replayed") != "true":
            raise SmokeError(f"{answer.request} again: no Idempotent-Replayed: true")
        return "201, the same body"

    def _refuses_another_body(self) -> str:
        self._post(amount=101).expect(422)
        return "422"

    def _invoices(self) -> str:
        invoice = self._wait_for_invoice(lambda _: True, "no invoice")
        wanted = (self._order["amount"], self._order["currency"])
        if (invoice.get("amount"), invoice.get("currency")) != wanted:
            raise SmokeError(f"{self._location}: ordered {wanted}, the invoice is {invoice}")
        return f"number {invoice.get('number')}"

    def _cancels(self) -> str:
        answer = self._cancel().expect(200)
        self._canceled = answer.text
        if answer.json().get("status") != "canceled":
            raise SmokeError(f"{answer.request}: the order is not canceled: {answer.text[:300]}")
        return "200, canceled"

    def _replays_the_cancellation(self) -> str:
        answer = self._cancel().expect(200)
        if answer.text != self._canceled:
            raise SmokeError(f"{answer.request} again: another body: {answer.text[:300]}")
        if answer.headers.get("idempotent-replayed") != "true":
            raise SmokeError(f"{answer.request} again: no Idempotent-Replayed: true")
        return "200, the same body"

    def _cancels_the_invoice(self) -> str:
        invoice = self._wait_for_invoice(lambda one: one.get("status") == "canceled", "no canceled invoice")
        if not invoice.get("creditNote"):
            raise SmokeError(f"{self._location}: the canceled invoice has no credit note: {invoice}")
        return f"credit note {invoice['creditNote'].get('number')}"

    def _wait_for_invoice(self, condition: Callable[[dict[str, Any]], bool], otherwise: str) -> dict[str, Any]:
        deadline = time.monotonic() + self._invoice_timeout_s
        while True:
            invoice: dict[str, Any] | None = self._read().get("invoice")
            if invoice and condition(invoice):
                return invoice
            if time.monotonic() > deadline:
                raise SmokeError(f"{otherwise} for {self._location} within {self._invoice_timeout_s:g} s")
            time.sleep(_POLL_INTERVAL_S)

    def _cancel(self) -> Answer:
        headers = {"apikey": self._key, "idempotency_key": self._cancellation_key}
        return self._client.post(f"{self._location}/cancel", {}, **headers)

    def _read(self) -> dict[str, Any]:
        return self._client.get(self._location, apikey=self._key).expect(200).json()

    def _post(self, **changes: int) -> Answer:
        headers = {"apikey": self._key, "idempotency_key": self._idempotency_key}
        return self._client.post("/orders", {**_BODY, **changes}, **headers)
