"""What an operator does: look at parked messages, replay and dismiss them, audit; each by invoking the function."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pika
import psycopg
import pytest
from tests.integration.functions.conftest import Released, admin_channel
from tests.integration.functions.http_events import post_order
from tests.integration.functions.test_create_order import take
from tests.integration.functions.test_invoice_consumer import batch, message, order_body

from contracts import topology
from contracts.topology import DEAD_LETTER_QUEUE, ORDER_CREATED_QUEUE
from localregion.aws.amqp.content import Delivery
from localregion.aws.event_source_mappings.event import encode_record
from operations import bootstrap, parked_messages
from operations.arguments import InvalidRequestError
from operations.parked_messages import UnknownMessageError

Invoke = Callable[..., dict[str, Any]]


def operate(invoke: Invoke, operation: str, **arguments: Any) -> dict[str, Any]:
    return invoke("operations", {"operation": operation, **arguments}, remaining_ms=120_000)


def park(invoke: Invoke, *messages: dict[str, Any], queue: str = ORDER_CREATED_QUEUE) -> None:
    assert invoke("invoice_consumer", batch(*messages, queue=queue))["parked"] == len(messages)


def parked_id(invoke: Invoke) -> str:
    """The id of the only parked message."""
    (only,) = operate(invoke, "parked")["messages"]
    return str(only["parkedId"])


def relay(invoke: Invoke) -> int:
    return int(invoke("outbox_relay", {}, remaining_ms=50_000)["published"])


def consume(released: Released, invoke: Invoke) -> dict[str, Any]:
    """Everything in the queue, handed to the consumer as the mapping would."""
    return invoke("invoice_consumer", batch(*(record(properties, body) for properties, body in take(released))))


def record(properties: Any, body: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(encode_record(Delivery(1, False, b"".join(properties.encode()), body)))
    return decoded


def test_parked_messages_are_listed_newest_first_with_what_is_known_of_them(empty: Released, invoke: Invoke) -> None:
    park(invoke, message(b"{", messageId="first"))
    park(invoke, message(b"\xff\x00", type="odd", messageId="second"))
    listed = operate(invoke, "parked")

    assert (listed["total"], listed["waiting"]) == (2, 2)
    newest, oldest = listed["messages"]
    assert (newest["messageId"], newest["type"], newest["size"]) == ("second", "odd", 2)
    assert base64.b64decode(newest["body"]["base64"]) == b"\xff\x00"
    assert newest["reason"] == "type is 'odd', expected order.created.v1 or order.canceled.v1"
    assert oldest["body"] == {"text": "{"}
    assert (oldest["queue"], oldest["seenCount"], oldest["state"]) == (ORDER_CREATED_QUEUE, 1, "waiting")
    assert (oldest["replayedAt"], oldest["dismissedAt"]) == (None, None)
    assert oldest["firstSeenAt"] == oldest["lastSeenAt"]


def test_a_list_is_as_long_as_asked_for_and_says_how_many_there_are(empty: Released, invoke: Invoke) -> None:
    park(invoke, *(message(b"x" * 5000, messageId=str(number)) for number in range(5)))
    listed = operate(invoke, "parked", limit=2)

    assert (listed["total"], len(listed["messages"])) == (5, 2)
    assert all(each["size"] == 5000 and len(each["body"]["text"]) == 1024 for each in listed["messages"])
    one = listed["messages"][1]
    assert operate(invoke, "parked", parkedId=one["parkedId"])["messages"] == [one]


def test_a_replayed_message_that_is_good_now_becomes_an_invoice(empty: Released, invoke: Invoke) -> None:
    order_id = str(uuid.uuid4())
    headers = {"x-first-death-reason": {"bytes": list(b"rejected")}}
    park(invoke, message(order_body(orderId=order_id), headers=headers), queue=DEAD_LETTER_QUEUE)

    assert operate(invoke, "replay", parkedId=parked_id(invoke)) == {
        "queued": 1,
        "alreadyQueued": 0,
        "unknownQueue": 0,
        "remaining": 0,
    }
    assert relay(invoke) == 1
    assert consume(empty, invoke)["issued"] == 1
    assert empty.query("SELECT order_id::text FROM invoices.invoices") == [(order_id,)]
    (after,) = operate(invoke, "parked")["messages"]
    assert (after["state"], after["seenCount"]) == ("replayed", 1)
    assert after["replayedAt"] is not None


def test_a_replay_carries_body_and_properties_as_they_came(empty: Released, invoke: Invoke) -> None:
    sent = pika.BasicProperties(
        content_type="application/json",
        content_encoding="identity",
        headers={"traceparent": "00-ab-cd-01", "number": 7, "nested": {"flag": True, "list": ["é", None]}},
        delivery_mode=1,
        priority=3,
        correlation_id="c-1",
        expiration="60000",
        message_id="m-1",
        timestamp=2021,
        type="order.created.v1",
        user_id="somebody else",
        app_id="shop",
    )
    park(invoke, record(sent, b"\x00not JSON\xff"))
    operate(invoke, "replay", all=True)
    assert relay(invoke) == 1
    ((properties, body),) = take(empty)

    assert body == b"\x00not JSON\xff"
    for name in ("content_type", "content_encoding", "priority", "correlation_id", "message_id", "type", "app_id"):
        assert getattr(properties, name) == getattr(sent, name), name
    assert (properties.timestamp, properties.delivery_mode) == (2021, 2)
    assert (properties.user_id, properties.expiration) == (None, None)
    # The quorum queue's own; it stands there from the first delivery on.
    assert {name: value for name, value in properties.headers.items() if name != "x-delivery-count"} == sent.headers


def test_two_replays_in_a_row_queue_a_message_once(empty: Released, invoke: Invoke) -> None:
    park(invoke, message(b"{"))
    chosen = parked_id(invoke)

    assert operate(invoke, "replay", parkedId=chosen)["queued"] == 1
    assert operate(invoke, "replay", parkedId=chosen) == {
        "queued": 0,
        "alreadyQueued": 1,
        "unknownQueue": 0,
        "remaining": 0,
    }
    assert operate(invoke, "replay", all=True) == {"queued": 0, "alreadyQueued": 0, "unknownQueue": 0, "remaining": 0}
    assert empty.query("SELECT outbox_id::text, due_at <= now() FROM orders.outbox") == [(chosen, True)]


def test_replays_at_the_same_time_queue_each_message_once(empty: Released, invoke: Invoke) -> None:
    park(invoke, *(message(b"{", messageId=str(number)) for number in range(150)))

    def replay_all(_: int) -> int:
        with psycopg.connect(empty.postgres.dsn, dbname="orders", autocommit=True) as connection:
            return parked_messages.replay(connection, parked_id=None, is_deadline_near=lambda: False).queued

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(replay_all, range(4))) == 150
    assert empty.count("orders.outbox") == 150
    assert operate(invoke, "parked", limit=1)["waiting"] == 0


@pytest.mark.parametrize("body", [b"{", b"", order_body(amount=0)], ids=["not JSON", "empty", "breaks a rule"])
def test_a_message_that_is_still_broken_returns_to_its_row(empty: Released, invoke: Invoke, body: bytes) -> None:
    park(invoke, message(body, messageId="m-1"))
    for seen in (2, 3):
        assert operate(invoke, "replay", all=True)["queued"] == 1
        assert relay(invoke) == 1
        assert consume(empty, invoke)["parked"] == 1
        (row,) = operate(invoke, "parked")["messages"]
        assert (row["seenCount"], row["state"]) == (seen, "waiting")


def test_a_dead_lettered_message_that_is_still_broken_returns_to_its_row(empty: Released, invoke: Invoke) -> None:
    channel = admin_channel(empty)
    properties = pika.BasicProperties(type="order.created.v1", message_id="m-1")
    channel.basic_publish(topology.ORDERS_EXCHANGE, topology.ORDER_CREATED_ROUTING_KEY, b"{", properties)
    method, _, _ = wait_for_message(channel, ORDER_CREATED_QUEUE)
    channel.basic_nack(method.delivery_tag, requeue=False)
    method, dead, body = wait_for_message(channel, DEAD_LETTER_QUEUE)
    channel.basic_ack(method.delivery_tag)
    channel.connection.close()
    assert dead.headers["x-first-death-queue"] == ORDER_CREATED_QUEUE
    park(invoke, record(dead, body), queue=DEAD_LETTER_QUEUE)
    before = operate(invoke, "parked")["messages"][0]
    operate(invoke, "replay", all=True)
    relay(invoke)
    ((replayed, _),) = taken = take(empty)
    invoke("invoice_consumer", batch(*(record(*each) for each in taken)))

    assert before["reason"] == "dead-lettered by the broker: rejected"
    assert not [name for name in replayed.headers or {} if "death" in name]
    (row,) = operate(invoke, "parked")["messages"]
    assert (row["parkedId"], row["seenCount"]) == (before["parkedId"], 2)
    assert "JSON" in row["reason"]


def wait_for_message(channel: Any, queue: str) -> tuple[Any, Any, bytes]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        method, properties, body = channel.basic_get(queue)
        if method is not None:
            return method, properties, body
        channel.connection.process_data_events(0.02)
    raise AssertionError(f"nothing in {queue}")


def test_a_message_that_comes_back_while_it_is_queued_again_still_waits(empty: Released, invoke: Invoke) -> None:
    """The relay may have published and not yet deleted it: noting a replay then would lose it."""
    park(invoke, message(b"{"))
    chosen = parked_id(invoke)
    operate(invoke, "replay", parkedId=chosen)
    park(invoke, message(b"{"))

    assert operate(invoke, "replay", parkedId=chosen)["alreadyQueued"] == 1
    assert operate(invoke, "parked")["waiting"] == 1


def test_what_amqp_cannot_carry_does_not_keep_a_message_from_being_replayed(empty: Released, invoke: Invoke) -> None:
    nested: Any = []
    for _ in range(900):
        nested = [nested]
    odd = [
        message(b"1", headers={"deep": nested}),
        message(b"2", headers={"huge": 2**70, "float": 1e300, "nan": None}),
        message(b"3", headers={"half": "\ud800", "nul": "\x00", "bytes": {"bytes": [-1, 300]}, "n" * 200: 1}),
        message(b"4", type={"bytes": [1]}, messageId="x" * 300, priority="9", timestamp="yesterday"),
        message(b"5", timestamp="Aug 17, 292278994, 7:12:55 AM", clusterId="c", replyTo="r", deliveryMode=None),
        message(b"6", headers={"CC": 5, "BCC": "nowhere", "x-death": [{}], "x-delivery-count": 4}),
    ]
    park(invoke, *odd)
    assert operate(invoke, "replay", all=True)["queued"] == len(odd)
    assert relay(invoke) == len(odd)
    assert empty.count("orders.outbox") == 0
    assert sorted(body for _, body in take(empty)) == [b"1", b"2", b"3", b"4", b"5", b"6"]


def test_a_replay_that_runs_out_of_time_says_what_remains(empty: Released, invoke: Invoke) -> None:
    park(invoke, message(b"{"))
    answer = invoke("operations", {"operation": "replay", "all": True}, remaining_ms=5_000)

    assert answer == {"queued": 0, "alreadyQueued": 0, "unknownQueue": 0, "remaining": 1}
    assert operate(invoke, "replay", all=True)["queued"] == 1


def test_a_dismissed_message_waits_no_longer_until_it_comes_again(empty: Released, invoke: Invoke) -> None:
    park(invoke, message(b"{"))
    assert operate(invoke, "dismiss", parkedId=parked_id(invoke)) == {"dismissed": 1}
    assert operate(invoke, "replay", all=True)["queued"] == 0
    assert operate(invoke, "parked")["messages"][0]["state"] == "dismissed"
    assert operate(invoke, "audit")["healthy"]

    park(invoke, message(b"{"))
    assert operate(invoke, "parked")["messages"][0]["state"] == "waiting"


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        None,
        {"operation": "drop"},
        {"operation": ["parked"]},
        {"operation": "parked", "limit": 0},
        {"operation": "parked", "limit": 501},
        {"operation": "parked", "limit": True},
        {"operation": "parked", "limit": "5"},
        {"operation": "parked", "parkedId": None},
        {"operation": "replay"},
        {"operation": "replay", "all": False},
        {"operation": "replay", "all": True, "parkedId": str(uuid.UUID(int=1))},
        {"operation": "replay", "parkedId": "x'; DROP TABLE orders.orders; --"},
        {"operation": "replay", "parkedId": 5},
        {"operation": "replay", "id": str(uuid.UUID(int=1))},
        {"operation": "parked", "after": str(uuid.UUID(int=1)), "parkedId": str(uuid.UUID(int=1))},
        {"operation": "dismiss"},
        {"operation": "outbox", "limit": 501},
        {"operation": "outbox", "after": "the last one"},
        {"operation": "postpone"},
        {"operation": "postpone", "outboxId": str(uuid.UUID(int=1)), "seconds": 0},
        {"operation": "postpone", "outboxId": str(uuid.UUID(int=1)), "seconds": 604_801},
        {"operation": "remove"},
        {"operation": "remove", "all": True},
        {"operation": "remove", "parkedId": str(uuid.UUID(int=1))},
        {"operation": "audit", "days": 0},
        {"operation": "audit", "days": 7, "incremental": True},
        {"operation": "audit", "incremental": "yes"},
        {"operation": "audit", "days": 1.5},
        {"operation": "audit", "olderThanSeconds": -1},
        {"operation": "audit", "emitMetrics": "yes"},
        {"operation": "audit", 5: "not JSON"},
        {"operation": "unmatched", "limit": 501},
        {"operation": "unmatched", "unmatchedId": "the last one"},
        {"operation": "dismissUnmatched"},
        {"operation": "dismissUnmatched", "parkedId": str(uuid.UUID(int=1))},
        {"operation": "purge"},
        {"operation": "purge", "olderThanDays": 0},
        {"operation": "purge", "olderThanDays": True},
        {"operation": "erase"},
        {"operation": "erase", "customerId": ""},
        {"operation": "erase", "customerId": "x" * 256},
        {"operation": "erase", "customerId": ["demo"]},
        {"operation": "erase", "customerId": "demo\x00"},
    ],
)
def test_a_request_that_is_wrong_is_refused(empty: Released, invoke: Invoke, event: Any) -> None:
    with pytest.raises(InvalidRequestError):
        invoke("operations", event)


@pytest.mark.parametrize("operation", ["parked", "replay", "dismiss"])
def test_an_unknown_id_is_an_error(empty: Released, invoke: Invoke, operation: str) -> None:
    with pytest.raises(UnknownMessageError, match="no parked message has the id"):
        operate(invoke, operation, parkedId=str(uuid.uuid4()))


def test_every_call_is_logged_with_its_request_id_and_nobodys_content(
    empty: Released, invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    park(invoke, message(b"somebody's secret"))
    chosen = parked_id(invoke)
    operate(invoke, "replay", parkedId=chosen)
    with pytest.raises(InvalidRequestError):
        operate(invoke, "nothing")

    listed, replayed, refused = (vars(each) for each in caplog.records if each.name == "operations")
    assert (listed["msg"], replayed["msg"], refused["msg"]) == ("operation done", "operation done", "operation refused")
    assert replayed["request"] == {"operation": "Replay", "parked_id": chosen}
    assert replayed["outcome"] == {"queued": 1, "alreadyQueued": 0, "unknownQueue": 0, "remaining": 0}
    assert "somebody's secret" not in str((listed, replayed, refused))
    assert bootstrap.dependencies().logger.get_correlation_id() == "c0ffee00-0000-4000-8000-000000000000"


def order(invoke: Invoke, **changes: Any) -> str:
    return str(json.loads(invoke("create_order", post_order(changes or None))["body"])["orderId"])


def age(released: Released, table: str, seconds: int = 600) -> None:
    with released.admin() as connection:
        connection.execute(f"UPDATE {table} SET created_at = created_at - interval '{seconds} s'")


def test_a_system_that_is_well_audits_as_healthy(empty: Released, invoke: Invoke) -> None:
    for _ in range(3):
        order(invoke)
    consume(empty, invoke)
    age(empty, "orders.orders")

    for arguments in ({}, {"days": 7}, {"olderThanSeconds": 0}):
        report = operate(invoke, "audit", **arguments)
        assert report["healthy"], report
        assert report["outbox"] == {"rows": 0, "oldestAgeSeconds": 0}


def test_an_order_without_invoice_is_found_once_it_should_have_one(empty: Released, invoke: Invoke) -> None:
    order_id = order(invoke)
    assert operate(invoke, "audit")["healthy"], "its invoice may still come"
    age(empty, "orders.orders")
    report = operate(invoke, "audit", days=1)

    assert not report["healthy"]
    assert report["ordersWithoutInvoice"]["count"] == 1
    assert report["ordersWithoutInvoice"]["first"][0]["orderId"] == order_id
    assert operate(invoke, "audit", olderThanSeconds=3600)["healthy"]


def test_an_audit_of_the_last_days_leaves_older_orders_out(empty: Released, invoke: Invoke) -> None:
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
            " VALUES ('0100f8a0-0000-7000-8000-000000000001', 'demo', 1, 'BRL', '2005-03-05')"
        )
    assert operate(invoke, "audit", days=7)["healthy"]
    assert operate(invoke, "audit")["ordersWithoutInvoice"]["count"] == 1


def test_only_the_first_hundred_are_listed_and_all_counted(empty: Released, invoke: Invoke) -> None:
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
            " SELECT gen_random_uuid(), 'demo', 1, 'BRL', now() - interval '1 h' FROM generate_series(1, 130)"
        )
    found = operate(invoke, "audit")["ordersWithoutInvoice"]

    assert (found["count"], len(found["first"])) == (130, 100)


def test_invoices_without_order_and_unlike_their_order_are_found(empty: Released, invoke: Invoke) -> None:
    stranger, order_id = str(uuid.uuid4()), order(invoke)
    take(empty)
    invoke(
        "invoice_consumer",
        batch(message(order_body(orderId=stranger)), message(order_body(orderId=order_id, amount=1, currency="EUR"))),
    )
    report = operate(invoke, "audit")

    assert report["invoicesWithoutOrder"] == {"count": 1, "first": [{"orderId": stranger, "number": 1}]}
    differing = {"amount": {"order": 1999, "invoice": 1}, "currency": {"order": "BRL", "invoice": "EUR"}}
    assert report["invoicesDifferingFromOrder"] == {
        "count": 1,
        "first": [{"orderId": order_id, "number": 2, "differing": differing}],
    }
    assert not report["healthy"]


@pytest.mark.parametrize("arguments", [{}, {"days": 7}])
def test_gaps_in_the_numbers_are_found_wherever_they_are(
    empty: Released, invoke: Invoke, arguments: dict[str, Any]
) -> None:
    invoke("invoice_consumer", batch(*(message(order_body()) for _ in range(10))))
    with empty.admin() as connection:
        connection.execute("DELETE FROM invoices.invoices WHERE number IN (1, 4, 5, 10)")
    gaps = operate(invoke, "audit", **arguments)["invoiceNumberGaps"]

    assert gaps["count"] == 4
    assert [(gap["first"], gap["last"]) for gap in gaps["first"]] == [(1, 1), (4, 5), (10, 10)]


def test_old_outbox_rows_are_found_with_their_error_however_often_they_are_tried(
    empty: Released, invoke: Invoke
) -> None:
    with empty.admin() as connection:
        connection.execute(
            "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, created_at, due_at)"
            " VALUES (gen_random_uuid(), 'orders', 'nobody.listens', '{}', 'x', now() - interval '10 min', now())"
        )
    relay(invoke)
    report = operate(invoke, "audit")

    assert not report["healthy"]
    assert report["oldOutboxRows"]["count"] == 1
    row = report["oldOutboxRows"]["first"][0]
    assert row["attempts"] == 1
    assert "no queue is bound" in row["lastError"]
    assert report["outbox"]["rows"] == 1
    assert report["outbox"]["oldestAgeSeconds"] >= 600


def test_a_scheduled_audit_writes_its_figures_as_metrics(
    empty: Released, invoke: Invoke, capsys: pytest.CaptureFixture[str]
) -> None:
    park(invoke, message(b"{"))
    operate(invoke, "audit")
    operate(invoke, "audit", incremental=True, emitMetrics=True)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"OutboxRows"' in line]

    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("ServerlessOrders", [["service"]])
    assert line["service"] == "test-function"
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 3600
    figures = {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    # Orders of the last three minutes may be on their way.
    assert 179 <= figures.pop("AuditBehindSeconds")[0] <= 182
    assert {name: value for name, [value] in figures.items()} == {
        "OrdersWithoutInvoice": 0,
        "InvoicesWithoutOrder": 0,
        "InvoicesDifferingFromOrder": 0,
        "InvoiceNumberGaps": 0,
        "PaidInvoicesWithoutPaidOrder": 0,
        "PaidOrdersWithoutPaidInvoice": 0,
        "CanceledOrdersWithoutCanceledInvoice": 0,
        "OrdersBesideTheirInvoice": 0,
        "InvoicesBesideTheirPayments": 0,
        "CanceledInvoicesWithoutCreditNote": 0,
        "CreditNoteNumberGaps": 0,
        "UnmatchedPayments": 0,
        "OverpaidInvoices": 0,
        "OwedBack": 0,
        "CustomersUnpublishedAgeSeconds": 0,
        "OutboxRows": 0,
        "OutboxOldestAgeSeconds": 0,
        "ParkedMessages": 1,
        "AuditRuns": 1,
    }
