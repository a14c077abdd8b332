"""The two forms of a webhook's signature, over the bytes as they came, compared in constant time.

Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. Stripe:
https://docs.stripe.com/webhooks#verify-manually. Both sign a time with the body, so that a webhook cannot be replayed
once it is older than the tolerance.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from contracts.errors import InvalidSignatureError

TOLERANCE_S = 300
# More signatures than a rotation has, and no list that costs time.
SIGNATURES_MAX = 10
_SECONDS = re.compile(r"[0-9]{1,12}")
_ID = re.compile(r"[\x21-\x7e]{1,255}")


class Signed(NamedTuple):
    """What a signature covers: the text before the body, the second of signing, the candidates, and an id or None."""

    prefix: bytes
    timestamp_s: int
    signatures: Sequence[str]
    delivery_id: str | None


def standard_webhook(headers: Mapping[str, str]) -> Signed:
    """Read `webhook-id`, `webhook-timestamp`, `webhook-signature`. Raises InvalidSignatureError."""
    delivery_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not _ID.fullmatch(delivery_id) or not _SECONDS.fullmatch(seconds):
        raise InvalidSignatureError
    given = headers.get("webhook-signature", "").split(" ")
    signatures = [each[3:] for each in given if each.startswith("v1,")]
    return Signed(f"{delivery_id}.{seconds}.".encode(), int(seconds), signatures, delivery_id)


def stripe(headers: Mapping[str, str]) -> Signed:
    """Read `Stripe-Signature: t=…,v1=…`. Raises InvalidSignatureError."""
    pairs = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
    seconds = next((value for name, _, value in pairs if name == "t"), "")
    if not _SECONDS.fullmatch(seconds):
        raise InvalidSignatureError
    return Signed(f"{seconds}.".encode(), int(seconds), [value for name, _, value in pairs if name == "v1"], None)


def base64_mac(secret: str, content: bytes) -> str:
    """Standard Webhooks' signature; the secret is base64, with or without `whsec_` and padding."""
    text = secret.removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise MalformedSecretError from None
    # Anybody can sign with no key.
    if not key:
        raise MalformedSecretError
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()


def hex_mac(secret: str, content: bytes) -> str:
    """Stripe's signature: the secret is the text as it is."""
    return hmac.digest(secret.encode(), content, "sha256").hex()


class MalformedSecretError(Exception):
    """A provider's secret in Secrets Manager is empty or not base64."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def is_recent(signed: Signed, now_s: float) -> bool:
    """Signed within the tolerance, and not in the future either."""
    return abs(now_s - signed.timestamp_s) <= TOLERANCE_S


def is_signed(signed: Signed, expected: Iterable[str]) -> bool:
    """Whether any signature is one of the expected ones; every pair is compared."""
    given = [each.encode(errors="replace") for each in signed.signatures[:SIGNATURES_MAX]]
    found = [hmac.compare_digest(each, right.encode()) for right in expected for each in given]
    return any(found)
