"""What docs/operations.md has a person do about rows that were changed by hand, by its own statements and commands.

Each damage is found by the schedule's audit; afterwards neither that one nor a full one finds anything.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.integration.functions.conftest import Released, admin_channel
from tests.integration.functions.life_rows import invoiced, paid
from tests.integration.functions.test_incremental_audit import counts, execute, increment, old_id
from tests.integration.functions.test_invoice_consumer import batch
from tests.integration.functions.test_operations import Invoke, operate, record
from tests.integration.functions.test_operations_page import AN_ID, STATEMENTS

from contracts.topology import INVOICE_CHANGED_QUEUE
from operations.refusals import RefusedError

PAID = {"order": "paid", "invoice": "paid", "heeded": 1, "version": 1}
CANCELED = {"order": "canceled", "invoice": "canceled"}

ORDER_ANEW = "INSERT INTO orders.orders"
INVOICE_ANEW = "INSERT INTO invoices.invoices"
NOTE_ANEW, NEXT_NOTE = "INSERT INTO invoices.credit_notes", "WITH next AS"
STATUS_OF_PAYMENTS = "UPDATE invoices.invoices i SET version"
ORDER_UNAWARE = "UPDATE orders.orders SET status = 'pending'"
ORDER_CANCELED = "UPDATE orders.orders SET status = 'canceled'"
FIELDS_OF_ORDER, FIELDS_OF_INVOICE = "UPDATE invoices.invoices i SET amount", "UPDATE orders.orders o SET amount"

GONE = "DELETE FROM orders.orders"
UNINVOICED = "DELETE FROM invoices.invoices WHERE number = 1"
UNNOTED = "DELETE FROM invoices.credit_notes WHERE number = 1"
NEVER_NOTED = f"{UNNOTED}; UPDATE invoices.credit_note_counter SET last_number = 0"


def by_hand(released: Released, beginning: str, order_id: str, number: int) -> None:
    """The page's statement that begins so, for this order; it changes one row, as the page has one look at."""
    (statement,) = [each for login, each in STATEMENTS if login == "break_glass" and each.startswith(beginning)]
    with released.admin() as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE break_glass")
        done = connection.execute(statement.replace(AN_ID, order_id).replace("SELECT 42", f"SELECT {number}"))
        assert done.rowcount == 1


def tell_again(released: Released, invoke: Invoke, order_id: str) -> None:
    """`make reemit`, unless it says that all is heard, and its event's way to the order."""
    try:
        operate(invoke, "reemit", orderId=order_id)
    except RefusedError:
        return
    assert invoke("invoices_relay", {}, remaining_ms=50_000)["published"] == 1
    channel = admin_channel(released)
    _, properties, body = channel.basic_get(INVOICE_CHANGED_QUEUE, auto_ack=True)
    channel.connection.close()
    assert invoke("order_updater", batch(record(properties, body), queue=INVOICE_CHANGED_QUEUE))["updated"] == 1


@pytest.mark.parametrize(
    ("life", "damage", "found", "mended_by"),
    [
        ({}, GONE, "invoicesWithoutOrder", [ORDER_ANEW]),
        (PAID, GONE, "invoicesWithoutOrder", [ORDER_ANEW]),
        (CANCELED, GONE, "invoicesWithoutOrder", [ORDER_ANEW]),
        ({}, UNINVOICED, "invoiceNumberGaps", [INVOICE_ANEW]),
        (CANCELED, f"{UNNOTED}; {UNINVOICED}", "invoiceNumberGaps", [INVOICE_ANEW, NOTE_ANEW]),
        (CANCELED, UNNOTED, "canceledInvoicesWithoutCreditNote", [NOTE_ANEW]),
        (CANCELED, NEVER_NOTED, "canceledInvoicesWithoutCreditNote", [NEXT_NOTE]),
        (PAID, "UPDATE invoices.invoices SET status = 'issued'", "invoicesBesideTheirPayments", [STATUS_OF_PAYMENTS]),
        ({}, "UPDATE invoices.invoices SET status = 'paid'", "invoicesBesideTheirPayments", [STATUS_OF_PAYMENTS]),
        ({}, "UPDATE orders.orders SET invoice_version = 9", "ordersBesideTheirInvoice", [ORDER_UNAWARE]),
        (PAID, "UPDATE orders.orders SET invoice_version = 9", "ordersBesideTheirInvoice", [ORDER_UNAWARE]),
        (CANCELED, "UPDATE orders.orders SET status = 'pending'", "ordersBesideTheirInvoice", [ORDER_CANCELED]),
        ({}, "UPDATE orders.orders SET status = 'paid'", "paidOrdersWithoutPaidInvoice", [ORDER_UNAWARE]),
        ({}, "UPDATE invoices.invoices SET amount = 1", "invoicesDifferingFromOrder", [FIELDS_OF_ORDER]),
        ({}, "UPDATE orders.orders SET customer_id = 'x'", "invoicesDifferingFromOrder", [FIELDS_OF_INVOICE]),
    ],
)
def test_a_row_that_was_changed_by_hand_is_found_and_mended_by_the_page(
    empty: Released, invoke: Invoke, life: dict[str, Any], damage: str, found: str, mended_by: list[str]
) -> None:
    order_id = invoiced(empty, order_id=old_id(), **life)
    if life is PAID:
        paid(empty, 1999)
    if life is CANCELED:
        execute(empty, "INSERT INTO invoices.canceled_orders (order_id, canceled_at) VALUES (%s, now())", order_id)
    assert increment(invoke) == {}
    for each in damage.split("; "):
        execute(empty, each)
    assert increment(invoke)[found] == 1
    whole = counts(operate(invoke, "audit"))
    assert (whole[found], "creditNoteNumberGaps" in whole) == (1, NOTE_ANEW in mended_by)

    for beginning in mended_by:
        by_hand(empty, beginning, order_id, number=1)
    tell_again(empty, invoke, order_id)
    assert increment(invoke, olderThanSeconds=0) == {}
    assert counts(operate(invoke, "audit", olderThanSeconds=0)) == {}


def test_an_order_that_is_told_again_before_its_number_is_mended_leaves_the_gap(
    empty: Released, invoke: Invoke
) -> None:
    """Why the page has the invoice put back first."""
    order_id = invoiced(empty, order_id=old_id())
    execute(empty, UNINVOICED)
    operate(invoke, "reemit", orderId=order_id)
    assert invoke("outbox_relay", {}, remaining_ms=50_000)["published"] == 1
    channel = admin_channel(empty)
    _, properties, body = channel.basic_get("invoices.order-created", auto_ack=True)
    channel.connection.close()
    assert invoke("invoice_consumer", batch(record(properties, body)))["issued"] == 1

    assert empty.query("SELECT number FROM invoices.invoices") == [(2,)]
    assert increment(invoke) == {"invoiceNumberGaps": 1}
