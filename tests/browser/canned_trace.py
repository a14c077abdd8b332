"""A canned trace: a publish that fails, a batch of thousands that links to it, and on demand a long wait between."""

from __future__ import annotations

from typing import Any

from tests.browser.canned import Json, log


def span(
    trace_id: str,
    number: int,
    parent: int | None,
    name: str,
    service: str,
    kind: str,
    start: float,
    duration: float,
    **more: Any,
) -> Json:
    return {
        "traceId": trace_id,
        "spanId": f"{number:016x}",
        "parent": None if parent is None else f"{parent:016x}",
        "name": name,
        "kind": kind,
        "service": service,
        "start": start,
        "duration": duration,
        "status": "UNSET",
        "links": [],
        "attributes": {},
        "events": [],
    } | more


def trace(trace_id: str, order_id: str, at: float) -> Json:
    batch = "b" * 32
    database = {
        "db.system.name": "postgresql",
        "db.namespace": "orders",
        "db.operation.name": "INSERT",
        "server.address": "127.0.0.1",
        "server.port": 25432,
    }
    http = {
        "http.request.method": "POST",
        "http.route": "/orders",
        "http.response.status_code": 201,
        "order.id": order_id,
        "customer.id": "demo",
    }
    link = {"traceId": trace_id, "spanId": f"{7:016x}"}
    wait = 52_000 if trace_id.startswith("0") else 6
    spans = [
        span(trace_id, 1, None, "POST", "kong", "SERVER", at, 34.2, attributes={"http.status_code": "201"}),
        span(trace_id, 2, 1, "POST (proxy)", "kong", "CLIENT", at + 1.1, 32.4),
        span(trace_id, 3, 2, "POST /orders", "create_order", "SERVER", at + 4.0, 27.7, attributes=http),
        span(
            trace_id,
            4,
            3,
            "SELECT orders.idempotency_keys",
            "create_order",
            "CLIENT",
            at + 5.2,
            2.1,
            attributes=database,
        ),
        span(trace_id, 5, 3, "INSERT orders.orders", "create_order", "CLIENT", at + 8.0, 6.4, attributes=database),
        span(trace_id, 7, 3, "create orders:order.created", "create_order", "PRODUCER", at + 7.5, 0.06),
        span(
            trace_id,
            8,
            3,
            "send orders:order.created",
            "create_order",
            "CLIENT",
            at + 15.5,
            9.6,
            status="ERROR",
            statusMessage="the broker did not confirm within 500 ms",
            events=[
                {
                    "name": "exception",
                    "time": at + 24,
                    "attributes": {"exception.type": "TimeoutError", "exception.message": "<b>not markup</b>"},
                }
            ],
        ),
        span(trace_id, 9, 3, "SELECT orders.delete_published", "create_order", "CLIENT", at + 26.0, 3.3),
        span(
            batch,
            20,
            None,
            "invoice_consumer",
            "invoice_consumer",
            "CONSUMER",
            at + 34 + wait,
            41.0,
            attributes={"faas.coldstart": True},
        ),
        span(
            batch,
            21,
            20,
            "process orders:order.created",
            "invoice_consumer",
            "CONSUMER",
            at + 37 + wait,
            35.0,
            links=[link],
            linkCount=6983,
            attributes={"messaging.batch.message_count": 6983},
        ),
        span(
            batch,
            22,
            21,
            "SELECT invoices.counter",
            "invoice_consumer",
            "CLIENT",
            at + 40 + wait,
            1.7,
            attributes=database,
        ),
        span(
            batch,
            23,
            21,
            "INSERT invoices.invoices",
            "invoice_consumer",
            "CLIENT",
            at + 45 + wait,
            18.2,
            attributes=database,
        ),
    ]
    logs = [
        log(at + 14, "create_order", "INFO", "order accepted", f"{3:016x}"),
        log(at + 25, "create_order", "WARNING", "publish failed, the relay will", f"{8:016x}"),
        log(at + 70 + wait, "invoice_consumer", "INFO", "batch processed", f"{21:016x}"),
    ]
    return {"traceId": trace_id, "spans": spans, "logs": logs}
