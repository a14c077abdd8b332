"""What is signed is taken, and whatever else somebody makes of a webhook is refused."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.generated import BOUNDED
from tests.unit.record_payment.webhook_events import (
    INTENT,
    SPEC_BODY,
    SPEC_ID,
    SPEC_SECONDS,
    SPEC_SECRET,
    SPEC_SIGNATURE,
    event,
    of_stripe,
    read,
    standard,
    standard_headers,
    stripe_headers,
)

from contracts.errors import InvalidSignatureError, InvalidWebhookError
from record_payment import signatures

SPEC_HEADERS = {"webhook-id": SPEC_ID, "webhook-timestamp": str(SPEC_SECONDS), "webhook-signature": SPEC_SIGNATURE}
OTHER_SECRET = "whsec_" + base64.b64encode(b"of another endpoint of the same one").decode()
BODY = b'{"type": "customer.created"}'
INSIDE, OUTSIDE = SPEC_SECONDS + 300, SPEC_SECONDS + 301


def is_verified(given: Any, **options: Any) -> bool:
    """Whether the signature is taken; what the body says is no part of it."""
    try:
        read(given, **options)
    except InvalidSignatureError:
        return False
    except InvalidWebhookError:
        return True
    return True


@pytest.mark.parametrize("secret", [SPEC_SECRET, SPEC_SECRET.removeprefix("whsec_")])
def test_the_specifications_own_vector_is_taken(secret: str) -> None:
    assert standard_headers(SPEC_BODY) == SPEC_HEADERS
    assert is_verified(event(SPEC_BODY, SPEC_HEADERS), fields={"current": secret})


def test_a_secret_may_lack_the_padding_of_base64() -> None:
    assert is_verified(event(BODY, standard_headers(BODY, secret=OTHER_SECRET)), fields={"current": OTHER_SECRET})
    assert OTHER_SECRET.endswith("=")
    assert is_verified(
        event(BODY, standard_headers(BODY, secret=OTHER_SECRET)), fields={"current": OTHER_SECRET.rstrip("=")}
    )


def changed(headers: dict[str, str], **changes: str | None) -> dict[str, str]:
    """Headers with others in their place, None for none; `_` stands for `-`."""
    given = {**headers, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return {name: value for name, value in given.items() if value is not None}


GOOD = standard_headers(BODY)
MAC = GOOD["webhook-signature"].removeprefix("v1,")
FORGED: dict[str, tuple[bytes, dict[str, str]]] = {
    "no headers": (BODY, {}),
    "no signature": (BODY, changed(GOOD, webhook_signature=None)),
    "no id": (BODY, changed(GOOD, webhook_id=None)),
    "no time": (BODY, changed(GOOD, webhook_timestamp=None)),
    "an empty signature": (BODY, changed(GOOD, webhook_signature="v1,")),
    "another body": (BODY + b" ", GOOD),
    "an empty body": (b"", GOOD),
    "another id": (BODY, changed(GOOD, webhook_id="msg_other")),
    "a later time": (BODY, changed(GOOD, webhook_timestamp=str(SPEC_SECONDS + 1))),
    "the time written otherwise": (BODY, changed(GOOD, webhook_timestamp=f"0{SPEC_SECONDS}")),
    "a time with a fraction": (BODY, standard_headers(BODY, seconds=f"{SPEC_SECONDS}.0")),
    "a time in other digits": (BODY, standard_headers(BODY, seconds="١٦١٤٢٦٥٣٣٠")),
    "a time with a sign": (BODY, standard_headers(BODY, seconds=f"+{SPEC_SECONDS}")),
    "a time that is no number": (BODY, standard_headers(BODY, seconds="nan")),
    "another secret": (BODY, standard_headers(BODY, secret=OTHER_SECRET)),
    "no secret": (BODY, standard_headers(BODY, secret="whsec_")),
    "the secret as text": (
        BODY,
        changed(
            GOOD,
            webhook_signature="v1,"
            + base64.b64encode(
                hmac.digest(SPEC_SECRET.encode(), f"{SPEC_ID}.{SPEC_SECONDS}.".encode() + BODY, "sha256")
            ).decode(),
        ),
    ),
    "an asymmetric version": (BODY, changed(GOOD, webhook_signature=f"v1a,{MAC}")),
    "an unknown version": (BODY, changed(GOOD, webhook_signature=f"v2,{MAC}")),
    "another separator": (BODY, changed(GOOD, webhook_signature=f"v1.{MAC}")),
    "no version": (BODY, changed(GOOD, webhook_signature=MAC)),
    "a part of it": (BODY, changed(GOOD, webhook_signature=f"v1,{MAC[:-4]}")),
    "it with more behind": (BODY, changed(GOOD, webhook_signature=f"v1,{MAC}AAAA")),
    "other letters' case": (BODY, changed(GOOD, webhook_signature=f"v1,{MAC.swapcase()}")),
    "in hexadecimal": (BODY, changed(GOOD, webhook_signature=f"v1,{base64.b64decode(MAC).hex()}")),
    "halves of surrogate pairs": (BODY, changed(GOOD, webhook_signature="v1,\ud800")),
    "behind more than a rotation has": (BODY, changed(GOOD, webhook_signature="v1,AAAA " * 10 + f"v1,{MAC}")),
    "an id with a line's end": (BODY, standard_headers(BODY, webhook_id="msg\n1")),
    "Stripe's form": (BODY, stripe_headers(BODY)),
    "a wide id": (BODY, standard_headers(BODY, webhook_id="m" * 256)),
}


@pytest.mark.parametrize(("body", "headers"), FORGED.values(), ids=FORGED)
def test_a_forgery_is_refused(body: bytes, headers: dict[str, str]) -> None:
    assert is_verified(event(BODY, GOOD)), "what all of these are made of"
    assert not is_verified(event(body, headers))


@pytest.mark.parametrize("now_s", [OUTSIDE, SPEC_SECONDS + 86_400, SPEC_SECONDS - 301, 0])
def test_what_was_signed_outside_the_tolerance_is_refused(now_s: int) -> None:
    assert not is_verified(standard(), now_s=now_s)
    assert not is_verified(of_stripe("payment_intent.succeeded", INTENT), now_s=now_s)


@pytest.mark.parametrize("now_s", [INSIDE, SPEC_SECONDS - 300])
def test_a_replay_inside_the_tolerance_is_verified(now_s: int) -> None:
    assert is_verified(standard(), now_s=now_s)
    assert is_verified(of_stripe("payment_intent.succeeded", INTENT), now_s=now_s)


def test_one_of_several_signatures_suffices() -> None:
    headers = changed(GOOD, webhook_signature=f"v1,AAAA v1a,{MAC} v1,{MAC} v9,x,y ,")
    assert is_verified(event(BODY, headers))


def test_both_secrets_are_valid_while_one_is_changed() -> None:
    fields = {"current": OTHER_SECRET, "previous": SPEC_SECRET}
    assert is_verified(event(BODY, GOOD), fields=fields)
    assert is_verified(event(BODY, standard_headers(BODY, secret=OTHER_SECRET)), fields=fields)
    assert not is_verified(event(BODY, GOOD), fields={"current": OTHER_SECRET})


STRIPES = stripe_headers(BODY)["stripe-signature"]
TIME, _, V1 = STRIPES.partition(",v1=")
DECODED = hmac.digest(base64.b64decode("textOfStripe"), f"{SPEC_SECONDS}.".encode() + BODY, "sha256")
FORGED_STRIPES: dict[str, tuple[bytes, str]] = {
    "nothing": (BODY, ""),
    "no time": (BODY, f"v1={V1}"),
    "no signature": (BODY, TIME),
    "the test version": (BODY, f"{TIME},v0={V1}"),
    "another time": (BODY, f"t={SPEC_SECONDS + 1},v1={V1}"),
    "a right time after a wrong one": (BODY, f"t={SPEC_SECONDS + 1},{TIME},v1={V1}"),
    "another body": (BODY + b"\n", STRIPES),
    "another secret": (BODY, stripe_headers(BODY, secret="whsec_other")["stripe-signature"]),
    "the secret decoded": (BODY, f"{TIME},v1={DECODED.hex()}"),
    "capital digits": (BODY, f"{TIME},v1={V1.upper()}"),
    "a part of it": (BODY, f"{TIME},v1={V1[:-2]}"),
    "in base64": (BODY, f"{TIME},v1={base64.b64encode(bytes.fromhex(V1)).decode()}"),
    "halves of surrogate pairs": (BODY, f"{TIME},v1=\ud800"),
}


@pytest.mark.parametrize(("body", "header"), FORGED_STRIPES.values(), ids=FORGED_STRIPES)
def test_a_forgery_of_stripes_is_refused(body: bytes, header: str) -> None:
    assert is_verified(event(BODY, {"stripe-signature": STRIPES}, provider="stripe")), "what these are made of"
    assert not is_verified(event(body, {"stripe-signature": header}, provider="stripe"))


def test_stripe_signs_twice_while_its_secret_is_changed() -> None:
    mac = stripe_headers(BODY, secret="whsec_newer")["stripe-signature"].partition("v1=")[2]
    header = f"{TIME},v1={mac},v1={V1},v0=x"
    assert is_verified(event(BODY, {"stripe-signature": header}, provider="stripe"))


def test_one_providers_secret_verifies_no_others() -> None:
    headers = stripe_headers(BODY, secret=SPEC_SECRET)
    assert not is_verified(event(BODY, headers, provider="stripe"))
    assert not is_verified(event(BODY, GOOD, provider="stripe"))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_====", "=", "whsec_é", "not base64 at all"])
def test_a_secret_that_anybody_has_signs_nothing(secret: str) -> None:
    with pytest.raises(signatures.MalformedSecretError) as caught:
        read(event(BODY, standard_headers(BODY, secret="whsec_")), fields={"current": secret})
    assert secret.strip("=") == "" or secret not in str(caught.value)


def test_every_pair_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return left == right

    monkeypatch.setattr(signatures.hmac, "compare_digest", compare)
    wanted = ["first", "second"]
    signed = signatures.Signed(b"", 0, ["first", "x", "second"], "id")

    assert signatures.is_signed(signed, wanted)
    assert sorted(compared) == sorted((a.encode(), b.encode()) for a in signed.signatures for b in wanted)
    monkeypatch.setattr(signatures.hmac, "compare_digest", lambda left, right: False)
    assert not signatures.is_signed(signed, wanted), "nothing else decides"


@BOUNDED
@given(
    body=st.binary(max_size=200),
    webhook_id=st.from_regex(r"[!-~]{1,40}", fullmatch=True),
    secret=st.binary(min_size=1, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode()),
)
def test_whatever_is_signed_is_verified_and_no_bit_of_it_can_change(body: bytes, webhook_id: str, secret: str) -> None:
    headers = standard_headers(body, secret=secret, webhook_id=webhook_id)
    fields = {"current": secret}
    assert is_verified(event(body, headers), fields=fields)
    for position in range(len(body)):
        other = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        assert not is_verified(event(other, headers), fields=fields)


HEADER_TEXT = st.text(max_size=60) | st.text("v1,= tw0aA+/.", max_size=60)


@BOUNDED
@given(
    headers=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature"), HEADER_TEXT
        ),
    ),
    provider=st.sampled_from([None, "stripe"]),
)
def test_headers_of_any_text_are_refused_and_break_nothing(headers: dict[str, str], provider: str | None) -> None:
    assert not is_verified(event(BODY, headers, provider=provider))
