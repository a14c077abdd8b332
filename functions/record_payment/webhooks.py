"""Kong's event read as a webhook: whose it is, whether it is signed, what it tells.

The provider is named by the path, and the signature is verified over the bytes before anything looks into them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from contracts.errors import (
    InvalidSignatureError,
    MethodNotAllowedError,
    UnknownProviderError,
    WebhookTooLargeError,
)
from contracts.http import response
from payments.notices import Notice
from payments.recording import Outcome
from record_payment.secrets import ProviderSecrets
from record_payment.signatures import MalformedSecretError, Signed, is_recent, is_signed

BODY_MAX = 256 * 1024
DEFAULT_PROVIDER = "default"


class Form(Protocol):
    """How a provider signs and what it says: a module of this package."""

    def read_signature(self, headers: Mapping[str, str]) -> Signed: ...
    def mac(self, secret: str, content: bytes) -> str: ...
    def read_notice(self, body: bytes, signed: Signed, /, *, provider: str) -> Notice | None: ...


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A payment provider: its form, and the secrets that it signs with."""

    form: Form | ModuleType
    secrets: ProviderSecrets


def parse(event: Mapping[str, Any], *, providers: Mapping[str, Provider], now_s: Callable[[], float]) -> Notice | None:
    """Return what the webhook tells, None for nothing about money. Raises the OrdersError that says what is wrong.

    Raises SecretUnavailableError, too.
    """
    if event["httpMethod"] != "POST":
        raise MethodNotAllowedError(event["httpMethod"], ["POST"])
    name = (event.get("pathParameters") or {}).get("provider") or DEFAULT_PROVIDER
    provider = providers.get(name)
    if provider is None:
        raise UnknownProviderError
    body = _body(event)
    signed = provider.form.read_signature(event["headers"])
    _verify(signed, body, provider, now_s=now_s())
    notice: Notice | None = provider.form.read_notice(body, signed, provider=name)
    return notice


def answered(outcome: Outcome | None) -> dict[str, Any]:
    """The proxy response: 200, also for what is kept as unmatched; anything else has a provider repeat for days."""
    if outcome is None:
        return response(200, {"status": "ignored"})
    body: dict[str, Any] = {"status": outcome.status}
    if outcome.reason is not None:
        body["reason"] = outcome.reason
    if (invoice := outcome.invoice) is not None:
        body["invoice"] = {
            "invoiceId": str(invoice.invoice_id),
            "number": invoice.number,
            "status": invoice.status,
        }
    return response(200, body)


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    body = base64.b64decode(text) if event["isBase64Encoded"] else text.encode()
    if len(body) > BODY_MAX:
        raise WebhookTooLargeError
    return body


def _verify(signed: Signed, body: bytes, provider: Provider, *, now_s: float) -> None:
    """Raises InvalidSignatureError, and MalformedSecretError when the provider has no secret of its form.

    A secret that was changed a moment ago is looked for before anything is refused.
    """
    if not is_recent(signed, now_s):
        raise InvalidSignatureError
    content = signed.prefix + body
    for secrets in (provider.secrets.valid, provider.secrets.newer):
        if is_signed(signed, _macs(provider.form, secrets(), content)):
            return
    raise InvalidSignatureError


def _macs(form: Form | ModuleType, secrets: Sequence[str], content: bytes) -> list[str]:
    """What the secrets would sign with. Beside a good one a malformed one counts for nothing: it is being changed."""
    macs, malformed = [], None
    for secret in secrets:
        try:
            macs.append(form.mac(secret, content))
        except MalformedSecretError as error:
            malformed = error
    if malformed is not None and not macs:
        raise malformed
    return macs
