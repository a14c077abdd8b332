"""What Stripe's events say about money: https://docs.stripe.com/api/events/types."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED, json_values
from tests.unit.record_payment.webhook_events import INTENT, SPEC_SECONDS, event, of_stripe, read, stripe_headers

from contracts.errors import InvalidWebhookError
from payments.notices import REFUNDS_ARE_TOTALS

CHARGE: dict[str, Any] = {"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 500, "currency": "brl"}
MOMENT = datetime.fromtimestamp(SPEC_SECONDS, UTC)


def paid(**changes: Any) -> Any:
    return read(of_stripe("payment_intent.succeeded", {**INTENT, **changes}))


def refunded(**changes: Any) -> Any:
    return read(of_stripe("charge.refunded", {**CHARGE, **changes}, named="evt_2"))


def test_a_payment_intent_that_succeeded_is_a_payment() -> None:
    notice = paid()
    assert (notice.provider, notice.delivery_id, notice.payment_id) == ("stripe", "evt_1", "pi_1")
    assert (notice.kind, notice.invoice, notice.amount, notice.currency) == ("payment", "7", 1999, "BRL")
    assert notice.occurred_at == MOMENT


def test_the_invoice_is_in_the_metadata() -> None:
    assert paid(metadata={"invoiceId": "an id", "invoiceNumber": "7"}).invoice == "an id"
    assert paid(metadata={"orderOfAnotherShop": "7"}).invoice is None


def test_a_charge_that_was_refunded_says_how_much_is_refunded_by_now() -> None:
    notice = refunded()
    assert (notice.kind, notice.payment_id, notice.refund_id) == ("refund", "pi_1", "ch_1/500")
    assert (notice.amount, notice.refunds_are_totals, notice.occurred_at) == (500, True, MOMENT)
    assert paid().refunds_are_totals, "refunds that came before their payment are read by its words"
    assert paid().provider in REFUNDS_ARE_TOTALS, "a match by hand reads them so, too"


def test_another_total_is_another_refund() -> None:
    assert refunded(amount_refunded=501).refund_id != refunded().refund_id == refunded().refund_id


@pytest.mark.parametrize(
    "given",
    [
        of_stripe("charge.refunded", {**CHARGE, "payment_intent": None}),
        of_stripe("charge.refunded", {**CHARGE, "amount_refunded": 0}),
        of_stripe("payment_intent.succeeded", {**INTENT, "amount_received": 0}),
        of_stripe("payment_intent.created", {}),
        of_stripe("refund.created", {"id": "re_1", "payment_intent": "pi_1", "amount": 500}),
    ],
    ids=["no intent", "nothing refunded", "nothing received", "another type", "the same refund in other words"],
)
def test_what_is_no_payment_of_an_invoice_is_ignored_and_not_refused(given: Any) -> None:
    assert read(given) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_received": "1999"},
        {"amount_received": -1},
        {"amount_received": 10**12 + 1},
        {"currency": "BRL"},
        {"currency": "xxx"},
        {"id": ""},
        {"id": None},
        {"created": 2**40},
        {"created": -1},
        {"metadata": None},
        {"metadata": {"invoiceId": ""}},
    ],
    ids=str,
)
def test_a_payment_that_breaks_a_rule_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidWebhookError):
        paid(**changes)


@pytest.mark.parametrize("name", sorted(CHARGE))
def test_a_charge_needs_every_field(name: str) -> None:
    with pytest.raises(InvalidWebhookError):
        read(of_stripe("charge.refunded", {key: value for key, value in CHARGE.items() if key != name}))


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"type": "charge.refunded"}', b'{"id": "e"}'])
def test_what_is_signed_and_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(InvalidWebhookError):
        read(event(body, stripe_headers(body), provider="stripe"))


@BOUNDED
@given(
    kind=st.sampled_from(["payment_intent.succeeded", "charge.refunded", "other"]),
    of=json_values | st.fixed_dictionaries({}, optional=dict.fromkeys({**INTENT, **CHARGE}, json_values)),
)
def test_signed_json_of_any_shape_is_read_ignored_or_malformed(kind: str, of: Any) -> None:
    body = json.dumps({"id": "evt", "type": kind, "created": 1, "data": {"object": of}}).encode()
    try:
        notice = read(event(body, stripe_headers(body), provider="stripe"))
    except InvalidWebhookError:
        return
    assert notice is None or notice.amount > 0
