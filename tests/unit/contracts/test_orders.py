"""The command as it comes in, the order as it goes out."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from contracts.errors import InvalidOrderError, NotJsonError
from contracts.http import problem_response
from contracts.orders import CreateOrderRequest, Invoice, Order

ORDER_ID = UUID("0198f8a0-0000-7000-8000-000000000001")
MOMENT = datetime(2026, 11, 22, 13, 42, 18, 184000, tzinfo=UTC)


def test_the_currency_has_a_default() -> None:
    assert CreateOrderRequest.from_body(b'{"amount": 1}') == CreateOrderRequest(amount=1, currency="BRL")


@pytest.mark.parametrize("amount", [b"1", b"1000000000000"])
def test_the_limits_of_the_amount_are_in(amount: bytes) -> None:
    assert CreateOrderRequest.from_body(b'{"amount": %s}' % amount).amount == int(amount)


@pytest.mark.parametrize("body", [b"", b"{", b'{"amount": NaN}', b"[" * 100_000, b"\xff", b'{"a": "\\ud800"}'])
def test_what_is_not_json_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        CreateOrderRequest.from_body(body)


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (b"[]", [""]),
        (b"null", [""]),
        (b"{}", ["/amount"]),
        (b'{"amount": 1.0}', ["/amount"]),
        (b'{"amount": 1e3}', ["/amount"]),
        (b'{"amount": true}', ["/amount"]),
        (b'{"amount": null}', ["/amount"]),
        (b'{"amount": 1, "currency": null}', ["/currency"]),
        (b'{"amount": 1, "currency": "XTS"}', ["/currency"]),
        (b'{"amount": 0, "a/b~c": 1}', ["/amount", "/a~1b~0c"]),
    ],
)
def test_every_broken_rule_has_its_pointer(body: bytes, pointers: list[str]) -> None:
    with pytest.raises(InvalidOrderError) as raised:
        CreateOrderRequest.from_body(body)
    assert [error["pointer"] for error in raised.value.errors] == pointers


@pytest.mark.parametrize("reference", ["a", "x" * 64, "\U0001f4e6" * 64, "basket 42 \u00e9", "'; --", '"'])
def test_a_reference_is_kept_as_it_is(reference: str) -> None:
    body = json.dumps({"amount": 1, "reference": reference}).encode()
    assert CreateOrderRequest.from_body(body).reference == reference


@pytest.mark.parametrize("body", [b'{"amount": 1}', b'{"amount": 1, "reference": null}'])
def test_no_reference_is_none(body: bytes) -> None:
    assert CreateOrderRequest.from_body(body).reference is None


@pytest.mark.parametrize("reference", ["", "x" * 65, "\x00", "a\nb", "a\n", "\x1f", "\x7f", 1, True, ["a"], {}])
def test_any_other_reference_has_its_pointer(reference: object) -> None:
    with pytest.raises(InvalidOrderError) as raised:
        CreateOrderRequest.from_body(json.dumps({"amount": 1, "reference": reference}).encode())
    assert [error["pointer"] for error in raised.value.errors] == ["/reference"]


def test_an_answer_stays_small_however_much_is_wrong() -> None:
    fields = ", ".join(f'"{"x" * 1000}{number}": 1' for number in range(1000))
    with pytest.raises(InvalidOrderError) as raised:
        CreateOrderRequest.from_body(f"{{{fields}}}".encode())
    assert len(raised.value.errors) == 20
    assert len(problem_response(raised.value)["body"]) < 10_000


def test_bodies_are_camel_case_with_millisecond_times() -> None:
    invoice = Invoice(
        invoice_id=ORDER_ID, number=7, status="issued", amount=1, currency="BRL", issued_at=MOMENT, due_at=MOMENT
    )
    order = Order(
        order_id=ORDER_ID,
        customer_id="demo",
        amount=1,
        currency="BRL",
        status="pending",
        created_at=MOMENT,
        invoice=invoice,
    )
    assert order.to_body() == {
        "orderId": str(ORDER_ID),
        "customer": {"id": "demo"},
        "amount": 1,
        "currency": "BRL",
        "status": "pending",
        "createdAt": "2026-11-22T13:42:18.184Z",
        "invoice": {
            "invoiceId": str(ORDER_ID),
            "number": 7,
            "status": "issued",
            "amount": 1,
            "currency": "BRL",
            "issuedAt": "2026-11-22T13:42:18.184Z",
            "dueAt": "2026-11-22T13:42:18.184Z",
            "creditNote": None,
        },
        "reference": None,
        "updatedAt": "2026-11-22T13:42:18.184Z",
        "payments": [],
    }
