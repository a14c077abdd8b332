"""The spans of one order, from the request through broker and relay to its invoice, as a collector gets them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tests.collector import BROKEN, Collector, Span, running_collector
from tests.integration.functions.conftest import PASSWORD
from tests.integration.functions.http_events import get, post_order
from tests.integration.functions.payments import invoiced, payment
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_invoice_consumer import batch, message, order_body
from tests.integration.functions.test_outbox_relay import relay

from contracts.topology import INVOICE_CHANGED_QUEUE, ORDER_CREATED_QUEUE
from tracing.configuration import EXPORT_TIMEOUT_S

CLIENT = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
SAMPLED = {"traceparent": f"00-{CLIENT[0]}-{CLIENT[1]}-01", "tracestate": "a=b"}
NOT_SAMPLED = {"traceparent": f"00-{CLIENT[0]}-{CLIENT[1]}-00"}
DESTINATION = "orders:order.created"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """A collector, and tracing on: without hurry, for a machine that does other things besides."""
    with running_collector() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "5000")
        yield running


@pytest.fixture
def said(collector: Collector, empty: Any, invoke: Any) -> Iterator[list[dict[str, Any]]]:
    """What `create_order` logs, as its formatter writes it."""
    logger = invoke.dependencies("create_order").logger
    lines: list[dict[str, Any]] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(logger.registered_formatter.format(record)))

    handler = Lines()
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def traceparent_of(span: Span, flags: str = "01") -> str:
    return f"00-{span.trace_id}-{span.span_id}-{flags}"


def carried(properties: Any) -> dict[str, str]:
    """The trace context; the broker adds headers of its own."""
    return {name: value for name, value in properties.headers.items() if name.startswith("trace")}


def as_delivered(taken: tuple[Any, bytes]) -> dict[str, Any]:
    """A message out of the queue, as the event source mapping delivers it."""
    properties, body = taken
    headers = {name: {"bytes": list(value.encode())} for name, value in carried(properties).items()}
    return message(body, messageId=properties.message_id, headers=headers)


def children(spans: list[Span], parent: Span) -> list[tuple[str, str]]:
    below = [span for span in spans if span.parent == parent.span_id]
    return [(span.kind, span.name) for span in sorted(below, key=lambda span: span.began_ns)]


def test_an_order_is_one_trace_below_the_clients(collector: Collector, empty: Any, invoke: Any) -> None:
    answer = invoke("create_order", post_order(headers=SAMPLED))
    order_id = json.loads(answer["body"])["orderId"]
    request = collector.one("POST /orders")

    assert (request.service, request.kind, request.trace_id, request.parent) == ("create_order", "SERVER", *CLIENT)
    assert request.document["traceState"] == "a=b"
    assert request.attributes == {
        "faas.invocation_id": "c0ffee00-0000-4000-8000-000000000000",
        "faas.trigger": "http",
        "faas.coldstart": True,
        "http.request.method": "POST",
        "http.route": "/orders",
        "url.path": "/orders",
        "customer.id": "demo",
        "order.id": order_id,
        "order.is_replay": False,
        "http.response.status_code": 201,
    }
    assert children(collector.spans, request) == [
        ("PRODUCER", f"create {DESTINATION}"),
        ("CLIENT", "INSERT orders.orders INSERT orders.outbox"),
        ("CLIENT", f"send {DESTINATION}"),
        ("CLIENT", "SELECT orders.delete_published"),
    ]
    assert len(collector.bodies) == 1, "one export for each invocation"
    for span in collector.spans:
        assert request.began_ns <= span.began_ns <= span.ended_ns <= request.ended_ns
        assert not span.is_error


def test_the_message_carries_the_context_of_its_creation(collector: Collector, empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order(headers=SAMPLED))
    [(properties, _)] = take(empty)
    created, sent = collector.one(f"create {DESTINATION}"), collector.one(f"send {DESTINATION}")

    assert carried(properties) == {"traceparent": traceparent_of(created), "tracestate": "a=b"}
    assert sent.links == [(created.trace_id, created.span_id)]
    for span, operation in ((created, "create"), (sent, "send")):
        assert (
            span.attributes.items()
            >= {
                "messaging.system": "rabbitmq",
                "messaging.operation.name": operation,
                "messaging.operation.type": operation,
                "messaging.destination.name": DESTINATION,
                "messaging.rabbitmq.destination.routing_key": "order.created",
                "messaging.message.id": properties.message_id,
            }.items()
        )
    assert sent.attributes.items() >= {"server.address": "127.0.0.1", "server.port": empty.rabbitmq.port}.items()


def test_a_statements_span_says_what_it_does_and_no_value(collector: Collector, empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order({"amount": 987_654_321}, key="key-of-the-client"))
    insert = collector.one("INSERT orders.idempotency_keys INSERT orders.orders INSERT orders.outbox")

    text = insert.attributes.pop("db.query.text")
    assert insert.attributes == {
        "db.system.name": "postgresql",
        "db.namespace": "orders",
        "db.operation.name": "INSERT",
        "db.query.summary": insert.name,
        "server.address": empty.postgres.host,
        "server.port": empty.postgres.port,
    }
    assert "%(amount)s" in text
    assert "987654321" not in str(collector.bodies)
    assert "key-of-the-client" not in str(collector.bodies)


def test_an_order_without_a_context_begins_a_trace(collector: Collector, empty: Any, invoke: Any) -> None:
    for headers in ({}, {"traceparent": "00-not-a-context-01"}):
        invoke("create_order", post_order(headers=headers))
    first, second = collector.named("POST /orders")

    assert (first.parent, second.parent) == (None, None)
    assert first.trace_id != second.trace_id
    assert {span.trace_id for span in collector.spans} == {first.trace_id, second.trace_id}
    assert (first.attributes["faas.coldstart"], second.attributes["faas.coldstart"]) == (True, False)


def test_what_nobody_samples_travels_on_and_is_not_exported(collector: Collector, empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order(headers=NOT_SAMPLED))
    [taken] = take(empty)
    trace_id, span_id, flags = taken[0].headers["traceparent"].split("-")[1:]
    invoke("invoice_consumer", batch(as_delivered(taken)))

    assert (trace_id, flags) == (CLIENT[0], "00")
    assert span_id != CLIENT[1]
    assert collector.named("POST /orders") == []
    assert collector.one(f"process {ORDER_CREATED_QUEUE}").links == []


def test_a_repeated_key_and_a_refusal_are_seen(collector: Collector, empty: Any, invoke: Any) -> None:
    first = invoke("create_order", post_order(key="k"))
    invoke("create_order", post_order(key="k"))
    invoke("create_order", post_order(b"{"))
    _, repeated, refused = collector.named("POST /orders")

    assert repeated.attributes["order.is_replay"] is True
    assert repeated.attributes["order.id"] == json.loads(first["body"])["orderId"]
    assert refused.attributes["http.response.status_code"] == 400
    assert not refused.is_error, "the client's mistake is no error of the server's span"
    assert len(collector.named(f"send {DESTINATION}")) == 1


def test_a_batch_is_linked_to_every_order_in_it(collector: Collector, empty: Any, invoke: Any) -> None:
    for _ in range(3):
        invoke("create_order", post_order())
    event = batch(*map(as_delivered, take(empty)), message(order_body()))
    invoke("invoice_consumer", event)
    invoke("invoice_consumer", event)
    created = collector.named(f"create {DESTINATION}")
    fresh, again = collector.named(f"process {ORDER_CREATED_QUEUE}")
    invocation, _ = collector.named("invoice_consumer")

    assert (invocation.kind, invocation.parent, invocation.attributes["faas.trigger"]) == ("SERVER", None, "pubsub")
    assert (fresh.kind, fresh.parent) == ("CONSUMER", invocation.span_id)
    assert fresh.links == again.links == [(span.trace_id, span.span_id) for span in created]
    assert fresh.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": ORDER_CREATED_QUEUE,
        "messaging.batch.message_count": 4,
        "batch.issued": 4,
        "batch.late": 0,
        "batch.duplicates": 0,
        "batch.canceled": 0,
        "batch.parked": 0,
    }
    assert again.attributes["batch.duplicates"] == 4
    names = [name for _, name in children(collector.spans, fresh)]
    assert names == ["SELECT invoices.invoice_counter", "SELECT invoices.invoices INSERT invoices.invoices"
                     " SELECT invoices.invoice_counter UPDATE invoices.invoice_counter"
                     " SELECT invoices.canceled_orders"]  # fmt: skip


def test_a_parked_message_has_a_span_of_its_own(collector: Collector, empty: Any, invoke: Any) -> None:
    headers = {"traceparent": {"bytes": list(SAMPLED["traceparent"].encode())}}
    invoke("invoice_consumer", batch(message(b"{", headers=headers, messageId="m-1"), message(order_body())))
    parked, process = collector.one(f"park {ORDER_CREATED_QUEUE}"), collector.one(f"process {ORDER_CREATED_QUEUE}")

    assert (parked.parent, parked.links) == (process.span_id, [CLIENT])
    assert parked.is_error
    assert parked.attributes["messaging.message.id"] == "m-1"
    assert "EOF" in parked.document["status"]["message"]
    assert process.links == [CLIENT]
    assert process.attributes["batch.parked"] == 1


def test_what_the_relay_sends_is_in_the_orders_trace(collector: Collector, empty: Any, invoke: Any) -> None:
    empty.rabbitmq.freeze()
    try:
        invoke("create_order", post_order(headers=SAMPLED))
    finally:
        empty.rabbitmq.thaw()
    failed, created = collector.one(f"send {DESTINATION}"), collector.one(f"create {DESTINATION}")
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    relay(invoke)
    _, sent = collector.named(f"send {DESTINATION}")
    run = collector.one("outbox_relay")
    [(properties, _)] = take(empty)[-1:]

    assert failed.is_error
    assert failed.attributes["error.type"] == "BrokerUnavailableError"
    assert not collector.one("POST /orders").is_error
    assert (sent.service, sent.trace_id, sent.parent) == ("outbox_relay", created.trace_id, created.span_id)
    assert sent.links == [(run.trace_id, run.span_id)]
    assert (run.kind, run.parent, run.attributes["faas.trigger"]) == ("SERVER", None, "timer")
    assert run.trace_id != sent.trace_id
    assert run.attributes["outbox.published"] == 1
    assert carried(properties) == {"traceparent": traceparent_of(created), "tracestate": "a=b"}
    assert ("CLIENT", "SELECT orders.outbox") in children(collector.spans, run)


def test_reading_an_order_and_health_are_traced(collector: Collector, empty: Any, invoke: Any) -> None:
    order = json.loads(invoke("create_order", post_order())["body"])
    event = get(f"/orders/{order['orderId']}")
    event["headers"] |= SAMPLED
    invoke("get_order", event)
    invoke("get_order", get("/health"))
    read, health = collector.one("GET /orders/{orderId}"), collector.one("GET /health")

    assert (read.service, read.trace_id, read.parent) == ("get_order", *CLIENT)
    assert read.attributes["order.id"] == order["orderId"]
    assert children(collector.spans, read) == [
        ("CLIENT", "SELECT orders.orders SELECT invoices.invoices SELECT invoices.credit_notes")
    ]
    assert children(collector.spans, health) == [("CLIENT", "SELECT")]


def test_what_an_operator_does_is_traced(collector: Collector, empty: Any, invoke: Any) -> None:
    invoke("operations", {"operation": "parked"})
    with pytest.raises(Exception, match="no operation"):
        invoke("operations", {"operation": "unknown"})
    done, refused = collector.named("operations")

    assert done.attributes["operation"] == "ListParked"
    assert ("CLIENT", "SELECT orders.parked_messages SELECT invoices.parked_messages") in children(
        collector.spans, done
    )
    assert (refused.is_error, refused.attributes["error.type"]) == (True, "InvalidRequestError")


def test_a_database_that_is_away_is_an_error_of_the_request(collector: Collector, empty: Any, invoke: Any) -> None:
    with empty.admin() as connection, connection.transaction():
        connection.execute("LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE")
        assert invoke("create_order", post_order())["statusCode"] == 503
    request, insert = collector.one("POST /orders"), collector.one("INSERT orders.orders INSERT orders.outbox")

    assert (request.is_error, request.attributes["error.type"]) == (True, "503")
    assert insert.is_error
    assert insert.attributes["error.type"] == insert.attributes["db.response.status_code"] == "55P03"


def test_log_lines_carry_the_ids_of_their_invocation(
    collector: Collector, said: list[dict[str, Any]], invoke: Any
) -> None:
    for _ in range(2):
        invoke("create_order", post_order())
    requests = collector.named("POST /orders")
    invoke.dependencies("create_order").logger.info("between invocations")

    assert [(line.get("trace_id"), line.get("span_id")) for line in said] == [
        *((request.trace_id, request.span_id) for request in requests),
        (None, None),
    ]


@pytest.mark.parametrize("kind", ["dead", *BROKEN])
def test_a_broken_collector_costs_no_order_and_at_most_its_time_out(
    collector: Collector, said: list[dict[str, Any]], empty: Any, invoke: Any, kind: str
) -> None:
    spans = invoke.dependencies("create_order").tracing
    invoke("create_order", post_order())
    spans.collector.timeout_s = EXPORT_TIMEOUT_S
    if kind == "dead":
        collector.close()
    collector.answer = BROKEN.get(kind, collector.answer)
    collector.hang_up()
    for _ in range(3):
        assert invoke("create_order", post_order())["statusCode"] == 201

    # On the deadline's own clock, and generously: a busy machine comes back late.
    assert 0 < spans.collector.spent_s < 0.5
    (outage,) = [line for line in said if "spans are dropped" in line["message"]]
    assert outage["reason"]
    assert empty.count("orders.orders") == 4
    assert len(collector.bodies) <= 2, "the breaker is open"


def test_a_collector_that_was_started_again_gets_the_next_spans(collector: Collector, empty: Any, invoke: Any) -> None:
    for _ in range(2):
        invoke("create_order", post_order())
        collector.hang_up()
    invoke("create_order", post_order())

    assert len(collector.named("POST /orders")) == 3


def test_no_secret_is_in_any_span(collector: Collector, empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order(headers={"apikey": PASSWORD, "authorization": PASSWORD, **SAMPLED}))
    invoke("get_order", get("/orders/0198f8a0-0000-7000-8000-000000000001"))
    invoke("invoice_consumer", batch(message(b"{"), message(order_body())))
    relay(invoke)
    invoke("operations", {"operation": "audit", "emitMetrics": True})

    assert {span.service for span in collector.spans} == {
        *("create_order", "get_order", "invoice_consumer", "outbox_relay", "operations")
    }
    assert PASSWORD not in str(collector.bodies)
    assert '"amount"' not in str(collector.bodies), "no body"


def test_a_payment_is_in_the_orders_trace_and_linked_to_its_webhook(
    collector: Collector, empty: Any, invoke: Any, kept_channel: Any
) -> None:
    headers = {"traceparent": {"bytes": list(SAMPLED["traceparent"].encode())}}
    invoke("record_payment", payment(invoiced(empty, invoke, headers=headers)))
    webhook = collector.one("POST /webhooks/payments/{provider}")
    created, sent = collector.one("create invoices:invoice.paid"), collector.one("send invoices:invoice.paid")
    _, properties, _ = kept_channel.basic_get(INVOICE_CHANGED_QUEUE, auto_ack=True)

    assert webhook.trace_id != CLIENT[0]
    assert (webhook.attributes["payment.provider"], webhook.attributes["payment.id"]) == ("default", "p1")
    assert (created.trace_id, created.parent) == CLIENT
    assert created.links == [(webhook.trace_id, webhook.span_id)]
    assert (sent.trace_id, sent.parent) == (created.trace_id, created.span_id)
    assert sent.links == [(webhook.trace_id, webhook.span_id)]
    assert carried(properties) == {"traceparent": traceparent_of(created)}
