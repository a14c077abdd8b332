"""POST /orders: what is answered, what is stored, what is published."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from tests.integration.functions.conftest import admin_channel
from tests.integration.functions.http_events import post_order

import create_order.bootstrap
from aws.secrets_manager import SecretUnavailableError
from contracts import topology
from create_order.repository import PostgresOrderRepository
from localregion.services.management_api import ManagementApi
from rabbitmq import BrokerUnavailableError


def take(released: Any) -> list[tuple[Any, bytes]]:
    """Everything in the queue, acknowledged."""
    channel = admin_channel(released)
    taken = []
    while (message := channel.basic_get(topology.ORDER_CREATED_QUEUE, auto_ack=True))[0]:
        taken.append((message[1], message[2]))
    channel.connection.close()
    return taken


def test_an_order_is_stored_published_and_answered(empty: Any, invoke: Any) -> None:
    headers = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "tracestate": "a=b"}
    answer = invoke("create_order", post_order({"amount": 1999, "currency": "BRL"}, headers=headers))
    order = json.loads(answer["body"])

    assert answer["statusCode"] == 201
    assert answer["headers"] == {"Content-Type": "application/json", "Location": f"/orders/{order['orderId']}"}
    assert order == {
        "orderId": order["orderId"],
        "customer": {"id": "demo"},
        "amount": 1999,
        "currency": "BRL",
        "status": "pending",
        "reference": None,
        "createdAt": order["createdAt"],
        "updatedAt": order["createdAt"],
        "invoice": None,
        "payments": [],
    }
    assert empty.query("SELECT order_id::text, customer_id, amount, currency, status FROM orders.orders") == [
        (order["orderId"], "demo", 1999, "BRL", "pending")
    ]
    assert empty.count("orders.outbox") == 0
    [(properties, body)] = take(empty)
    assert json.loads(body) == {
        "orderId": order["orderId"],
        "amount": 1999,
        "currency": "BRL",
        "customer": {"id": "demo"},
        "createdAt": order["createdAt"],
    }
    assert (properties.content_type, properties.type, properties.delivery_mode) == (
        "application/json",
        "order.created.v1",
        2,
    )
    assert headers.items() <= properties.headers.items()
    assert properties.message_id


def test_the_same_key_gets_the_same_answer_and_one_order(empty: Any, invoke: Any) -> None:
    first = invoke("create_order", post_order(key="k-1"))
    second = invoke("create_order", post_order(key='"k-1"'))

    assert first["body"] == second["body"]
    assert second["headers"]["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first["headers"]
    assert empty.count("orders.orders") == 1
    assert len(take(empty)) == 1


def test_the_same_key_with_another_body_is_refused(empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order({"amount": 1}, key="k"))
    answer = invoke("create_order", post_order({"amount": 2}, key="k"))

    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["type"] == "urn:serverless-orders:problem:idempotency-key-reused"
    assert empty.count("orders.orders") == 1


def test_the_same_key_of_another_customer_is_another_order(empty: Any, invoke: Any) -> None:
    first = invoke("create_order", post_order(key="k", customer="demo"))
    second = invoke("create_order", post_order(key="k", customer="other"))

    assert first["statusCode"] == second["statusCode"] == 201
    assert empty.count("orders.orders") == 2


def test_an_expired_key_is_free_again(empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order(key="k"))
    with empty.admin() as connection:
        connection.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h',"
            " expires_at = now() - interval '1 h'"
        )
    answer = invoke("create_order", post_order({"amount": 5}, key="k"))

    assert answer["statusCode"] == 201
    assert "Idempotent-Replayed" not in answer["headers"]
    assert empty.count("orders.orders") == 2


def test_a_key_of_the_release_before_references_gets_its_answer(empty: Any, invoke: Any) -> None:
    """As that release stored it: without reference, updatedAt and payments."""
    order_id = "0198f8a0-0000-7000-8000-000000000001"
    answer = f'{{"orderId":"{order_id}","customer":{{"id":"demo"}},"amount":1999,"currency":"BRL","status":"pending"}}'
    with empty.admin() as connection:
        connection.execute("INSERT INTO orders.orders VALUES (%s, 'demo', 1999, 'BRL', 'pending', now())", [order_id])
        connection.execute(
            "INSERT INTO orders.idempotency_keys VALUES ('demo', 'k', sha256(%s), %s, %s, now(), now() + '1 day')",
            [b'[1999, "BRL"]', order_id, answer],
        )
    replayed = invoke("create_order", post_order({"amount": 1999, "currency": "BRL"}, key="k"))

    assert (replayed["statusCode"], replayed["body"]) == (201, answer)
    assert replayed["headers"]["Idempotent-Replayed"] == "true"
    other = post_order({"amount": 1999, "currency": "BRL", "reference": "r"}, key="k")
    assert invoke("create_order", other)["statusCode"] == 422
    assert empty.count("orders.orders") == 1


def test_a_reference_is_stored_and_answered_again(empty: Any, invoke: Any) -> None:
    body = {"amount": 1, "currency": "BRL", "reference": "basket 42"}
    first, again = (invoke("create_order", post_order(body, key="k")) for _ in range(2))
    without_key = invoke("create_order", post_order(body))

    assert json.loads(first["body"])["reference"] == json.loads(without_key["body"])["reference"] == "basket 42"
    assert again["body"] == first["body"]
    assert invoke("create_order", post_order({"amount": 1, "currency": "BRL"}, key="k"))["statusCode"] == 422
    assert empty.query("SELECT reference FROM orders.orders") == [("basket 42",)] * 2


def test_a_running_original_is_a_conflict(empty: Any, invoke: Any) -> None:
    with empty.admin() as connection, connection.transaction():
        connection.execute(
            "INSERT INTO orders.orders VALUES (gen_random_uuid(), 'demo', 1, 'BRL', 'pending', now());"
            "INSERT INTO orders.idempotency_keys SELECT 'demo', 'k', sha256('x'), order_id, '{}', now(),"
            " now() + interval '1 day' FROM orders.orders"
        )
        answer = invoke("create_order", post_order(key="k"))

    assert answer["statusCode"] == 409
    assert answer["headers"]["Retry-After"] == "1"
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_a_frozen_broker_costs_nobody_an_order_and_is_left_alone(empty: Any, invoke: Any) -> None:
    empty.rabbitmq.freeze()
    try:
        for _ in range(4):
            assert invoke("create_order", post_order())["statusCode"] == 201
        with pytest.raises(BrokerUnavailableError, match="pause after a failure"):
            create_order.bootstrap.dependencies().publisher.publish([], timeout_s=1)
    finally:
        empty.rabbitmq.thaw()

    assert empty.count("orders.outbox") == 4


def test_a_lost_database_connection_is_replaced(empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order())
    with empty.admin() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'create_order'")
    assert invoke("create_order", post_order())["statusCode"] == 201


def test_a_lost_broker_connection_is_replaced(empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order())
    close_broker_connections(empty)
    assert invoke("create_order", post_order())["statusCode"] == 201
    assert empty.count("orders.outbox") == 0


def close_broker_connections(released: Any) -> None:
    """Ask the management API to close every connection of the publisher; wait until it has."""
    node = released.rabbitmq
    api = ManagementApi(node.management_url, username=node.username, password=node.password)
    deadline = time.monotonic() + 30
    while not (names := [each["name"] for each in api.get("connections") if each["user"] == "orders_publisher"]):
        assert time.monotonic() < deadline, "the management API never showed the publisher's connection"
        time.sleep(0.1)
    for name in names:
        api.delete("connections", name)


def test_without_a_database_the_answer_is_503(empty: Any, invoke: Any) -> None:
    empty.postgres.stop()
    try:
        answer = invoke("create_order", post_order())
    finally:
        empty.postgres.start()

    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "2"
    assert invoke("create_order", post_order())["statusCode"] == 201


@pytest.mark.parametrize(
    ("table", "key"), [("orders", None), ("orders", "brand-new"), ("idempotency_keys", "brand-new")]
)
def test_a_migrations_lock_is_a_503_and_nobodys_running_original(
    empty: Any, invoke: Any, table: str, key: str | None
) -> None:
    with empty.admin() as connection, connection.transaction():
        connection.execute(f"LOCK TABLE orders.{table} IN ACCESS EXCLUSIVE MODE")
        answer = invoke("create_order", post_order(key=key))

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")
    assert invoke("create_order", post_order(key=key))["statusCode"] == 201
    assert empty.count("orders.orders") == 1


def test_an_expired_key_that_is_being_used_again_is_a_conflict(empty: Any, invoke: Any) -> None:
    invoke("create_order", post_order(key="k"))
    with empty.admin() as connection, connection.transaction():
        connection.execute(
            "UPDATE orders.idempotency_keys SET created_at = now() - interval '25 h',"
            " expires_at = now() - interval '1 h'"
        )
        answer = invoke("create_order", post_order(key="k"))

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (409, "1")


def test_what_fails_after_the_commit_is_no_failure_of_the_order(
    empty: Any, invoke: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise SecretUnavailableError("no secrets at the moment")

    monkeypatch.setattr(PostgresOrderRepository, "delete_published", fail)
    assert invoke("create_order", post_order())["statusCode"] == 201
    assert empty.count("orders.orders") == empty.count("orders.outbox") == 1


def test_many_clients_with_one_key_make_one_order(empty: Any, invoke: Any) -> None:
    """Through one handler the requests queue up; the database decides all the same."""
    answers: list[int] = []
    lock = threading.Lock()

    def order() -> None:
        with lock:
            answers.append(invoke("create_order", post_order(key="one"))["statusCode"])

    threads = [threading.Thread(target=order) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(answers) == {201}
    assert empty.count("orders.orders") == 1


BAD_BODIES: dict[str, tuple[bytes, int, str | None]] = {
    "missing": (b"", 400, None),
    "not JSON": (b"{", 400, None),
    "not UTF-8": (b"\xff\xfe", 400, None),
    "NaN": (b'{"amount": NaN}', 400, None),
    "1 MB of nesting": (b"[" * 1_000_000, 400, None),
    "array": (b"[]", 422, ""),
    "amount missing": (b"{}", 422, "/amount"),
    "amount 0": (b'{"amount": 0}', 422, "/amount"),
    "amount -1": (b'{"amount": -1}', 422, "/amount"),
    "amount 1.5": (b'{"amount": 1.5}', 422, "/amount"),
    "amount as text": (b'{"amount": "10"}', 422, "/amount"),
    "amount true": (b'{"amount": true}', 422, "/amount"),
    "amount 10^13": (b'{"amount": 10000000000000}', 422, "/amount"),
    "unknown field": (b'{"amount": 1, "customer": "other"}', 422, "/customer"),
    "bad currency": (b'{"amount": 1, "currency": "brl"}', 422, "/currency"),
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_bad_body_is_refused_with_the_place(empty: Any, invoke: Any, name: str) -> None:
    body, status, pointer = BAD_BODIES[name]
    answer = invoke("create_order", post_order(body))
    problem = json.loads(answer["body"])

    assert (answer["statusCode"], problem["status"]) == (status, status)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(problem)
    if pointer is not None:
        assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert "Traceback" not in answer["body"]
    assert empty.count("orders.orders") == 0


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (post_order(method="PUT"), 405),
        (post_order(content_type="text/plain"), 415),
        (post_order(content_type=None), 415),
        (post_order(customer=None), 401),
        (post_order(key="x" * 256), 400),
        (post_order(key='""'), 400),
        (post_order(key="tab\there"), 400),
    ],
    ids=["method", "content type", "no content type", "no customer", "long key", "empty key", "control character"],
)
def test_a_bad_request_is_refused(empty: Any, invoke: Any, event: dict[str, Any], status: int) -> None:
    answer = invoke("create_order", event)

    assert answer["statusCode"] == status
    assert (answer["headers"].get("Allow") == "GET, HEAD, POST") is (status == 405)
    assert empty.count("orders.orders") == 0
