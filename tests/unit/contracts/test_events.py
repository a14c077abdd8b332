"""OrderCreated: what comes out goes in again, and nothing that is not one."""

import json
from typing import Any

import pytest

from contracts.events import InvalidEventError, OrderCreated

VALID: dict[str, Any] = {
    "orderId": "0198f8a0-0000-7000-8000-000000000001",
    "amount": 1999,
    "currency": "BRL",
    "customer": {"id": "demo"},
    "createdAt": "2026-11-22T13:42:18.184Z",
}


def test_an_event_survives_the_journey() -> None:
    event = OrderCreated.from_json(json.dumps(VALID).encode())
    assert json.loads(event.to_json()) == VALID
    assert OrderCreated.from_json(event.to_json()) == event


def test_a_field_of_a_later_version_is_passed_over() -> None:
    body = json.dumps({**VALID, "note": "new", "customer": {"id": "demo", "name": "new"}}).encode()
    assert OrderCreated.from_json(body).customer_id == "demo"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"orderId": "1"}, "orderId"),
        ({"amount": "10"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 0}, "amount"),
        ({"currency": "real"}, "currency"),
        ({"customer": {}}, "customer.id"),
        ({"customer": {"id": ""}}, "customer.id"),
        ({"customer": {"id": "a\x00"}}, "customer.id"),
        ({"customer": "demo"}, "customer"),
        ({"createdAt": 1}, "createdAt"),
        ({"createdAt": "2026-11-22T13:42:18"}, "createdAt"),
    ],
)
def test_a_broken_field_is_named_and_its_value_not_repeated(change: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidEventError, match=f"^{place}: ") as raised:
        OrderCreated.from_json(json.dumps({**VALID, **change}).encode())
    assert "real" not in str(raised.value)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'"text"'])
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEventError, match=r"^body: "):
        OrderCreated.from_json(body)
