"""Kong's event: whose webhook it is, how much is read, and what is looked at first."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.unit.record_payment.webhook_events import SPEC_SECRET, event, read, standard, standard_headers

from aws.secrets_manager import SecretUnavailableError
from contracts.errors import (
    InvalidSignatureError,
    InvalidWebhookError,
    MethodNotAllowedError,
    UnknownProviderError,
    WebhookTooLargeError,
)
from payments.recording import Invoice, Outcome, status_after
from record_payment.secrets import ProviderSecrets
from record_payment.signatures import MalformedSecretError
from record_payment.webhooks import BODY_MAX, answered

OTHER_SECRET = "whsec_b3RoZXI="
INVOICE = Invoice(
    invoice_id=UUID(int=1),
    number=7,
    order_id=UUID(int=2),
    customer_id="demo",
    amount=1999,
    currency="BRL",
    status="issued",
    version=0,
    traceparent=None,
)


def padded(size: int) -> Any:
    body = b'{"type": "x"}'.ljust(size)
    return event(body, standard_headers(body))


def test_a_body_may_have_256_kibibytes_and_no_byte_more() -> None:
    assert BODY_MAX == 262_144
    assert read(padded(BODY_MAX)) is None
    with pytest.raises(WebhookTooLargeError):
        read(padded(BODY_MAX + 1))


def test_the_path_names_the_provider() -> None:
    assert read({**standard(), "pathParameters": {"provider": "default"}}) == read(standard())
    assert read({**standard(), "pathParameters": None}) == read(standard())
    for name in ("nobody", "Default", "stripe/", ".."):
        with pytest.raises(UnknownProviderError):
            read({**standard(), "pathParameters": {"provider": name}})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_is_taken(method: str) -> None:
    with pytest.raises(MethodNotAllowedError):
        read({**standard(), "httpMethod": method})


def test_a_body_that_is_no_base64_is_read_as_it_is() -> None:
    given = standard()
    text = json.dumps({"type": "x"})
    plain = {**given, "headers": standard_headers(text.encode()), "body": text, "isBase64Encoded": False}
    assert read(plain) is None
    with pytest.raises(InvalidSignatureError):
        read({**plain, "body": None})


def test_nothing_looks_into_a_body_before_its_signature() -> None:
    body = b"{ no json"
    with pytest.raises(InvalidSignatureError):
        read(event(body, {}))
    with pytest.raises(InvalidWebhookError):
        read(event(body, standard_headers(body)))


@pytest.mark.parametrize("malformed", ["not base64!", "whsec_", "whsec_\u00e9"])
def test_a_malformed_secret_harms_nothing_beside_a_good_one(malformed: str) -> None:
    for fields in (
        {"current": SPEC_SECRET, "previous": malformed},
        {"current": malformed, "previous": SPEC_SECRET},
    ):
        assert read(standard(), fields=fields).payment_id == "p1"
        with pytest.raises(InvalidSignatureError):
            read(standard(secret=OTHER_SECRET), fields=fields)
    with pytest.raises(MalformedSecretError):
        read(standard(), fields={"current": malformed})


def test_no_secret_is_read_for_what_has_no_signature_or_is_too_old() -> None:
    def away() -> dict[str, str]:
        raise SecretUnavailableError("away")

    for given, now_s in ((event(b"{}", {}), 0), (standard(), 0)):
        with pytest.raises(InvalidSignatureError):
            read(given, now_s=now_s, bare=ProviderSecrets(away))
    with pytest.raises(SecretUnavailableError):
        read(standard(), bare=ProviderSecrets(away))


@pytest.mark.parametrize(
    ("outcome", "body"),
    [
        (None, {"status": "ignored"}),
        (Outcome(status="unmatched", reason="why"), {"status": "unmatched", "reason": "why"}),
        (
            Outcome(status="recorded", invoice=INVOICE),
            {"status": "recorded", "invoice": {"invoiceId": str(UUID(int=1)), "number": 7, "status": "issued"}},
        ),
    ],
)
def test_whatever_came_of_it_is_answered_200(outcome: Outcome | None, body: dict[str, Any]) -> None:
    answer = answered(outcome)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, body)


@pytest.mark.parametrize(
    ("before", "balance", "after"),
    [
        ("issued", 1998, "issued"),
        ("issued", 1999, "paid"),
        ("issued", 2000, "paid"),
        ("paid", 1999, "paid"),
        ("paid", 1998, "issued"),
        ("paid", 0, "issued"),
        ("canceled", 0, "canceled"),
        ("canceled", 5000, "canceled"),
    ],
)
def test_the_balance_gives_the_status_and_a_canceled_invoice_keeps_its_own(
    before: str, balance: int, after: str
) -> None:
    assert status_after(replace(INVOICE, status=before), balance) == after
