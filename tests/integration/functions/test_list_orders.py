"""Lists: every order of the customer once, newest first, whatever comes in meanwhile; and nobody else's."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.integration.functions.http_events import post_order, read
from tests.integration.functions.payments import invoiced, payment, refund, told
from tests.integration.functions.test_cancel_order import ordered

from outbox import uuid7


def listed(invoke: Any, **query: str) -> dict[str, Any]:
    status, body = told(invoke("get_order", read("/orders", query=query)))
    assert status == 200, body
    return body


def ids(page: dict[str, Any]) -> list[str]:
    return [order["orderId"] for order in page["orders"]]


def test_pages_follow_each_other_while_orders_come_in(empty: Any, invoke: Any) -> None:
    before = [ordered(invoke) for _ in range(7)]
    ordered(invoke, customer="other")
    seen, query = [], {"limit": "3"}
    while True:
        answer = invoke("get_order", read("/orders", query=query))
        page = json.loads(answer["body"])
        seen += ids(page)
        ordered(invoke)
        if page["nextCursor"] is None:
            break
        link = answer["headers"]["Link"]
        assert link.endswith('>; rel="next"')
        query = dict(parse_qsl(urlsplit(link[1:].partition(">")[0]).query))
        assert query == {"limit": "3", "cursor": page["nextCursor"]}

    assert seen == before[::-1]
    assert "Link" not in answer["headers"]


def test_filters_choose(empty: Any, invoke: Any) -> None:
    first, second, third = (ordered(invoke, body={"amount": 5, "reference": name}) for name in ("a", "b", "a"))
    with empty.admin() as connection:
        connection.execute(
            "UPDATE orders.orders SET status = 'paid' WHERE order_id = ANY(%s::uuid[])", [[first, second]]
        )
    created = {order["orderId"]: order["createdAt"] for order in listed(invoke)["orders"]}

    assert ids(listed(invoke, status="paid")) == [second, first]
    assert ids(listed(invoke, reference="a")) == [third, first]
    assert ids(listed(invoke, status="paid", reference="a")) == [first]
    assert ids(listed(invoke, **{"from": created[second]})) == [third, second]
    assert ids(listed(invoke, to=created[second])) == [first]
    assert ids(listed(invoke, to=created[second].replace("Z", "+00:00"))) == [first]
    assert listed(invoke, status="canceled") == {"orders": [], "nextCursor": None}


@pytest.mark.parametrize(
    "query",
    [
        {"state": "paid"},
        {"status": "PAID"},
        {"status": ""},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "1e1"},
        {"limit": "\u0661"},
        {"from": "yesterday"},
        {"from": "2026-11-22"},
        {"from": "2026-11-22T13:42:18"},
        {"from": "2026-02-30T00:00:00Z"},
        {"from": "20261122T134218Z"},
        {"to": "2026-W47-7T13:42:18Z"},
        {"to": "2026-11-22T13:42Z"},
        {"cursor": "x"},
        {"cursor": "A" * 23},
        {"cursor": "?" * 22},
        {"cursor": "+" * 22},
        {"cursor": "A" * 22 + "=="},
        {"reference": ""},
        {"reference": "x" * 65},
        {"reference": "\x00"},
    ],
    ids=str,
)
def test_a_query_that_breaks_a_rule_is_refused_with_its_name(empty: Any, invoke: Any, query: dict[str, str]) -> None:
    status, problem = told(invoke("get_order", read("/orders", query=query)))

    assert (status, problem["type"].rpartition(":")[2]) == (400, "invalid-query")
    assert next(iter(query)) in problem["detail"]


def test_a_parameter_is_given_once(empty: Any, invoke: Any) -> None:
    event = read("/orders", query={"status": "paid"})
    event["multiValueQueryStringParameters"] = {"status": ["paid", "pending"]}
    assert told(invoke("get_order", event))[0] == 400


def test_a_cursor_of_another_customer_shows_ones_own(empty: Any, invoke: Any) -> None:
    own = [ordered(invoke) for _ in range(2)]
    for _ in range(3):
        ordered(invoke, customer="other")
    cursor = json.loads(invoke("get_order", read("/orders", query={"limit": "1"}, customer="other"))["body"])[
        "nextCursor"
    ]
    assert ids(listed(invoke, cursor=cursor)) == own[::-1]


def test_customers_whose_names_a_collation_takes_for_neighbours_see_their_own(empty: Any, invoke: Any) -> None:
    names = ["demo", "DEMO", "de-mo", "demo ", "dem", "demo1", "d\u00e9mo", "de\u0301mo", "\U0010ffff"]
    own = {
        name: [ordered(invoke, customer=name, body={"amount": 1, "reference": "r"}) for _ in range(2)] for name in names
    }
    for query in ({}, {"status": "pending"}, {"reference": "r"}, {"status": "pending", "reference": "r"}):
        seen = {name: told(invoke("get_order", read("/orders", query=query, customer=name)))[1] for name in names}
        assert {name: ids(page) for name, page in seen.items()} == {name: made[::-1] for name, made in own.items()}
        assert {order["customer"]["id"] for order in seen["demo"]["orders"]} == {"demo"}


def test_the_same_orders_are_found_whatever_times_are_given_with_them(empty: Any, invoke: Any) -> None:
    made = [ordered(invoke) for _ in range(5)]
    all_of_them = {"from": "0001-01-01T00:00:00+14:00", "to": "9999-12-31T23:59:59-14:00"}
    query, seen = {"limit": "2", **all_of_them}, []
    while True:
        page = listed(invoke, **query)
        seen += ids(page)
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert seen == made[::-1]


def test_an_invoice_is_read_with_its_payments_by_its_customer_alone(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke)
    invoice = invoiced(empty, invoke, order_id=order_id)
    invoke("record_payment", payment(invoice))
    invoke("record_payment", refund(amount=9))

    status, body = told(invoke("get_order", read(f"/invoices/{invoice}")))
    assert (status, body["orderId"], body["status"], body["number"]) == (200, order_id, "issued", 1)
    [paid] = body["payments"]
    assert (paid["paymentId"], paid["amount"], [each["amount"] for each in paid["refunds"]]) == ("p1", 1999, [9])
    assert told(invoke("get_order", read(f"/orders/{order_id}")))[1]["payments"] == [paid]
    assert told(invoke("get_order", read(f"/invoices/{invoice}", customer="other")))[0] == 404
    assert told(invoke("get_order", read("/invoices/unknown")))[0] == 404


def test_a_reference_is_kept_and_shown(empty: Any, invoke: Any) -> None:
    status, order = told(invoke("create_order", post_order({"amount": 1, "reference": "basket 42 é"})))
    assert (status, order["reference"]) == (201, "basket 42 é")
    assert told(invoke("get_order", read(f"/orders/{order['orderId']}")))[1]["reference"] == "basket 42 é"


def test_a_new_id_lies_in_the_range_of_its_time(empty: Any, invoke: Any) -> None:
    order = told(invoke("create_order", post_order()))[1]
    assert str(uuid7())[:6] == order["orderId"][:6]
    assert int(order["orderId"].replace("-", "")[:12], 16) % 1000 == int(order["createdAt"][-4:-1])
