"""From the gateway to the invoice, through every real part (guarantees G1 and G2)."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3
import httpx
import pytest
from tests.live_system import LiveSystem, wait_for
from tests.plain_http import NO_TLS

# As many as the machine has time for: `ORDERS=2000 CLIENTS=16 make test TESTS=tests/e2e`.
ORDERS = int(os.environ.get("ORDERS", "160"))
CLIENTS = int(os.environ.get("CLIENTS", "8"))


def in_parallel(clients: int, work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(work, number) for number in range(clients)]:
            done.result()


def test_an_order_becomes_an_invoice(live: LiveSystem) -> None:
    with live.client() as client:
        answer = client.post("/orders", json={"amount": 1999, "currency": "BRL"})
        assert answer.status_code == 201
        order = answer.json()
        deadline = time.monotonic() + 30
        while not (read := client.get(answer.headers["location"]).json())["invoice"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    assert {**read, "invoice": None} == order
    assert read["invoice"]["amount"] == 1999


def test_many_clients_lose_and_double_nothing(live: LiveSystem) -> None:
    before = live.counts()
    accepted: list[str] = []

    def order(_: int) -> None:
        with live.client() as client:
            for amount in range(1, ORDERS // CLIENTS + 1):
                answer = client.post("/orders", json={"amount": amount})
                assert answer.status_code == 201, answer.text
                accepted.append(answer.json()["orderId"])

    in_parallel(CLIENTS, order)
    counts = live.wait_until_invoiced()

    assert len(set(accepted)) == ORDERS
    assert counts["orders"] == before["orders"] + ORDERS
    assert counts["invoices"] == before["invoices"] + ORDERS
    assert (counts["doubled"], counts["gaps"], counts["outbox"]) == (0, 0, 0)
    assert counts["parked"] == before["parked"]


def test_fifty_clients_with_one_key_make_one_order(live: LiveSystem) -> None:
    before = live.counts()["orders"]
    statuses: Counter[int] = Counter()
    identifiers: set[str] = set()
    start = threading.Barrier(50)

    def order(_: int) -> None:
        with live.client() as client:
            start.wait()
            answer = client.post("/orders", json={"amount": 5}, headers={"Idempotency-Key": "fifty"})
        statuses[answer.status_code] += 1
        if answer.status_code == 201:
            identifiers.add(answer.json()["orderId"])

    in_parallel(50, order)

    assert set(statuses) <= {201, 409}
    assert len(identifiers) == 1
    assert live.counts()["orders"] == before + 1
    with live.client("other") as other:
        answer = other.post("/orders", json={"amount": 5}, headers={"Idempotency-Key": "fifty"})
    assert answer.status_code == 201
    assert answer.json()["orderId"] not in identifiers


def test_a_customer_sees_only_its_own_orders(live: LiveSystem) -> None:
    with live.client() as client, live.client("other") as other:
        location = client.post("/orders", json={"amount": 1}).headers["location"]
        assert client.get(location).status_code == 200
        forged = {"X-Consumer-Custom-Id": "demo", "X-Consumer-Username": "demo"}
        assert other.get(location, headers=forged).status_code == 404
        assert other.get(location, headers={"apikey": "wrong"}).status_code == 401


BAD_REQUESTS: dict[str, tuple[str, str, bytes, dict[str, str], int]] = {
    "missing body": ("POST", "/orders", b"", {}, 400),
    "not JSON": ("POST", "/orders", b"{", {}, 400),
    "NaN": ("POST", "/orders", b'{"amount": NaN}', {}, 400),
    "1 MB of nesting": ("POST", "/orders", b"[" * 1_000_000, {}, 400),
    "array": ("POST", "/orders", b"[1]", {}, 422),
    "amount 0": ("POST", "/orders", b'{"amount": 0}', {}, 422),
    "amount -1": ("POST", "/orders", b'{"amount": -1}', {}, 422),
    "amount 1.5": ("POST", "/orders", b'{"amount": 1.5}', {}, 422),
    'amount "10"': ("POST", "/orders", b'{"amount": "10"}', {}, 422),
    "amount true": ("POST", "/orders", b'{"amount": true}', {}, 422),
    "amount 10^13": ("POST", "/orders", b'{"amount": 10000000000000}', {}, 422),
    "unknown field": ("POST", "/orders", b'{"amount": 1, "customer": "other"}', {}, 422),
    "bad currency": ("POST", "/orders", b'{"amount": 1, "currency": "XTS"}', {}, 422),
    "wrong content type": ("POST", "/orders", b'{"amount": 1}', {"content-type": "text/plain"}, 415),
    "wrong method": ("DELETE", "/orders", b"", {}, 405),
    "wrong method on an order": ("PATCH", "/orders/x", b"", {}, 405),
    "bad order id": ("GET", "/orders/not-an-id", b"", {}, 404),
    "bad idempotency key": ("POST", "/orders", b'{"amount": 1}', {"idempotency-key": "x" * 256}, 400),
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_bad_input_is_refused_with_a_problem_and_no_row(live: LiveSystem, name: str) -> None:
    method, path, body, headers, status = BAD_REQUESTS[name]
    before = live.counts()["orders"]
    with live.client() as client:
        answer = client.request(method, path, content=body, headers={"content-type": "application/json", **headers})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert status != 422 or problem["errors"][0]["pointer"] in ("", "/amount", "/currency", "/customer")
    assert "Traceback" not in answer.text
    assert ("allow" in answer.headers) == (status == 405)
    assert live.counts()["orders"] == before


def test_without_a_key_nobody_gets_in(live: LiveSystem) -> None:
    assert httpx.post(f"{live.endpoints['gateway']}/orders", json={"amount": 1}, verify=NO_TLS).status_code == 401
    health = f"{live.endpoints['gateway']}/health"
    # For a moment the broker may be too busy to answer in time.
    wait_for(
        lambda: httpx.get(health, verify=NO_TLS).json() == {"status": "ok"},
        timeout_s=60,
        what=lambda: httpx.get(health, verify=NO_TLS).text,
    )


def test_status_says_that_all_is_well(live: LiveSystem) -> None:
    shown = live.run("status")
    for part in ("postgres", "rabbitmq", "emulator", "gateway", "create_order", "order-created"):
        assert part in shown


def test_an_ordinary_boto3_client_invokes_functions(live: LiveSystem) -> None:
    client = boto3.client(
        "lambda",
        endpoint_url=live.endpoints["aws"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    answer = client.invoke(FunctionName="outbox_relay", Payload=b"{}")
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer

    def states() -> set[str]:
        return {mapping["State"] for mapping in client.list_event_source_mappings()["EventSourceMappings"]}

    wait_for(lambda: states() == {"Enabled"}, timeout_s=60, what=states)
