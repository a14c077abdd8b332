"""The webhook that stands for a payment provider's: signed as the specification has it, one for one payment."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace

import pytest

from orders import webhook
from orders.webhook import Payment

PAYMENT = Payment(payment_id="pay-1", invoice_id="i-1", amount=1999, currency="BRL")
# https://github.com/standard-webhooks/standard-webhooks: the test of its own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_the_signature_is_that_of_the_specification(secret: str) -> None:
    body = b'{"test": 2432232314}'
    assert webhook.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == SIGNATURE


def test_what_is_signed_is_what_is_sent() -> None:
    body, headers = webhook.signed(PAYMENT, SECRET, at=1_700_000_000.25)
    assert headers["webhook-timestamp"] == "1700000000"
    assert headers["webhook-signature"] == webhook.signature(SECRET, PAYMENT.webhook_id, "1700000000", body)
    assert json.loads(body) == {
        "type": "payment.succeeded",
        "data": {
            "paymentId": "pay-1",
            "invoiceId": "i-1",
            "amount": 1999,
            "currency": "BRL",
            "paidAt": "2023-11-14T22:13:20.250Z",
        },
    }


def test_the_same_payment_is_the_same_webhook_and_another_amount_is_another() -> None:
    assert replace(PAYMENT).webhook_id == PAYMENT.webhook_id
    others = [replace(PAYMENT, amount=1), replace(PAYMENT, payment_id="pay-2"), replace(PAYMENT, invoice_id="i-2")]
    assert len({PAYMENT.webhook_id, *(other.webhook_id for other in others)}) == 4


def test_forty_letters_and_digits_are_a_secret_and_what_is_no_base64_is_none() -> None:
    generated = "aB3" * 13 + "c"
    assert len(base64.b64decode(generated, validate=True)) == 30
    webhook.signed(PAYMENT, generated)
    with pytest.raises(binascii.Error):
        webhook.signed(PAYMENT, "no base64!")
