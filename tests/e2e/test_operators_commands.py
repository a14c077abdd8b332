"""`make parked`, `replay`, `dismiss`, `outbox`, `postpone`, `remove`, `audit` and the like on a running system."""

from __future__ import annotations

import json
import re
import uuid

import pika
import pytest
from tests.e2e.conftest import Command, LiveSystem, wait_for

from contracts import topology


def publish(live: LiveSystem, body: bytes, message_id: str) -> None:
    with pika.BlockingConnection(pika.URLParameters(live.endpoints["amqp"])) as connection:
        properties = pika.BasicProperties(type="order.created.v1", message_id=message_id, delivery_mode=2)
        connection.channel().basic_publish(
            topology.ORDERS_EXCHANGE, topology.ORDER_CREATED_ROUTING_KEY, body, properties
        )


def parked(live: LiveSystem, message_id: str) -> list[tuple[str, int]]:
    """Id and how often it was seen, of the message with this message id."""
    return live.query(
        "SELECT parked_id::text, seen_count FROM invoices.parked_messages"
        f" WHERE properties ->> 'messageId' = '{message_id}'"
    )


def test_a_bad_message_is_listed_replayed_audited_and_dismissed(live: LiveSystem, command: Command) -> None:
    before, message_id = audited(command), str(uuid.uuid4())
    publish(live, b"{\x1b[2J", message_id)
    wait_for(lambda: bool(parked(live, message_id)), timeout_s=60, what=live.counts)
    ((parked_id, _),) = parked(live, message_id)

    status, output, errors = command("parked")
    assert (status, "\x1b" in output) == (0, False), errors
    (line,) = [line for line in output.splitlines() if parked_id in line]
    assert "waiting" in line
    assert json.loads(command("parked", f"--id={parked_id}")[1])["size"] == 5
    assert audited(command) == before + 1

    status, output, errors = command("replay", f"--id={parked_id}")
    assert (status, "1 queued for replay" in output) == (0, True), errors
    wait_for(lambda: parked(live, message_id) == [(parked_id, 2)], timeout_s=90, what=live.counts)

    assert command("dismiss", f"--id={parked_id}")[0] == 0
    assert audited(command) == before


def test_a_row_that_never_goes_is_listed_postponed_and_removed(live: LiveSystem, command: Command) -> None:
    outbox_id = str(uuid.uuid4())
    live.query(
        "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at)"
        f" VALUES ('{outbox_id}', 'orders', 'nobody.listens', '{{}}', 'x', now() + interval '1 h') RETURNING 1"
    )
    status, output, errors = command("outbox")
    assert (status, outbox_id in output) == (0, True), errors
    assert json.loads(command("outbox", f"--id={outbox_id}")[1])["routingKey"] == "nobody.listens"

    status, output, errors = command("postpone", f"--id={outbox_id}")
    assert (status, "tries it again from" in output) == (0, True), errors
    status, output, errors = command("remove", f"--id={outbox_id}")
    assert (status, f"{outbox_id} removed" in output) == (0, True), errors
    status, _, errors = command("remove", f"--id={outbox_id}")
    assert (status, f"no row of the outbox has the id {outbox_id}" in errors) == (1, True)


def test_an_unmatched_payment_is_listed_and_dismissed(live: LiveSystem, command: Command) -> None:
    payment_id = str(uuid.uuid4())
    ((unmatched_id,),) = live.query(
        "INSERT INTO invoices.unmatched_payments"
        " (fingerprint, provider, kind, payment_id, invoice, amount, currency, occurred_at, reason)"
        f" VALUES (sha256('{payment_id}'), 'default', 'payment', '{payment_id}', '42', 1999, 'BRL', now(),"
        " E'no such invoice\\x1b[2J') RETURNING unmatched_id::text"
    )
    status, output, errors = command("unmatched")
    assert (status, "\x1b" in output) == (0, False), errors
    (line,) = [line for line in output.splitlines() if unmatched_id in line]
    assert "1999 BRL" in line
    assert json.loads(command("unmatched", f"--id={unmatched_id}")[1])["paymentId"] == payment_id
    assert payment_id in command("audit")[1]

    assert command("dismiss-unmatched", f"--id={unmatched_id}")[0] == 0
    (line,) = [line for line in command("unmatched")[1].splitlines() if unmatched_id in line]
    assert "dismissed" in line


def test_a_customer_is_erased_once_nothing_of_it_is_on_its_way(live: LiveSystem, command: Command) -> None:
    customer = f"customer-{uuid.uuid4()}"
    live.query(
        "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
        f" VALUES (gen_random_uuid(), '{customer}', 1, 'BRL', now()) RETURNING 1"
    )
    status, _, errors = command("erase", f"--customer={customer}")
    assert (status, "not yet" in errors, customer in errors) == (1, True, False)

    live.query(f"DELETE FROM orders.orders WHERE customer_id = '{customer}' RETURNING 1")
    status, _, errors = command("erase", f"--customer={customer}")
    assert (status, "nothing names this customer" in errors) == (1, True)

    live.query(
        "INSERT INTO customers.customers (customer_id, requests_per_second, suspended_at)"
        f" VALUES ('{customer}', 1, now()) RETURNING 1"
    )
    status, output, errors = command("erase", f"--customer={customer}")
    assert (status, "0 orders and 0 invoices" in output, "the customer and its keys deleted" in output) == (
        0,
        True,
        True,
    ), errors


def audited(command: Command) -> int:
    """What the audit says of parked messages; it succeeds only if it finds nothing at all."""
    status, output, errors = command("audit")
    found = re.search(r"parked messages that wait +(\d+)\n", output)
    assert found, errors
    assert (status == 0) == ("all is well" in output)
    assert status == 1 or found[1] == "0"
    return int(found[1])


@pytest.mark.parametrize("name", ["parked", "replay", "dismiss"])
def test_an_unknown_id_is_an_error_that_names_it(command: Command, name: str) -> None:
    unknown = str(uuid.uuid4())
    status, _, errors = command(name, f"--id={unknown}")
    assert (status, f"no parked message has the id {unknown}" in errors) == (1, True)
