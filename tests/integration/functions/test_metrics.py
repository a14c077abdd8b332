"""The metrics that the functions write into their logs: which, how many, under which name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.integration.functions.http_events import post_order
from tests.integration.functions.payments import invoiced, payment
from tests.integration.functions.test_cancel_order import ordered
from tests.integration.functions.test_invoice_consumer import batch, message, order_body
from tests.integration.functions.test_order_updater import batch as invoices_batch
from tests.integration.functions.test_order_updater import changed
from tests.integration.functions.test_outbox_relay import add_row, relay


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, float]]:
    """The figures of each metric line since the last call."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert {(line["service"], line["_aws"]["CloudWatchMetrics"][0]["Namespace"]) for line in lines} <= {
        ("test-function", "ServerlessOrders")
    }
    return [
        {metric["Name"]: line[metric["Name"]][0] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
        for line in lines
    ]


def test_orders_are_counted_by_what_became_of_them(empty: Any, invoke: Any, capsys: pytest.CaptureFixture[str]) -> None:
    invoke("create_order", post_order(key="k"))
    invoke("create_order", post_order(key="k"))
    invoke("create_order", post_order(b"{"))
    empty.rabbitmq.freeze()
    try:
        invoke("create_order", post_order())
    finally:
        empty.rabbitmq.thaw()

    assert written(capsys) == [
        {"OrdersAccepted": 1, "PublishFailures": 0},
        {"OrdersReplayed": 1},
        {"OrdersRejected": 1},
        {"OrdersAccepted": 1, "PublishFailures": 1},
    ]


def test_a_batch_is_counted(empty: Any, invoke: Any, capsys: pytest.CaptureFixture[str]) -> None:
    same = message(order_body())
    invoke("invoice_consumer", batch(same, same, message(b"{")))

    issued = {"InvoicesIssued": 1, "InvoicesLate": 0, "InvoicesCanceled": 0}
    assert written(capsys) == [{"BatchSize": 3, **issued, "DuplicatesIgnored": 1, "MessagesParked": 1}]


def test_what_became_of_orders_and_payments_is_counted(
    empty: Any, invoke: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = ordered(invoke)
    invoice = invoiced(empty, invoke, order_id=order_id)
    written(capsys)
    for event in (payment(invoice), payment(invoice), payment(invoice, 1, delivery="another")):
        invoke("record_payment", event)
    invoke("order_updater", invoices_batch(changed(order_id, 1, "paid"), changed(order_id, 1, "paid"), message(b"{")))

    assert written(capsys) == [
        {"PaymentsRecorded": 1, "PublishFailures": 0},
        {"PaymentsRepeated": 1, "PublishFailures": 0},
        {"PaymentsUnmatched": 1, "PublishFailures": 0},
        {"BatchSize": 3, "OrdersUpdated": 1, "MessagesParked": 1},
    ]


def test_the_relays_failures_are_counted(empty: Any, invoke: Any, capsys: pytest.CaptureFixture[str]) -> None:
    add_row(empty)
    add_row(empty, routing_key="nobody.listens")
    relay(invoke)
    relay(invoke)

    assert written(capsys) == [{"PublishFailures": 1}, {"PublishFailures": 0}]
