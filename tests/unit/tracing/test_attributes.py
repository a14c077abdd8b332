"""Names and attributes of spans: low in number, and nothing of anybody's data."""

from __future__ import annotations

from typing import Any

import pytest

from create_order import repository as create_order
from deliveries import parking
from get_order import repository as get_order
from invoice_consumer import repository as invoice_consumer
from operations import repository as operations
from outbox_relay import repository as outbox_relay
from reading import orders
from tracing import attributes
from tracing.http import describe_request, record_status

SUMMARIES = {
    create_order.INSERT_ORDER: "INSERT orders.orders INSERT orders.outbox",
    create_order.SELECT_RESPONSE: "SELECT orders.idempotency_keys",
    create_order.DELETE_PUBLISHED: "SELECT orders.delete_published",
    orders.SELECT_ORDER: "SELECT orders.orders SELECT invoices.invoices SELECT invoices.credit_notes",
    get_order.SELECT_IS_READ_ONLY: "SELECT",
    invoice_consumer.LOCK_COUNTER: "SELECT invoices.invoice_counter",
    invoice_consumer.INSERT_INVOICES: "SELECT invoices.invoices INSERT invoices.invoices"
    " SELECT invoices.invoice_counter UPDATE invoices.invoice_counter SELECT invoices.canceled_orders",
    parking.PARK.format(schema="invoices"): "INSERT invoices.parked_messages",
    parking.END_ATTEMPTS.format(schema="orders"): "DELETE orders.delivery_attempts",
    outbox_relay.BEGIN_BATCH.format(schema="orders"): "SELECT orders.outbox UPDATE orders.outbox",
    outbox_relay.LOCK.format(schema="invoices"): "SELECT invoices.outbox",
    outbox_relay.POSTPONE.format(schema="orders"): "UPDATE orders.outbox",
    operations.DISMISS["invoices"]: "UPDATE invoices.parked_messages",
    operations.COUNT_PARKED: "SELECT orders.parked_messages SELECT invoices.parked_messages",
    "SELECT 1": "SELECT",
}


@pytest.mark.parametrize("text", SUMMARIES, ids=SUMMARIES.values())
def test_a_statement_is_named_by_what_it_does_to_which_tables(text: str) -> None:
    name, described = attributes.statement(text)

    assert name == described["db.query.summary"] == SUMMARIES[text]
    assert described["db.operation.name"] == name.split()[0]
    assert described["db.query.text"].split() == text.split()
    assert described.get("db.collection.name", name.split()[-1]) == name.split()[-1]


def test_a_statement_that_was_put_together_is_not_repeated() -> None:
    assert attributes.statement("") == ("postgresql", {"db.system.name": "postgresql"})


def test_a_request_is_named_by_method_and_route() -> None:
    name, described = describe_request({"httpMethod": "GET", "path": "/orders/1"}, route="/orders/{orderId}")

    assert name == "GET /orders/{orderId}"
    assert described == {"http.request.method": "GET", "http.route": "/orders/{orderId}", "url.path": "/orders/1"}


@pytest.mark.parametrize("event", [{}, {"httpMethod": "BREW", "path": "/x"}, {"httpMethod": ["POST"], "path": 7}])
def test_a_method_that_nobody_knows_makes_no_name(event: dict[str, Any]) -> None:
    name, described = describe_request(event, route="/orders")
    assert (name, described["http.request.method"]) == ("HTTP /orders", "_OTHER")


class RecordingSpan:
    """A span that remembers."""

    context = None

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.failure: tuple[str, str] | None = None

    def set(self, attributes: Any) -> None:
        self.attributes |= attributes

    def fail(self, error_type: str, message: str = "") -> None:
        self.failure = (error_type, message)


@pytest.mark.parametrize(("status", "failure"), [(201, None), (422, None), (503, ("503", ""))])
def test_only_the_servers_fault_is_an_error(status: int, failure: tuple[str, str] | None) -> None:
    span = RecordingSpan()
    record_status(span, status)

    assert span.attributes == {"http.response.status_code": status}
    assert span.failure == failure


def test_what_a_message_does_not_have_is_left_out() -> None:
    described = attributes.message("orders", "order.created", {"message_id": 7, "correlation_id": "c"})

    assert described == {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": "orders:order.created",
        "messaging.rabbitmq.destination.routing_key": "order.created",
        "messaging.message.conversation_id": "c",
    }


def test_a_brokers_place_is_in_its_endpoint() -> None:
    assert attributes.server("amqps://b-1.example") == {"server.address": "b-1.example", "server.port": 5671}
    assert attributes.server("amqp://127.0.0.1:25729") == {"server.address": "127.0.0.1", "server.port": 25729}
