"""One order shown whole, and the events that one side has not heard told again, as their functions tell them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.http_events import post_order
from tests.integration.functions.life_rows import invoiced, paid, parked, unmatched
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_operations import Invoke, consume, operate, relay
from tests.integration.functions.test_outbox_relay import add_row

from contracts.topology import ORDER_CREATED_QUEUE
from operations.parked_messages import UnknownMessageError
from operations.refusals import RefusedError


def lost_order(empty: Released, invoke: Invoke) -> tuple[dict[str, Any], Any, bytes]:
    """An order whose event was taken from the queue and is gone; with that event's properties and body."""
    order = json.loads(invoke("create_order", post_order(key="mine"))["body"])
    ((properties, body),) = take(empty)
    return order, properties, body


def shown(invoke: Invoke, order_id: str) -> dict[str, Any]:
    return operate(invoke, "order", orderId=order_id)


def invoices_relay(invoke: Invoke) -> int:
    return int(invoke("invoices_relay", {}, remaining_ms=50_000)["published"])


def test_an_order_whose_event_is_gone_is_told_again_in_the_same_words_and_invoiced_once(
    empty: Released, invoke: Invoke
) -> None:
    order, properties, body = lost_order(empty, invoke)
    assert shown(invoke, order["orderId"])["unheard"] == ["order created"]
    assert operate(invoke, "reemit", orderId=order["orderId"]) == {"queued": 1, "events": ["order created"]}
    assert relay(invoke) == 1

    ((again, body_again),) = take(empty)
    assert body_again == body
    assert (again.type, again.content_type, again.delivery_mode) == (properties.type, properties.content_type, 2)
    assert again.message_id != properties.message_id


def test_what_is_told_again_is_invoiced_and_then_nothing_is_missing(empty: Released, invoke: Invoke) -> None:
    order, _, _ = lost_order(empty, invoke)
    operate(invoke, "reemit", orderId=order["orderId"])
    relay(invoke)
    assert consume(empty, invoke)["issued"] == 1

    with pytest.raises(RefusedError, match="both sides have heard of everything"):
        operate(invoke, "reemit", orderId=order["orderId"])
    assert operate(invoke, "audit", olderThanSeconds=0)["healthy"]


def test_an_event_that_was_not_lost_after_all_makes_no_second_invoice(empty: Released, invoke: Invoke) -> None:
    order = json.loads(invoke("create_order", post_order())["body"])
    operate(invoke, "reemit", orderId=order["orderId"])
    relay(invoke)

    assert consume(empty, invoke)["issued"] == 1
    assert empty.count("invoices.invoices") == 1


def test_what_waits_in_an_outbox_or_is_parked_is_not_told_a_second_time(empty: Released, invoke: Invoke) -> None:
    order, _, body = lost_order(empty, invoke)
    row = add_row(empty, body=body, due="now() + interval '1 h'")
    with pytest.raises(RefusedError, match="waits in an outbox"):
        operate(invoke, "reemit", orderId=order["orderId"])
    operate(invoke, "remove", outboxId=str(row))

    parked_id = parked(empty, side="invoices", queue=ORDER_CREATED_QUEUE, body=body)
    with pytest.raises(RefusedError, match="is parked: replay it"):
        operate(invoke, "reemit", orderId=order["orderId"])
    operate(invoke, "dismiss", parkedId=parked_id)
    assert operate(invoke, "reemit", orderId=order["orderId"])["queued"] == 1


def test_a_cancellation_that_was_not_heard_is_told_again_and_its_invoice_is_canceled(
    empty: Released, invoke: Invoke
) -> None:
    order_id = invoiced(empty, order="canceled")
    assert operate(invoke, "reemit", orderId=order_id) == {"queued": 1, "events": ["order canceled"]}
    ((routing_key, body),) = empty.query("SELECT routing_key, body FROM orders.outbox")
    event = json.loads(bytes(body))

    assert (routing_key, event["orderId"], event["customer"]) == ("order.canceled", order_id, {"id": "demo"})
    assert event["canceledAt"] == shown(invoke, order_id)["order"]["updatedAt"]


def test_an_order_that_was_canceled_and_never_heard_of_is_told_whole(empty: Released, invoke: Invoke) -> None:
    order, _, _ = lost_order(empty, invoke)
    with empty.admin() as connection:
        connection.execute("UPDATE orders.orders SET status = 'canceled', updated_at = now()")

    assert operate(invoke, "reemit", orderId=order["orderId"])["events"] == ["order created", "order canceled"]


@pytest.mark.parametrize(("invoice", "routing_key"), [("paid", "invoice.paid"), ("issued", "invoice.reopened")])
def test_a_change_of_the_invoice_that_was_not_heard_is_told_again_with_its_version(
    empty: Released, invoke: Invoke, invoice: str, routing_key: str
) -> None:
    order_id = invoiced(empty, invoice=invoice, version=2, heeded=1)
    assert operate(invoke, "reemit", orderId=order_id) == {"queued": 1, "events": ["invoice changed"]}
    ((found, body),) = empty.query("SELECT routing_key, body FROM invoices.outbox")

    assert (found, json.loads(bytes(body))["version"]) == (routing_key, 2)
    assert invoices_relay(invoke) == 1


def test_a_canceled_order_hears_of_no_invoice(empty: Released, invoke: Invoke) -> None:
    order_id = invoiced(empty, order="canceled", invoice="paid", version=1)
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO invoices.canceled_orders (order_id, canceled_at) VALUES (%s, now())", [order_id]
        )

    assert shown(invoke, order_id)["unheard"] == []


def test_an_order_is_shown_with_everything_that_belongs_to_it(empty: Released, invoke: Invoke) -> None:
    order_id = invoiced(empty, invoice="paid", order="paid", version=1, heeded=1, reference="their own", number=42)
    paid(empty, 1999, number=42, refunded=5)
    other = invoiced(empty, number=43)
    kept = unmatched(empty, "p-1")
    body = json.dumps({"orderId": order_id}).encode()
    row, parked_id = add_row(empty, body=body, due="now() + interval '1 h'"), parked(empty, body=body)
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO orders.idempotency_keys (customer_id, key, request_hash, order_id, response_body, expires_at)"
            " VALUES ('demo', 'mine', sha256('x'), %s, '', now() + interval '1 h')",
            [order_id],
        )
    view = shown(invoke, order_id)

    assert (view["order"]["orderId"], view["order"]["reference"]) == (order_id, "their own")
    assert (view["invoice"]["number"], view["invoice"]["status"]) == (42, "paid")
    assert [each["amount"] for each in view["payments"]] == [1999]
    assert [each["amount"] for each in view["refunds"]] == [5]
    assert [each["unmatchedId"] for each in view["unmatchedPayments"]] == [kept]
    assert [each["key"] for each in view["idempotencyKeys"]] == ["mine"]
    assert [each["outboxId"] for each in view["outbox"]] == [str(row)]
    assert [(each["parkedId"], each["isWaiting"]) for each in view["parkedMessages"]] == [(parked_id, True)]
    assert (view["creditNote"], view["canceledAt"], view["unheard"]) == (None, None, [])
    for name in ("42", view["invoice"]["invoiceId"].upper()):
        assert operate(invoke, "order", invoice=name) == view
    assert other not in json.dumps(view)


def test_an_invoice_without_order_is_shown_as_well(empty: Released, invoke: Invoke) -> None:
    order_id = invoiced(empty)
    with empty.admin() as connection:
        connection.execute("DELETE FROM orders.orders")
    view = shown(invoke, order_id)

    assert (view["order"], view["invoice"]["number"], view["unheard"]) == (None, 1, [])


@pytest.mark.parametrize("operation", ["order", "reemit"])
def test_an_unknown_order_is_an_error_that_names_it(empty: Released, invoke: Invoke, operation: str) -> None:
    unknown = str(uuid.uuid4())
    with pytest.raises(UnknownMessageError, match=f"no order has the id {unknown}"):
        operate(invoke, operation, orderId=unknown)
    with pytest.raises(UnknownMessageError, match="no invoice has this id or number"):
        operate(invoke, "order", invoice="4711")
