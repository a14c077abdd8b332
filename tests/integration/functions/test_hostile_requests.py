"""Requests that want something else than an order: other people's orders, SQL, headers, a parser on its knees.

Beside the real database, and through the handlers as Kong calls them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.integration.functions.http_events import cancel, get, post_order

SQL = [
    "' OR '1'='1",
    "'; DROP TABLE orders.orders; --",
    "\\'; DROP TABLE orders.orders; --",
    "%s",
    "%(customer_id)s",
    "$1",
    "{}",
    "demo' UNION SELECT * FROM orders.idempotency_keys --",
    "x') RETURNING (SELECT rolpassword FROM pg_authid LIMIT 1) --",
]
# Each ends a header's line, or what some reader takes for one.
LINE_ENDS = ["\r\n", "\n", "\r", "\x00", "\x0b", "\x1f", "\x7f", "\x85", "\u2028"]
LOCATION = re.compile(r"/orders/[0-9a-f-]{36}")


def ordered(answer: dict[str, Any]) -> str:
    """The id of an order that was accepted, and answered with harmless headers."""
    assert answer["statusCode"] == 201
    assert LOCATION.fullmatch(answer["headers"]["Location"])
    assert all(value.isprintable() for value in answer["headers"].values())
    return str(json.loads(answer["body"])["orderId"])


def refused(answer: dict[str, Any], status: int, kind: str) -> None:
    assert (answer["statusCode"], json.loads(answer["body"])["type"].rpartition(":")[2]) == (status, kind)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert all(value.isprintable() for value in answer["headers"].values())
    assert len(answer["body"].encode()) < 20_000


def test_nobody_gets_at_another_customers_order(empty: Any, invoke: Any) -> None:
    mine = ordered(invoke("create_order", post_order(key="shared", customer="demo")))
    theirs = ordered(invoke("create_order", post_order(key="shared", customer="other")))

    assert mine != theirs
    for stranger in ("other", "DEMO", "demo ", " demo", "demo%", "%", "_emo", "demo\u200b", "d\u00e9mo"):
        refused(invoke("get_order", get(f"/orders/{mine}", customer=stranger)), 404, "order-not-found")
        refused(invoke("cancel_order", cancel(mine, customer=stranger)), 404, "order-not-found")
        assert ordered(invoke("create_order", post_order(key="shared", customer=stranger))) != mine
    forged = get(f"/orders/{mine}", customer="other")
    forged["headers"] |= {"x-customer-id": "demo", "x-consumer-id": "demo", "x-consumer-username": "demo"}
    refused(invoke("get_order", forged), 404, "order-not-found")
    refused(invoke("cancel_order", {**forged, "httpMethod": "POST"}), 404, "order-not-found")


def test_the_body_names_no_customer(empty: Any, invoke: Any) -> None:
    for body in ({"amount": 1, "customer": {"id": "other"}}, {"amount": 1, "customerId": "other"}):
        refused(invoke("create_order", post_order(body)), 422, "invalid-order")
    assert empty.count("orders.orders") == 0


def test_sql_is_text_wherever_it_stands(empty: Any, invoke: Any) -> None:
    for number, text in enumerate(SQL):
        refused(invoke("create_order", post_order({"amount": 1, "currency": text})), 422, "invalid-order")
        refused(invoke("create_order", post_order({"amount": text})), 422, "invalid-order")
        refused(invoke("create_order", post_order({"amount": 1, text: text})), 422, "invalid-order")
        refused(invoke("get_order", get(f"/orders/{text}")), 404, "order-not-found")
        refused(invoke("cancel_order", cancel(text, key=json.dumps(text))), 404, "order-not-found")
        # As a key or a customer it is as good as any other text: it names itself and nothing else.
        key = json.dumps(text)  # in quotes: a bare key holds no semicolon
        order_id = ordered(invoke("create_order", post_order(key=key, customer=text)))
        assert invoke("get_order", get(f"/orders/{order_id}", customer=text))["statusCode"] == 200
        assert ordered(invoke("create_order", post_order(key=key, customer=text))) == order_id
        assert empty.query("SELECT customer_id, key FROM orders.idempotency_keys WHERE order_id = %s", order_id) == [
            (text, text)
        ]
        assert empty.count("orders.orders") == number + 1


def test_no_header_takes_a_line_end_any_further(empty: Any, invoke: Any) -> None:
    for end in LINE_ENDS:
        refused(invoke("create_order", post_order(key=f"k{end}x-admin: 1")), 400, "invalid-idempotency-key")
        trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01{end}x: 1", "tracestate": f"a=b{end}x: 1"}
        ordered(invoke("create_order", post_order(headers=trace)))
        refused(invoke("get_order", get(f"/orders/{end}x-admin: 1")), 404, "order-not-found")
        refused(invoke("cancel_order", cancel(f"{end}x-admin: 1")), 404, "order-not-found")
        answer = invoke("create_order", post_order(content_type=f"text/plain{end}x-admin: 1"))
        refused(answer, 415, "unsupported-media-type")
        answer = invoke("create_order", post_order(method=f"PUT{end}x-admin: 1"))
        refused(answer, 405, "method-not-allowed")


@pytest.mark.parametrize("customer", ["a\r\nb", "\x00", "a\x7f", "\t", "x" * 256, "\ud800"])
def test_a_customer_that_no_event_can_carry_orders_nothing(
    empty: Any, invoke: Any, customer: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused(invoke("create_order", post_order(customer=customer)), 401, "invalid-customer")
    refused(invoke("get_order", get("/orders/x", customer=customer)), 401, "invalid-customer")
    refused(invoke("cancel_order", cancel("x", customer=customer)), 401, "invalid-customer")

    assert empty.count("orders.orders") == empty.count("orders.outbox") == 0
    lines = [(record.levelname, vars(record)["problem"]) for record in caplog.records]
    assert lines == [("WARNING", "invalid-customer")] * 3


DEEP = 100_000
LARGE = 4_000_000
BODIES: dict[str, tuple[bytes, int, str]] = {
    "nested arrays": (b"[" * DEEP + b"]" * DEEP, 400, "not-json"),
    "nested objects": (b'{"amount":' * DEEP + b"1" + b"}" * DEEP, 400, "not-json"),
    "nested in a field": (b'{"amount": 1, "x": ' + b"[" * DEEP + b"]" * DEEP + b"}", 400, "not-json"),
    "5,000 digits": (b'{"amount": %s}' % (b"9" * 5_000), 422, "invalid-order"),
    "minus 5,000 digits": (b'{"amount": -%s}' % (b"9" * 5_000), 422, "invalid-order"),
    "5,000 digits unfinished": (b'{"amount": %s' % (b"9" * 5_000), 400, "not-json"),
    "5,000 zeros in front": (b'{"amount": %s1}' % (b"0" * 5_000), 400, "not-json"),
    "5,000 digits of exponent": (b'{"amount": 1e%s}' % (b"9" * 5_000), 422, "invalid-order"),
    "4 MB of digits": (b'{"amount": %s}' % (b"9" * LARGE), 422, "invalid-order"),
    "4 MB of blanks": (b'{"amount": 1' + b" " * LARGE + b"x}", 400, "not-json"),
    "4 MB of text": (b'{"amount": 1, "currency": "' + b"x" * LARGE + b'"}', 422, "invalid-order"),
    "4 MB of a name": (b'{"amount": 1, "' + b"x" * LARGE + b'": 1}', 422, "invalid-order"),
    "100,000 fields": (b'{"amount": 1' + b"".join(b', "%d": 1' % n for n in range(DEEP)) + b"}", 422, "invalid-order"),
    "a lone surrogate": (rb'{"amount": 1, "\ud800": 1}', 400, "not-json"),
    "half a surrogate pair": (rb'{"amount": 1, "currency": "\udc00x"}', 400, "not-json"),
    "a NUL in a name": (rb'{"amount": 1, "\u0000": 1}', 422, "invalid-order"),
    "a raw NUL": (b'{"amount": 1\x00}', 400, "not-json"),
    "overlong UTF-8": (b'{"amount": 1, "\xc0\xaf": 1}', 400, "not-json"),
    "UTF-16": ('{"amount": 1}'.encode("utf-16"), 400, "not-json"),
    "a byte order mark": (b'\xef\xbb\xbf{"amount": 1}', 400, "not-json"),
    "two documents": (b'{"amount": 1}{"amount": 1}', 400, "not-json"),
    "a line end in a name": (rb'{"amount": 1, "\r\nSet-Cookie: x": 1}', 422, "invalid-order"),
}


def test_no_body_brings_the_parser_to_its_knees(empty: Any, invoke: Any) -> None:
    for name, (body, status, kind) in BODIES.items():
        answer = invoke("create_order", post_order(body))
        assert (name, answer["statusCode"]) == (name, status)
        refused(answer, status, kind)
        answer["body"].encode()
    assert empty.count("orders.orders") == 0


def test_a_cancellation_says_the_same_of_each(empty: Any, invoke: Any) -> None:
    order_id = ordered(invoke("create_order", post_order()))
    scalars = {text: (text.encode(), 422, "invalid-order") for text in ("null", "0", "false", '""', "[]", "[{}]")}
    numbers = {text: (text.encode(), 400, "not-json") for text in ("NaN", "Infinity", "-Infinity")}
    for name, (body, status, kind) in {**BODIES, **scalars, **numbers}.items():
        answer = invoke("cancel_order", cancel(order_id, body=body))
        assert (name, answer["statusCode"]) == (name, status)
        refused(answer, status, kind)
    assert empty.query("SELECT status FROM orders.orders") == [("pending",)]
    assert invoke("cancel_order", cancel(order_id, body=b"{" + b" " * LARGE + b"}"))["statusCode"] == 200


def test_a_large_body_that_is_an_order_is_one(empty: Any, invoke: Any) -> None:
    ordered(invoke("create_order", post_order(b'{"amount": 1' + b" " * LARGE + b"}")))
