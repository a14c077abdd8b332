"""`/api/orders`: the newest, one of them, and a test order sent through the gateway."""

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
        ]

    async def all(self, request: web.Request) -> web.Response:
        limit = limit_of(request, maximum=_LISTED_MAX)
        return json_answer({"orders": await orders.latest(self._database, limit, self._store.about)})

    async def one(self, request: web.Request) -> web.Response:
        order_id = _uuid(request.match_info["order_id"])
        order = await orders.one(self._database, order_id, self._store.about) if order_id else None
        if order is None:
            raise ProblemError(404, "there is no such order")
        return json_answer(order)

    async def send(self, request: web.Request) -> web.Response:
        """Send what the form says as it is: what is wrong with it is the API's to say, in its own words."""
        body = await read_json(request, max_bytes=_BODY_MAX_BYTES)
        if not isinstance(body, dict) or not body.keys() <= _FIELDS:
            raise ProblemError(400, 'the body is {"amount", "currency"?, "customer"?}')
        key = self._key(body.get("customer", "demo"))
        order = {name: value for name, value in body.items() if name != "customer"}
        answer = await asyncio.to_thread(sending.send_order, self._system, key, order)
        self._store.add(answer.span)
        if answer.status >= 400:
            return _refusal(answer)
        return json_answer({"status": answer.status, "order": answer.document, "traceId": answer.span.trace_id}, 201)

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


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
