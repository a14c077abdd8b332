"""What a webhook of this system's own words says, and what cannot be understood."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED, amounts, currencies, json_values
from tests.unit.record_payment.webhook_events import PAYMENT, SPEC_ID, event, read, standard, standard_headers

from contracts.errors import InvalidWebhookError
from contracts.timestamps import format_timestamp
from payments.notices import TIME_MAX, TIME_MIN

REFUND: dict[str, Any] = {
    "refundId": "r1",
    "paymentId": "p1",
    "amount": 1,
    "currency": "BRL",
    "refundedAt": "2026-11-22T13:42:18Z",
}
INVOICE_ID = "0198f8a0-0000-7000-8000-000000000009"
identifiers = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=255)
times = st.datetimes(
    TIME_MIN.replace(tzinfo=None) + timedelta(days=1),
    TIME_MAX.replace(tzinfo=None) - timedelta(days=1),
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


def without(data: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in {**data, **more}.items() if name not in names}


def test_a_payment_is_read() -> None:
    notice = read(standard())
    assert (notice.provider, notice.kind, notice.delivery_id) == ("default", "payment", SPEC_ID)
    assert (notice.payment_id, notice.refund_id, notice.invoice) == ("p1", None, "7")
    assert (notice.amount, notice.currency) == (1999, "BRL")
    assert notice.occurred_at == datetime(2026, 11, 22, 13, 42, 18, 184_000, tzinfo=UTC)


def test_an_invoice_is_named_by_its_id_too() -> None:
    assert read(standard(data=without(PAYMENT, "invoiceNumber", invoiceId=INVOICE_ID))).invoice == INVOICE_ID


def test_a_refund_is_read() -> None:
    notice = read(standard("payment.refunded", REFUND))
    assert (notice.kind, notice.payment_id, notice.refund_id, notice.invoice) == ("refund", "p1", "r1", None)
    assert not notice.refunds_are_totals


def test_what_it_does_not_know_is_passed_over() -> None:
    assert read(standard(data={**PAYMENT, "note": {"any": ["thing"]}})) == read(standard())
    assert read(standard("customer.created", {"amount": "many"})) is None


MALFORMED: dict[str, dict[str, Any]] = {
    **{f"no {name}": without(PAYMENT, name) for name in PAYMENT},
    "both names of the invoice": {**PAYMENT, "invoiceId": INVOICE_ID},
    "an id that is none": without(PAYMENT, "invoiceNumber", invoiceId="7"),
    "a number as text": {**PAYMENT, "invoiceNumber": "7"},
    "a number of nothing": {**PAYMENT, "invoiceNumber": 0},
    "a number beyond every invoice": {**PAYMENT, "invoiceNumber": 2**63},
    "an amount as text": {**PAYMENT, "amount": "1999"},
    "an amount in whole coins": {**PAYMENT, "amount": 19.99},
    "a whole float": {**PAYMENT, "amount": 1999.0},
    "a yes": {**PAYMENT, "amount": True},
    "nothing": {**PAYMENT, "amount": 0},
    "less than nothing": {**PAYMENT, "amount": -1},
    "more than any order": {**PAYMENT, "amount": 10**12 + 1},
    "small letters": {**PAYMENT, "currency": "brl"},
    "no currency that there is": {**PAYMENT, "currency": "ZZZ"},
    "an empty id": {**PAYMENT, "paymentId": ""},
    "a long id": {**PAYMENT, "paymentId": "p" * 256},
    "a control character": {**PAYMENT, "paymentId": "p\u0000"},
    "an id that is a number": {**PAYMENT, "paymentId": 1},
    "seconds of Unix time": {**PAYMENT, "paidAt": 1_614_265_330},
    "seconds as text": {**PAYMENT, "paidAt": "1614265330"},
    "a day": {**PAYMENT, "paidAt": "2026-11-22"},
    "no zone": {**PAYMENT, "paidAt": "2026-11-22T13:42:18"},
    "no such day": {**PAYMENT, "paidAt": "2026-02-30T13:42:18Z"},
    "before every computer": {**PAYMENT, "paidAt": "0001-01-01T00:00:00+23:59"},
    "after what Python counts": {**PAYMENT, "paidAt": "9999-12-31T23:59:59.9999Z"},
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_a_payment_that_breaks_a_rule_is_malformed(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidWebhookError):
        read(standard(data=data))


@pytest.mark.parametrize("name", sorted(REFUND))
def test_a_refund_needs_every_field(name: str) -> None:
    with pytest.raises(InvalidWebhookError):
        read(standard("payment.refunded", without(REFUND, name)))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"null", b"[]", b'{"type": 1}', b'{"type": ""}', b"[" * 100_000, b'{"type": "\\ud800"}'],
)
def test_what_is_signed_and_no_object_with_a_type_is_malformed(body: bytes) -> None:
    with pytest.raises(InvalidWebhookError):
        read(event(body, standard_headers(body)))


def test_a_complaint_says_where_and_repeats_nothing() -> None:
    with pytest.raises(InvalidWebhookError, match=r"data\.amount") as caught:
        read(standard(data={**PAYMENT, "amount": "4111 1111 1111 1111"}))
    assert "4111" not in str(caught.value)


@BOUNDED
@given(named=identifiers, amount=amounts, currency=currencies, paid_at=times, number=st.integers(1, 2**63 - 1))
def test_every_payment_that_keeps_the_rules_is_read_as_it_is(
    named: str, amount: int, currency: str, paid_at: datetime, number: int
) -> None:
    paid_at = paid_at.replace(microsecond=paid_at.microsecond // 1000 * 1000)
    data = {
        "paymentId": named,
        "invoiceNumber": number,
        "amount": amount,
        "currency": currency,
        "paidAt": paid_at.isoformat(),
    }
    notice = read(standard(data=data))
    assert (notice.payment_id, notice.amount, notice.currency) == (named, amount, currency)
    assert (notice.invoice, notice.occurred_at) == (str(number), paid_at)
    assert format_timestamp(notice.occurred_at).endswith("Z")


@BOUNDED
@given(
    kind=st.sampled_from(["payment.succeeded", "payment.refunded", "other"]) | st.text(max_size=10),
    data=json_values
    | st.fixed_dictionaries({}, optional=dict.fromkeys({**PAYMENT, **REFUND, "invoiceId": None}, json_values)),
)
def test_signed_json_of_any_shape_is_read_ignored_or_malformed(kind: str, data: Any) -> None:
    body = json.dumps({"type": kind, "data": data}).encode()
    try:
        notice = read(event(body, standard_headers(body)))
    except InvalidWebhookError:
        return
    assert notice is None or kind in ("payment.succeeded", "payment.refunded")


@BOUNDED
@given(body=st.binary(max_size=60) | st.text('{}[]":,type.null0', max_size=60).map(str.encode))
def test_signed_bytes_of_any_kind_break_nothing(body: bytes) -> None:
    with contextlib.suppress(InvalidWebhookError):
        assert read(event(body, standard_headers(body))) is None


def test_a_fingerprint_is_that_of_what_is_said_and_not_of_what_carried_it() -> None:
    first = read(standard())
    assert read(standard(webhook_id="msg_again")).fingerprint() == first.fingerprint()
    others = [{"amount": 1998}, {"currency": "EUR"}, {"paymentId": "p2"}, {"invoiceNumber": 8}]
    prints = {read(standard(data={**PAYMENT, **other})).fingerprint() for other in others}
    assert len(prints | {first.fingerprint()}) == 5
