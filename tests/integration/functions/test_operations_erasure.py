"""Erasure of one customer: everything that names it gets a pseudonym or goes, and nothing accepted is lost."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.http_events import post_order
from tests.integration.functions.life_rows import invoiced, paid, parked
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_invoice_consumer import order_body
from tests.integration.functions.test_operations import Invoke, consume, operate, order, relay
from tests.integration.functions.test_outbox_relay import add_row

from operations import erasure_repository
from operations.erasure import ErasureRefusedError

CUSTOMER = "Jörg \U0001f6d2 'quoted\""
NAMED = [
    json.dumps({"orderId": str(uuid.UUID(int=1)), "customer": {"id": CUSTOMER}}).encode(),
    json.dumps({"customer": {"id": CUSTOMER}}, ensure_ascii=False, indent=2).encode(),
    json.dumps({"customer": {"id": CUSTOMER}}).encode()[:-2],
]


def erase(invoke: Invoke, customer_id: str = "demo") -> dict[str, Any]:
    return operate(invoke, "erase", customerId=customer_id)


def everything(released: Released) -> str:
    """All rows of all tables as text, bodies as they are."""
    tables = released.query(
        "SELECT table_schema || '.' || table_name FROM information_schema.tables"
        " WHERE table_schema IN ('orders', 'invoices', 'customers')"
    )
    rows = [released.query(f"SELECT * FROM {table}") for (table,) in tables]
    return "\n".join(
        bytes(value).decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for table in rows
        for row in table
        for value in row
    )


def test_nothing_in_the_database_names_an_erased_customer(empty: Released, invoke: Invoke) -> None:
    invoke("create_order", post_order(key="mine"))
    consume(empty, invoke)
    operate(invoke, "dismiss", parkedId=parked(empty, body=order_body()))
    operate(invoke, "dismiss", parkedId=parked(empty, side="invoices", body=order_body()))
    invoiced(empty, reference="of demo's own", number=2)
    other = invoiced(empty, customer_id="other", reference="theirs", number=3)
    assert "demo" in everything(empty)

    answer = erase(invoke)

    pseudonym = answer.pop("pseudonym")
    assert answer == {
        "orders": 2,
        "invoices": 2,
        "idempotencyKeys": 1,
        "parkedMessages": 2,
        "customers": 0,
        "remaining": 0,
    }
    assert "demo" not in everything(empty)
    assert str(uuid.UUID(pseudonym.removeprefix("erased-"))) in pseudonym
    names = empty.query(
        "SELECT DISTINCT o.customer_id, i.customer_id, o.reference FROM orders.orders o"
        " JOIN invoices.invoices i ON i.order_id = o.order_id WHERE o.order_id <> %s",
        other,
    )
    assert names == [(pseudonym, pseudonym, None)]
    assert empty.query("SELECT customer_id, reference FROM orders.orders WHERE order_id = %s", other) == [
        ("other", "theirs")
    ]
    assert operate(invoke, "audit", olderThanSeconds=0)["healthy"]


def test_an_erasure_can_be_repeated_and_takes_what_came_since(empty: Released, invoke: Invoke) -> None:
    invoiced(empty)
    first = erase(invoke)
    with pytest.raises(ErasureRefusedError, match="erased already"):
        erase(invoke)
    invoiced(empty)

    second = erase(invoke)
    assert second["orders"] == 1
    assert second["pseudonym"] != first["pseudonym"]


def test_a_customer_of_the_api_is_suspended_first_and_goes_with_its_keys(empty: Released, invoke: Invoke) -> None:
    operate(invoke, "addCustomers", customers=[{"customer": "demo"}, {"customer": "other"}])
    invoiced(empty)
    with pytest.raises(ErasureRefusedError, match=r"keys that are not refused \(suspendCustomer\): 1"):
        erase(invoke)
    assert "demo" in everything(empty)
    operate(invoke, "suspendCustomer", customer="demo")
    assert erase(invoke)["customers"] == 1
    assert "demo" not in everything(empty)
    assert empty.query("SELECT customer_id FROM customers.keys") == [("other",)]


def test_a_customer_that_the_stack_names_is_taken_out_of_it_first(empty: Released, invoke: Invoke) -> None:
    """The next deployment would adopt it again, with a key that was revoked."""
    operate(invoke, "adoptCustomers", customers=[{"customer": "demo", "secretId": "gateway/demo"}])
    operate(invoke, "suspendCustomer", customer="demo")
    with pytest.raises(ErasureRefusedError, match="names in the stack's `consumers`"):
        erase(invoke)
    operate(invoke, "adoptCustomers", customers=[{"customer": "other", "secretId": "gateway/other"}])
    assert erase(invoke)["customers"] == 1


def test_an_event_that_is_not_published_and_an_order_not_invoiced_come_first(empty: Released, invoke: Invoke) -> None:
    """From the outbox over the queue to the invoice: at each step an erasure would lose the order, and is refused."""
    invoiced(empty, reference="r")
    empty.rabbitmq.freeze()
    try:
        order(invoke)
    finally:
        empty.rabbitmq.thaw()
    with empty.admin() as connection:
        connection.execute("UPDATE orders.outbox SET due_at = now()")
    before = everything(empty)
    with pytest.raises(ErasureRefusedError, match=r"events in the outbox .*: 1, orders without invoice .*: 1"):
        erase(invoke)
    assert everything(empty) == before

    assert relay(invoke) == 1
    with pytest.raises(ErasureRefusedError, match=r"on its way: orders without invoice .*: 1"):
        erase(invoke)

    assert consume(empty, invoke)["issued"] == 1
    assert erase(invoke)["orders"] == 2
    assert operate(invoke, "audit", olderThanSeconds=0)["healthy"]


@pytest.mark.parametrize("side", ["orders", "invoices"])
@pytest.mark.parametrize("body", NAMED, ids=["as we write it", "in UTF-8", "cut off"])
def test_a_parked_message_is_decided_upon_first(empty: Released, invoke: Invoke, side: str, body: bytes) -> None:
    chosen = parked(empty, side=side, body=body)
    kept = parked(empty, side=side, body=order_body())
    with pytest.raises(
        ErasureRefusedError, match=r"parked messages that wait \(replay or dismiss them\): 1"
    ) as refusal:
        erase(invoke, CUSTOMER)
    assert "Jörg" not in str(refusal.value)
    operate(invoke, "dismiss", parkedId=chosen)

    assert erase(invoke, CUSTOMER)["parkedMessages"] == 1
    assert [each["parkedId"] for each in operate(invoke, "parked")["messages"]] == [kept]


@pytest.mark.parametrize("schema", ["orders", "invoices"])
def test_a_row_of_either_outbox_that_names_the_customer_is_published_first(
    empty: Released, invoke: Invoke, schema: str
) -> None:
    add_row(empty, body=NAMED[0])
    with empty.admin() as connection:
        if schema == "invoices":
            connection.execute(
                "WITH moved AS (DELETE FROM orders.outbox RETURNING *) INSERT INTO invoices.outbox SELECT * FROM moved"
            )
    with pytest.raises(ErasureRefusedError, match=r"events in the outbox .*: 1"):
        erase(invoke, CUSTOMER)
    # Of another customer, whose name begins alike, there is nothing.
    with pytest.raises(ErasureRefusedError, match="nothing names this customer"):
        erase(invoke, "Jörg")


def test_an_erased_customer_reads_nothing_and_its_key_is_as_new(empty: Released, invoke: Invoke) -> None:
    first = json.loads(invoke("create_order", post_order(key="mine"))["body"])
    consume(empty, invoke)
    erase(invoke)
    again = json.loads(invoke("create_order", post_order(key="mine"))["body"])

    assert again["orderId"] != first["orderId"]
    assert len(take(empty)) == 1


def test_payments_and_credit_notes_stay_with_their_invoice(empty: Released, invoke: Invoke) -> None:
    invoiced(empty, order="paid", invoice="paid", heeded=1, version=1)
    paid(empty, 1999)
    invoiced(empty, order="canceled", invoice="canceled", version=1)
    erase(invoke)

    assert (empty.count("invoices.payments"), empty.count("invoices.credit_notes")) == (1, 1)
    report = operate(invoke, "audit")
    assert report["healthy"], report


def test_an_erasure_goes_in_batches_until_there_is_no_time(
    empty: Released, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure_repository, "ROWS_PER_BATCH", 2)
    for _ in range(5):
        invoiced(empty)
    out_of_time = invoke("operations", {"operation": "erase", "customerId": "demo"}, remaining_ms=6_000)
    assert (out_of_time["orders"], out_of_time["remaining"], out_of_time["pseudonym"]) == (0, 5, None)

    answer = erase(invoke)
    assert (answer["orders"], answer["invoices"], answer["remaining"]) == (5, 5, 0)
    assert len(empty.query("SELECT DISTINCT customer_id FROM orders.orders")) == 1


def test_the_log_names_neither_the_customer_nor_the_pseudonym(
    empty: Released, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    invoiced(empty, customer_id="somebody-in-particular")
    answer = erase(invoke, "somebody-in-particular")
    (line,) = (vars(each) for each in caplog.records if each.name == "operations")

    assert line["request"] == {"operation": "Erase"}
    assert line["outcome"]["orders"] == 1
    assert not {"somebody-in-particular", answer["pseudonym"]} & set(str(line).split("'"))
