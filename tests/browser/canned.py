"""Canned answers of a console that never was: orders that become invoices, figures that move a little."""

from __future__ import annotations

import math
import random
import time
import uuid
from typing import Any

FUNCTIONS = [
    "create_order",
    "invoice_consumer",
    "record_payment",
    "order_updater",
    "cancel_order",
    "get_order",
    "outbox_relay",
    "invoices_relay",
    "operations",
    "release",
]
Json = dict[str, Any]


def iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}Z"


class World:
    """Orders that become invoices, and messages that are parked."""

    def __init__(self) -> None:
        self.orders: list[Json] = []
        self.numbers = 41
        self.parked = [
            parked("Invalid JSON: expected value at line 1 column 2", "{\x1b[2J\u202e"),
            parked(
                "/amount: must be an integer from 1 to 1000000000000",
                '{"orderId": "0193f0c4-6a53-7d0b-9c86-3f1f5f0a2b11", "amount": 12345678901234567890, "currency": "BRL",'
                ' "customer": {"id": "demo"}, "tags": [], "createdAt": "2026-11-22T13:06:45.123Z"}',
            ),
        ]
        for index in range(30):
            self.order(random.choice([1999, 4500, 129900, 7]), random.choice(["BRL", "JPY", "KWD"]), index * 9.0)

    def order(self, amount: int, currency: str, age_s: float = 0.0) -> Json:
        created = time.time() - age_s
        order = {
            "orderId": str(uuid.uuid4()),
            "customer": {"id": "demo"},
            "amount": amount,
            "currency": currency,
            "status": "pending",
            "createdAt": iso(created),
            "traceId": uuid.uuid4().hex,
            "at": created,
        }
        self.orders.insert(0, order)
        self.orders.sort(key=lambda one: -one["at"])
        return order

    def shown(self, order: Json) -> Json:
        is_invoiced = time.time() - order["at"] > 2
        if is_invoiced and "number" not in order:
            self.numbers += 1
            order["number"] = self.numbers
        invoice = self._invoice(order) if is_invoiced else None
        status = order["status"]
        state = status if status != "pending" else "invoiced" if is_invoiced else "pending"
        return {name: value for name, value in order.items() if name not in ("at", "number")} | {
            "state": state,
            "updatedAt": order["createdAt"],
            "reference": None,
            "invoice": invoice,
            "payments": [{"refunds": []}] if status == "paid" else [],
        }

    def _invoice(self, order: Json) -> Json:
        status = order["status"]
        return {
            "number": order["number"],
            "status": "issued" if status == "pending" else status,
            "issuedAt": iso(order["at"] + 1),
            "amount": order["amount"],
            "currency": order["currency"],
            "paidAmount": order["amount"] if status == "paid" else 0,
            "creditNote": {"number": 3, "issuedAt": iso(order["at"] + 2)} if status == "canceled" else None,
        }


def parked(reason: str, body: str) -> Json:
    return {
        "id": str(uuid.uuid4()),
        "reason": reason,
        "queue": "invoices.order-created",
        "firstSeen": iso(time.time() - 400),
        "lastSeen": iso(time.time() - 40),
        "count": 1,
        "replayedAt": None,
        "state": "waiting",
        "body": body,
        "properties": {"messageId": str(uuid.uuid4()), "type": "order.created.v1", "headers": {}},
        "traceId": uuid.uuid4().hex,
    }


def wave(period_s: float, most: float) -> float:
    return max(0.0, most * (0.5 + 0.5 * math.sin(time.time() / period_s)) + random.uniform(-0.1, 0.1) * most)


def function(name: str, index: int) -> Json:
    now = time.time() * 1000
    invocations = [
        {
            "requestId": f"{name}-{int(now / 4000) - back}",
            "start": now - back * 4000,
            "duration": 8 + 5 * math.sin((int(now / 4000) - back) * 1.7) + index * 3,
            "billedMs": 14,
            "memoryMb": 71 + index,
            "initMs": 210.5 if back == 29 else None,
            "error": "OutOfMemory" if name == "invoice_consumer" and (int(now / 4000) - back) % 17 == 0 else None,
        }
        for back in range(30)
    ]
    return {
        "name": name,
        "state": "Active",
        "handler": f"{name}.handler.handle",
        "memoryMb": 512,
        "timeoutSeconds": 10 + index * 10,
        "environments": {
            "warm": 2 if index < 3 else 0,
            "busy": int(wave(3 + index, 2)) if index < 3 else 0,
            "starting": 0,
        },
        "invocations": 1204 - index * 200,
        "coldStarts": max(0, 3 - index // 2),
        "errors": 1 if name == "invoice_consumer" else 0,
        "lastInvocations": [] if name == "release" else invocations,
        "logs": [
            log(now - 900, name, "INFO", "order accepted"),
            log(now - 300, name, "WARNING", "publish failed, the relay will"),
        ],
    }


def log(at_ms: float, service: str, level: str, message: str, span_id: str | None = None) -> Json:
    fields = {"order_id": "0193f0c4-6a53-7d0b-9c86-3f1f5f0a2b11", "cold_start": False, "amount": 1999}
    return {
        "time": iso(at_ms / 1000),
        "service": service,
        "level": level,
        "message": message,
        "spanId": span_id,
        "fields": fields,
    }


def queues() -> list[Json]:
    fed = {
        "invoices.order-created": "invoice_consumer",
        "invoices.order-canceled": "invoice_consumer",
        "orders.invoice-changed": "order_updater",
    }
    return [
        {
            "name": name,
            "ready": int(wave(7, 9)) if name in fed else 0,
            "unacknowledged": int(wave(5, 3)) if name in fed else 0,
            "consumers": 1,
            "mapping": {"state": "Enabled", "functionName": function, "batchSize": 10000},
        }
        for queue, function in fed.items()
        for name in (queue, f"{queue}.dead-letter")
    ]


def overview(world: World, *, broken: str = "") -> Json:
    names = ["gateway", "emulator", "postgres", "rabbitmq", "console"]
    states = {name: {"state": "down" if name == broken else "up"} for name in names}
    return {
        "at": iso(time.time()),
        "ordersPerSecond": round(wave(9, 14), 1),
        "errorsPerSecond": 0.0,
        "outboxRows": 42 if broken else int(wave(4, 3)),
        "oldestOutboxSeconds": 37.2 if broken else 0.4,
        "invoicesOutboxRows": 7 if broken else 0,
        "oldestInvoicesOutboxSeconds": 12.0 if broken else None,
        "unmatchedPayments": 1,
        "parkedWaiting": sum(one["state"] == "waiting" for one in world.parked),
        "gateway": states["gateway"],
        "parts": states,
        "functions": [function(name, index) for index, name in enumerate(FUNCTIONS)],
        "queues": queues(),
    }
