"""What the console says of orders and parked messages, and sends of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from integration.console.console_process import RunningConsole, wait_until
from unit.console.spans import OTHER, TRACE, attribute, export, link, otlp_span, span_id

from localregion.testing.services import RunningPostgres
from proof.checkout import ROOT

INVOKE = "/2015-03-31/functions/{}/invocations"


@pytest.fixture
def database(console: RunningConsole, dsn: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


def order_at(database: psycopg.Connection[Any], *, seconds_ago: float = 5.0) -> str:
    """An order of that age, its id beginning with its time."""
    row = database.execute("SELECT extract(epoch FROM clock_timestamp()) - %s::numeric", [seconds_ago]).fetchone()
    assert row is not None
    order_id = str(uuid.UUID(int=int(row[0] * 1000) << 80 | 0x7 << 76 | uuid.uuid4().int & (1 << 64) - 1))
    database.execute(
        "INSERT INTO orders.orders (order_id, customer_id, amount, currency, created_at)"
        " VALUES (%s, 'demo', 1999, 'BRL', to_timestamp(%s))",
        [order_id, row[0]],
    )
    return order_id


def outbox_row(database: psycopg.Connection[Any], order_id: str, *, seconds_ago: float = 5.0) -> None:
    database.execute(
        "INSERT INTO orders.outbox (outbox_id, exchange, routing_key, properties, body, due_at, created_at)"
        " VALUES (%s, 'orders', 'order.created', '{}', %s, now(), clock_timestamp() - %s * interval '1 second')",
        [str(uuid.UUID(order_id)), json.dumps({"orderId": order_id}).encode(), seconds_ago],
    )


def park(database: psycopg.Connection[Any], body: bytes, properties: dict[str, Any], **columns: Any) -> str:
    names = ", ".join(["", *columns])
    row = database.execute(
        f"INSERT INTO invoices.parked_messages (fingerprint, queue, properties, body, reason{names})"
        f" VALUES (%s, 'q', %s, %s, 'no amount'{', %s' * len(columns)}) RETURNING parked_id",
        [uuid.uuid4().bytes * 2, json.dumps(properties), body, *columns.values()],
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_an_orders_state_says_where_it_is(console: RunningConsole, database: psycopg.Connection[Any]) -> None:
    invoiced, pending, waiting, publishing, parked = (order_at(database, seconds_ago=age) for age in (5, 4, 3, 2, 1))
    database.execute(
        "INSERT INTO invoices.invoices (number, order_id, customer_id, amount, currency, issued_at, due_at)"
        " VALUES (7, %s, 'demo', 1999, 'BRL', '2026-11-22T10:00:00Z', '2026-12-22T10:00:00Z')",
        [invoiced],
    )
    outbox_row(database, waiting)
    outbox_row(database, publishing, seconds_ago=-60)
    park(database, json.dumps({"orderId": parked, "amount": "x"}).encode(), {})
    console.client.post("/v1/traces", json=export(otlp_span(1, attributes=[attribute("order.id", waiting)])))
    found = console.get("/api/orders?limit=5")["orders"]
    assert [(one["orderId"], one["state"]) for one in found] == [
        (parked, "parked"),
        (publishing, "pending"),
        (waiting, "waiting for the relay"),
        (pending, "pending"),
        (invoiced, "invoiced"),
    ]
    assert found[4]["invoice"]["number"] == 7
    assert found[4]["invoice"]["issuedAt"] == "2026-11-22T10:00:00.000Z"
    assert console.get(f"/api/orders/{waiting}") == {**found[2], "payments": []}
    assert {**found[2], "createdAt": None, "updatedAt": None} == {
        "orderId": waiting,
        "customer": {"id": "demo"},
        "amount": 1999,
        "currency": "BRL",
        "status": "pending",
        "reference": None,
        "createdAt": None,
        "updatedAt": None,
        "state": "waiting for the relay",
        "invoice": None,
        "traceId": TRACE,
    }


def test_a_trace_names_its_order_and_has_the_batchs_lines_about_this_order_only(console: RunningConsole) -> None:
    order = otlp_span(1, attributes=[attribute("order.id", "o-1")])
    batch = otlp_span(3, traceId=OTHER, links=[link(TRACE, 1)])
    console.client.post("/v1/traces", json=export(order))
    console.client.post("/v1/traces", json=export(batch, service="invoice_consumer"))
    lines = [{"level": "INFO", "message": f"of {name}", "trace_id": OTHER, "order_id": name} for name in ("o-1", "o-2")]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (console.folder.function_logs / "invoice_consumer.log").write_text(text)
    trace = console.get(f"/api/traces/{TRACE}")
    assert (trace["orderId"], [line["message"] for line in trace["logs"]]) == ("o-1", ["of o-1"])
    listed = {one["traceId"]: one["orderId"] for one in console.get("/api/traces?limit=5")["traces"]}
    assert (listed[TRACE], listed[OTHER]) == ("o-1", None)


def test_an_order_that_is_none_is_not_found(console: RunningConsole) -> None:
    assert console.client.get(f"/api/orders/{uuid.uuid4()}").status_code == 404
    assert console.client.get("/api/orders/x").status_code == 404


@pytest.mark.parametrize("path", ["/api/orders", "/api/parked"])
def test_a_list_has_at_most_500_entries(console: RunningConsole, path: str) -> None:
    assert console.client.get(f"{path}?limit=500").status_code == 200
    assert console.client.get(f"{path}?limit=501").status_code == 400


def test_orders_are_listed_and_sent_and_nothing_else(console: RunningConsole) -> None:
    answer = console.client.delete("/api/orders")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET,HEAD,POST")


@pytest.mark.parametrize("name", ["extension.js", "extension.css", "orders.js", "parked.js", "console.js", "icon.svg"])
def test_the_page_has_the_orders_files_beside_the_platforms(console: RunningConsole, name: str) -> None:
    answer = console.client.get(f"/{name}")
    assert answer.status_code == 200
    folder = "orders" if name.startswith(("extension", "orders", "parked")) else "region/localregion"
    assert answer.text == (ROOT / "local" / folder / "console" / "page" / name).read_text()


def test_a_test_order_goes_through_the_gateway_with_a_trace_of_its_own(console: RunningConsole) -> None:
    console.neighbours.answers["POST", "/orders"] = (201, {"orderId": "o-1"})
    answer = console.client.post("/api/orders", json={"amount": 1, "currency": "EUR", "customer": "other"})
    ((path, headers, body),) = console.neighbours.asked
    trace_id = answer.json()["traceId"]
    assert (path, headers["apikey"], body) == ("/orders", "key-of-other", {"amount": 1, "currency": "EUR"})
    assert headers["traceparent"].startswith(f"00-{trace_id}-")
    assert (answer.status_code, answer.json()) == (
        201,
        {"status": 201, "order": {"orderId": "o-1"}, "traceId": trace_id},
    )
    (span,) = console.get(f"/api/traces/{trace_id}")["spans"]
    assert (span["service"], span["name"], span["status"]) == ("console", "POST /orders", "UNSET")


def test_what_the_gateway_refuses_is_refused_in_its_words(console: RunningConsole) -> None:
    problem = {"type": "urn:x", "title": "Invalid", "status": 422, "detail": "no", "errors": [{"pointer": "/amount"}]}
    console.neighbours.answers["POST", "/orders"] = (422, problem)
    answer = console.client.post("/api/orders", json={"amount": "x"})
    assert answer.status_code == 422
    assert problem.items() <= answer.json().items()
    console.neighbours.answers["POST", "/orders"] = (429, {"message": "API rate limit exceeded"})
    answer = console.client.post("/api/orders", json={"amount": 1})
    assert (answer.status_code, answer.json()["detail"]) == (429, "API rate limit exceeded")


@pytest.mark.parametrize(
    ("body", "status"), [([], 400), ({"amount": 1, "key": "x"}, 400), ({"amount": 1, "customer": "nobody"}, 422)]
)
def test_a_form_that_is_wrong_is_not_sent(console: RunningConsole, body: Any, status: int) -> None:
    assert console.client.post("/api/orders", json=body).status_code == status
    assert console.neighbours.asked == []


def test_parked_messages_say_why_and_to_which_trace_they_belong(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    header = {"bytes": list(f"00-{OTHER}-{span_id(1)}-01".encode())}
    waiting = park(database, b'{"amount": "\xc3\xa9"}', {"headers": {"traceparent": header}})
    binary = park(database, b"\xff\x00", {}, replayed_at="2030-01-01T00:00:00Z")
    dismissed = park(database, b"", {"headers": None}, dismissed_at="2030-01-01T00:00:00Z")
    found = {one["id"]: one for one in console.get("/api/parked")["parked"]}
    assert [
        (found[one]["state"], found[one]["body"], found[one]["bodyEncoding"], found[one]["traceId"])
        for one in (waiting, binary, dismissed)
    ] == [
        ("waiting", '{"amount": "é"}', "text", OTHER),
        ("replayed", "/wA=", "base64", None),
        ("dismissed", "", "text", None),
    ]
    assert found[waiting]["properties"] == {"headers": {"traceparent": header}}
    assert (found[waiting]["reason"], found[waiting]["count"], found[waiting]["replayedAt"]) == ("no amount", 1, None)
    assert found[binary]["replayedAt"] == "2030-01-01T00:00:00.000Z"


def test_a_replay_is_the_functions_and_the_relays_are_asked_as_well(console: RunningConsole) -> None:
    report = {"published": 1, "broker_failure": None}
    console.neighbours.answers["POST", INVOKE.format("operations")] = (200, {"queued": 1, "alreadyQueued": 0})
    for relay in ("outbox_relay", "invoices_relay"):
        console.neighbours.answers["POST", INVOKE.format(relay)] = (200, report)
    parked_id = str(uuid.uuid4())
    answer = console.client.post(f"/api/parked/{parked_id}/replay", json={})
    assert (answer.status_code, answer.json()["queued"]) == (200, 1)
    assert answer.json()["relay"].startswith("2 published by the relay")
    assert [asked[2] for asked in console.neighbours.asked] == [{"operation": "replay", "parkedId": parked_id}, {}, {}]


def test_a_dismissal_is_the_functions(console: RunningConsole) -> None:
    console.neighbours.answers["POST", INVOKE.format("operations")] = (200, {"dismissed": 1})
    parked_id = str(uuid.uuid4())
    assert console.client.post(f"/api/parked/{parked_id}/dismiss", json={}).json() == {"dismissed": 1}
    assert [asked[2] for asked in console.neighbours.asked] == [{"operation": "dismiss", "parkedId": parked_id}]
    assert console.client.post("/api/parked/x/dismiss", json={}).status_code == 404
    console.neighbours.answers.pop(("POST", INVOKE.format("operations")))
    assert console.client.post(f"/api/parked/{parked_id}/dismiss", json={}).status_code == 502


def test_the_overview_has_the_figures_of_this_moment(
    console: RunningConsole, database: psycopg.Connection[Any]
) -> None:
    for age in (-20, -10, 300):
        outbox_row(database, order_at(database, seconds_ago=age), seconds_ago=age)
    park(database, b"{}", {})
    overview = console.get("/api/overview")
    assert (overview["ordersPerSecond"], overview["outboxRows"], overview["parkedWaiting"]) == (0.2, 3, 1)
    assert overview["oldestOutboxSeconds"] >= 300
    assert {name: part["state"] for name, part in overview["parts"].items()} == dict.fromkeys(
        ("gateway", "emulator", "postgres", "rabbitmq", "console"), "up"
    )
    assert overview["queues"][0]["ready"] == 4
    assert overview["functions"][0]["environments"] == {"warm": 2, "busy": 2, "starting": 1}


def test_a_frozen_postgres_is_a_state_and_comes_back(
    console: RunningConsole, database: psycopg.Connection[Any], postgres: RunningPostgres
) -> None:
    order_at(database)
    assert len(console.get("/api/orders")["orders"]) == 1
    postgres.freeze()
    try:
        overview = console.get("/api/overview")
        refused = console.client.get("/api/orders")
    finally:
        postgres.thaw()
    assert overview["parts"]["postgres"]["state"] == "down"
    assert (overview["ordersPerSecond"], overview["outboxRows"], overview["queues"][0]["ready"]) == (None, None, 4)
    assert (refused.status_code, refused.json()["detail"][:9]) == (503, "Postgres:")
    wait_until(lambda: console.client.get("/api/orders").status_code == 200)
