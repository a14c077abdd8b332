"""`/api/orders`: the newest, one of them; through the gateway a test order, an order's payment and its cancellation."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from aiohttp import web

from localregion.console.http.answers import ProblemError, json_answer
from localregion.console.http.body import read_json
from localregion.console.http.parameters import limit_of
from localregion.console.sources.database import Database
from localregion.console.sources.local_system import LocalSystem
from localregion.console.traces.store import TraceStore
from orders import webhook
from orders.console import orders, sending

_LISTED_MAX = 500
_BODY_MAX_BYTES = 10_000
_FIELDS = {"amount", "currency", "customer"}


class OrdersApi:
    """Reads the database, and the store for the orders' traces."""

    def __init__(self, system: LocalSystem, database: Database, store: TraceStore) -> None:
        self._system = system
        self._database = database
        self._store = store

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/orders", self.all),
            web.get("/api/orders/{order_id}", self.one),
            web.post("/api/orders", self.send),
            web.post("/api/orders/{order_id}/pay", self.pay),
            web.post("/api/orders/{order_id}/cancel", self.cancel),
        ]

    async def all(self, request: web.Request) -> web.Response:
        limit = limit_of(request, maximum=_LISTED_MAX)
        return json_answer({"orders": await orders.latest(self._database, limit, self._store.about)})

    async def one(self, request: web.Request) -> web.Response:
        return json_answer(await self._order(request))

    async def send(self, request: web.Request) -> web.Response:
        """Send what the form says as it is: what is wrong with it is the API's to say, in its own words."""
        body = await read_json(request, max_bytes=_BODY_MAX_BYTES)
        if not isinstance(body, dict) or not body.keys() <= _FIELDS:
            raise ProblemError(400, 'the body is {"amount", "currency"?, "customer"?}')
        key = self._key(body.get("customer", "demo"))
        order = {name: value for name, value in body.items() if name != "customer"}
        answer = await asyncio.to_thread(sending.send_order, self._system, key, order)
        return self._said(answer, "order", 201)

    async def pay(self, request: web.Request) -> web.Response:
        """Pay what is open of the order's invoice, or the amount that is given, as its payment provider."""
        body = await read_json(request, max_bytes=_BODY_MAX_BYTES)
        payment = _payment(await self._order(request), body)
        secret = self._system.endpoint("webhooks")["default"]
        return self._said(await asyncio.to_thread(sending.send_payment, self._system, secret, payment), "payment", 200)

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel the order as its customer."""
        if await read_json(request, max_bytes=_BODY_MAX_BYTES) != {}:
            raise ProblemError(400, "the body is {}")
        order = await self._order(request)
        key = self._key(order["customer"]["id"])
        answer = await asyncio.to_thread(sending.cancel_order, self._system, key, order["orderId"])
        return self._said(answer, "order", 200)

    async def _order(self, request: web.Request) -> dict[str, Any]:
        order_id = _uuid(request.match_info["order_id"])
        order = await orders.one(self._database, order_id, self._store.about) if order_id else None
        if order is None:
            raise ProblemError(404, "there is no such order")
        return order

    def _said(self, answer: sending.Answer, name: str, status: int) -> web.Response:
        self._store.add(answer.span)
        if answer.status >= 400:
            return _refusal(answer)
        return json_answer({"status": answer.status, name: answer.document, "traceId": answer.span.trace_id}, status)

    def _key(self, customer: Any) -> str:
        keys = self._system.endpoint("keys")
        if not isinstance(customer, str) or customer not in keys:
            raise ProblemError(422, f"no such customer; there are: {', '.join(keys)}")
        return str(keys[customer])


def _refusal(answer: sending.Answer) -> web.Response:
    document = answer.document if isinstance(answer.document, dict) else {}
    # Kong's own answers have a message only.
    problem = {"type": "about:blank", "status": answer.status, "detail": document.get("message", "refused"), **document}
    refused = json_answer({**problem, "traceId": answer.span.trace_id}, answer.status)
    refused.content_type = "application/problem+json"
    return refused


def _payment(order: dict[str, Any], body: Any) -> webhook.Payment:
    """The first payment has the id that `make pay` gives it, later ones are counted."""
    if not isinstance(body, dict) or not body.keys() <= {"amount"}:
        raise ProblemError(400, 'the body is {"amount"?}')
    invoice = order["invoice"]
    if invoice is None:
        raise ProblemError(409, "there is no invoice yet")
    amount = body.get("amount", invoice["amount"] - invoice["paidAmount"])
    if type(amount) is not int or amount < 1:
        raise ProblemError(409, "nothing is open, and an amount is an integer from 1 on")
    so_far = len(order["payments"])
    whole = webhook.payment_id_of(invoice["invoiceId"])
    return webhook.Payment(
        payment_id=f"{whole}-{so_far + 1}" if so_far else whole,
        invoice_id=invoice["invoiceId"],
        amount=amount,
        currency=invoice["currency"],
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
