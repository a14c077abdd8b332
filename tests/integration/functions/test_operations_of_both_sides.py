"""Messages parked by orders and by invoices, and the outboxes of both: one list, one set of commands."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from tests.integration.functions.conftest import Released
from tests.integration.functions.life_rows import parked
from tests.integration.functions.test_operations import Invoke, operate, relay
from tests.integration.functions.test_operations_outbox import listed_ids, paged
from tests.integration.functions.test_outbox_relay import add_row

from contracts import topology
from operations.parked_messages import UnknownQueueError
from operations.sides import Route

ROUTES = [
    ("invoices", topology.ORDER_CREATED_QUEUE, "order.created.v1", Route("orders", "orders", "order.created")),
    ("invoices", topology.ORDER_CANCELED_QUEUE, "order.canceled.v1", Route("orders", "orders", "order.canceled")),
    ("orders", topology.INVOICE_CHANGED_QUEUE, "invoice.paid.v1", Route("invoices", "invoices", "invoice.paid")),
    (
        "orders",
        topology.INVOICE_CHANGED_QUEUE,
        "invoice.reopened.v1",
        Route("invoices", "invoices", "invoice.reopened"),
    ),
    ("orders", topology.INVOICE_CHANGED_QUEUE, "unheard of", Route("invoices", "invoices", "invoice.paid")),
]


def add_invoices_row(released: Released, *, age_s: int = 0) -> str:
    statement = (
        "INSERT INTO invoices.outbox (outbox_id, exchange, routing_key, properties, body, created_at, due_at)"
        " VALUES (%s, 'invoices', 'invoice.paid', '{}', 'x', now() - %s * interval '1 s', now())"
    )
    outbox_id = str(uuid.uuid4())
    with released.admin() as connection:
        connection.execute(statement, [outbox_id, age_s])
    return outbox_id


def test_messages_of_both_sides_are_one_list_newest_first(empty: Released, invoke: Invoke) -> None:
    sides = ["orders", "invoices", "orders", "invoices", "invoices"]
    ids = [parked(empty, side=side, age_s=age) for age, side in enumerate(sides)]
    answer = operate(invoke, "parked")

    assert (answer["total"], answer["waiting"]) == (5, 5)
    assert [(each["parkedId"], each["side"]) for each in answer["messages"]] == list(zip(ids, sides, strict=True))
    pages = paged(invoke, "parked", "messages", limit=2)
    assert [[each["parkedId"] for each in page] for page in pages] == [ids[:2], ids[2:4], ids[4:]]
    assert operate(invoke, "parked", parkedId=ids[2])["messages"] == [answer["messages"][2]]


@pytest.mark.parametrize("is_dead_letter", [False, True])
@pytest.mark.parametrize(("side", "queue", "kind", "way"), ROUTES)
def test_a_replay_goes_the_way_that_leads_to_the_queue_it_came_from(
    empty: Released, invoke: Invoke, is_dead_letter: bool, side: str, queue: str, kind: str, way: Route
) -> None:
    (dead_letter_queue,) = (each.dead_letter_queue for each in topology.QUEUES if each.name == queue)
    chosen = parked(
        empty,
        side=side,
        queue=dead_letter_queue if is_dead_letter else queue,
        properties=json.dumps({"type": kind, "messageId": "m"}),
        body=b"body",
    )

    answer = operate(invoke, "replay", parkedId=chosen)

    assert answer == {"queued": 1, "alreadyQueued": 0, "unknownQueue": 0, "remaining": 0}
    statement = f"SELECT outbox_id::text, exchange, routing_key, body FROM {way.outbox}.outbox"
    assert empty.query(statement) == [(chosen, way.exchange, way.routing_key, b"body")]
    assert empty.count("orders.outbox") + empty.count("invoices.outbox") == 1
    assert operate(invoke, "replay", parkedId=chosen)["alreadyQueued"] == 1
    assert operate(invoke, "parked")["messages"][0]["state"] == "replayed"


@pytest.mark.parametrize("routing_key", [key for queue in topology.QUEUES for key in queue.routing_keys])
def test_every_way_of_a_replay_is_bound_to_its_queue(empty: Released, kept_channel: Any, routing_key: str) -> None:
    (queue,) = (each for each in topology.QUEUES if routing_key in each.routing_keys)
    kept_channel.confirm_delivery()
    kept_channel.basic_publish(queue.exchange, routing_key, b"x", mandatory=True)

    method, _, body = kept_channel.basic_get(queue.name, auto_ack=True)
    assert (method.routing_key, body) == (routing_key, b"x")


def test_a_replay_of_all_queues_what_waits_on_either_side(empty: Released, invoke: Invoke) -> None:
    for side, queue, *_ in ROUTES * 40:
        parked(empty, side=side, queue=queue)

    assert operate(invoke, "replay", all=True)["queued"] == 200
    assert (empty.count("orders.outbox"), empty.count("invoices.outbox")) == (80, 120)
    assert operate(invoke, "parked", limit=1)["waiting"] == 0


def test_a_message_of_a_queue_that_nobody_knows_stays_where_it_is(empty: Released, invoke: Invoke) -> None:
    lost, good = parked(empty, queue="orders.of-an-older-release"), parked(empty)

    with pytest.raises(UnknownQueueError, match=r"'orders\.of-an-older-release'"):
        operate(invoke, "replay", parkedId=lost)
    assert operate(invoke, "replay", all=True) == {
        "queued": 1,
        "alreadyQueued": 0,
        "unknownQueue": 1,
        "remaining": 0,
    }
    states = {each["parkedId"]: each["state"] for each in operate(invoke, "parked")["messages"]}
    assert states == {lost: "waiting", good: "replayed"}


def test_a_message_of_either_side_can_be_dismissed(empty: Released, invoke: Invoke) -> None:
    for side in ("orders", "invoices"):
        assert operate(invoke, "dismiss", parkedId=parked(empty, side=side)) == {"dismissed": 1}
    assert {each["state"] for each in operate(invoke, "parked")["messages"]} == {"dismissed"}
    assert operate(invoke, "audit")["healthy"]


def test_rows_of_both_outboxes_are_one_list_oldest_first(empty: Released, invoke: Invoke) -> None:
    ids = [add_invoices_row(empty, age_s=60), str(add_row(empty)), add_invoices_row(empty)]
    answer = operate(invoke, "outbox")

    assert (answer["total"], listed_ids(answer)) == (3, ids)
    assert [row["schema"] for row in answer["rows"]] == ["invoices", "orders", "invoices"]
    assert [listed_ids({"rows": page}) for page in paged(invoke, "outbox", "rows", limit=1)] == [[each] for each in ids]


def test_a_row_of_the_invoices_outbox_is_postponed_and_removed(empty: Released, invoke: Invoke) -> None:
    chosen = add_invoices_row(empty)
    assert operate(invoke, "postpone", outboxId=chosen, seconds=600)["postponed"] == 1
    assert empty.query("SELECT due_at > now() + interval '590 s' FROM invoices.outbox") == [(True,)]

    answer = operate(invoke, "remove", outboxId=chosen)
    assert (answer["row"]["schema"], answer["parkedMessageWaitsAgain"]) == ("invoices", False)
    assert empty.count("invoices.outbox") == 0


def test_the_message_of_a_removed_replay_waits_again_on_its_side(empty: Released, invoke: Invoke) -> None:
    chosen = parked(empty)
    operate(invoke, "replay", parkedId=chosen)

    assert operate(invoke, "remove", outboxId=chosen)["parkedMessageWaitsAgain"]
    assert operate(invoke, "parked")["messages"][0]["state"] == "waiting"


def test_an_audit_sees_both_sides(empty: Released, invoke: Invoke) -> None:
    parked(empty)
    old = add_invoices_row(empty, age_s=600)
    report = operate(invoke, "audit")

    assert not report["healthy"]
    assert report["parkedMessages"] == {"count": 1}
    assert [(each["schema"], each["outboxId"]) for each in report["oldOutboxRows"]["first"]] == [("invoices", old)]
    assert report["outbox"]["rows"] == 1
    assert report["outbox"]["oldestAgeSeconds"] >= 600


def test_a_replayed_cancellation_reaches_its_queue(empty: Released, invoke: Invoke, kept_channel: Any) -> None:
    properties = json.dumps({"type": topology.ORDER_CANCELED_TYPE})
    parked(empty, side="invoices", queue=topology.ORDER_CANCELED_QUEUE, properties=properties, body=b"cancellation")
    operate(invoke, "replay", all=True)
    assert relay(invoke) == 1

    method, properties, body = kept_channel.basic_get(topology.ORDER_CANCELED_QUEUE, auto_ack=True)
    assert (method.routing_key, properties.type, body) == ("order.canceled", "order.canceled.v1", b"cancellation")
