"""`make show`, `match`, `reemit`, `activity` and the like on a running system: what they print and what they do."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest
from tests.e2e.conftest import Command, LiveSystem, wait_for


def lost_order(live: LiveSystem) -> str:
    """An order that no event tells of; returns its id."""
    ((order_id,),) = live.query(
        "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
        " VALUES (gen_random_uuid(), 'demo', 1999, 'BRL', now()) RETURNING order_id::text"
    )
    return str(order_id)


def invoice_of(live: LiveSystem, order_id: str) -> list[tuple[int, str, str]]:
    return live.query(
        "SELECT i.number, i.status, o.status FROM invoices.invoices i JOIN orders.orders o USING (order_id)"
        f" WHERE order_id = '{order_id}'"
    )


def test_a_lost_order_is_shown_told_again_and_paid_by_a_payment_that_is_matched(
    live: LiveSystem, command: Command
) -> None:
    order_id = lost_order(live)
    status, output, errors = command("show", f"--order={order_id}")
    assert (status, json.loads(output)["unheard"]) == (0, ["order created"]), errors

    status, output, errors = command("reemit", f"--order={order_id}")
    assert (status, "queued again: order created" in output) == (0, True), errors
    wait_for(lambda: bool(invoice_of(live, order_id)), timeout_s=60, what=live.counts)
    ((number, _, _),) = invoice_of(live, order_id)
    assert json.loads(command("show", f"--invoice={number}")[1])["order"]["orderId"] == order_id
    status, _, errors = command("reemit", f"--order={order_id}")
    assert (status, "both sides have heard of everything" in errors) == (1, True)

    unmatched_id = misdirected_payment(live)
    status, _, errors = command("match", f"--id={unmatched_id}", "--invoice=999999")
    assert (status, "it does not fit: there is no such invoice" in errors) == (1, True)
    status, output, errors = command("match", f"--id={unmatched_id}", f"--invoice={number}")
    assert (status, f"recorded: invoice {number} is paid" in output) == (0, True), errors
    wait_for(lambda: invoice_of(live, order_id) == [(number, "paid", "paid")], timeout_s=60, what=live.counts)


def misdirected_payment(live: LiveSystem) -> str:
    payment_id = str(uuid.uuid4())
    ((unmatched_id,),) = live.query(
        "INSERT INTO invoices.unmatched_payments"
        " (fingerprint, provider, kind, payment_id, invoice, amount, currency, occurred_at, reason)"
        f" VALUES (sha256('{payment_id}'), 'default', 'payment', '{payment_id}', '0', 1999, 'BRL', now(), 'r')"
        " RETURNING unmatched_id::text"
    )
    return str(unmatched_id)


def test_a_session_that_blocks_is_seen_and_ended(live: LiveSystem, command: Command) -> None:
    with psycopg.connect(live.endpoints["postgres"]) as holder:
        holder.execute("SELECT 1")
        pid = holder.info.backend_pid
        status, output, errors = command("activity")
        assert status == 0, errors
        assert [line for line in output.splitlines() if line.startswith(f"{pid} ") and "idle in transaction" in line]

        status, output, errors = command("cancel-statement", f"--pid={pid}", "--end")
        assert (status, output) == (0, f"{pid} ended\n"), errors
        with pytest.raises(psycopg.OperationalError):
            holder.execute("SELECT 1")
    status, _, errors = command("cancel-statement", f"--pid={pid}")
    assert (status, f"no other session of this database has the process id {pid}" in errors) == (1, True)


def test_a_key_is_freed_and_notes_are_forgotten(live: LiveSystem, command: Command) -> None:
    order_id, key = lost_order(live), str(uuid.uuid4())
    live.query(
        "INSERT INTO orders.idempotency_keys (customer_id, key, request_hash, order_id, response_body, expires_at)"
        f" VALUES ('demo', '{key}', sha256('x'), '{order_id}', '', now() + interval '1 h') RETURNING 1"
    )
    status, output, errors = command("free-key", "--customer=demo", f"--key={key}")
    assert (status, f"it stood for order {order_id}" in output) == (0, True), errors
    status, output, errors = command("forget-attempts", "--side=orders")
    assert (status, "about redelivered messages forgotten" in output) == (0, True), errors
    live.query(f"DELETE FROM orders.orders WHERE order_id = '{order_id}' RETURNING 1")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show"], "make show ORDER=…"),
        (["match"], "make match ID=… INVOICE=…"),
        (["reemit"], "make reemit ORDER=…"),
        (["reemit", "--order=x"], "ORDER=… is the id of an order"),
        (["free-key"], "make free-key CUSTOMER=… IDEMPOTENCY_KEY=…"),
        (["forget-attempts"], "make forget-attempts SIDE=orders"),
        (["forget-attempts", "--side=both"], "SIDE=… is one of orders, invoices"),
        (["cancel-statement", "--pid=x"], "make cancel-statement PID=…"),
    ],
)
def test_a_command_without_what_it_needs_says_what_that_is(
    command: Command, arguments: list[str], complaint: str
) -> None:
    status, _, errors = command(*arguments)
    assert (status, complaint in errors) == (1, True), errors
