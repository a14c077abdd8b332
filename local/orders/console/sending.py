"""What the console sends through the gateway: a test order and a cancellation as a customer, a payment as its provider.

Each has a traceparent of the console's own, so its trace is known before any span of it has arrived.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localregion import http_client
from localregion.console.sources import gateway
from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import SourceDownError
from localregion.console.traces.span import Span
from localregion.http_client import HttpError
from orders import webhook

_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gateway answered, and the span of having asked."""

    status: int
    document: Any
    span: Span


def send_order(system: LocalSystem, key: str, order: dict[str, Any]) -> Answer:
    """`POST /orders` with a customer's key. Raises SourceDownError."""
    return _post(system, "/orders", order, {"apikey": key})


def cancel_order(system: LocalSystem, key: str, order_id: str) -> Answer:
    """`POST /orders/{orderId}/cancel` with its customer's key, the same however often. Raises SourceDownError."""
    headers = {"apikey": key, "Idempotency-Key": f"console-cancel-{order_id}"}
    return _post(system, f"/orders/{order_id}/cancel", {}, headers)


def send_payment(system: LocalSystem, secret: str, payment: webhook.Payment) -> Answer:
    """`POST /webhooks/payments`, signed. Raises SourceDownError."""
    body, headers = webhook.signed(payment, secret)
    return _post(system, webhook.PATH, body, headers)


def _post(system: LocalSystem, path: str, document: Any, headers: Mapping[str, str]) -> Answer:
    ids = gateway.new_ids()
    traced = {**headers, "traceparent": gateway.traceparent(*ids, is_sampled=True)}
    began = time.time()
    try:
        response = http_client.request(
            "POST", system.endpoint("gateway") + path, document, headers=traced, timeout_s=_TIMEOUT_S
        )
        answer = response.json()
    except HttpError as error:
        raise SourceDownError(f"the gateway: {error.reason}") from error
    return Answer(status=response.status, document=answer, span=_span(*ids, path, began=began, status=response.status))


def _span(trace_id: str, span_id: str, path: str, *, began: float, status: int) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent=None,
        name=f"POST {path}",
        kind="CLIENT",
        service="console",
        start=began * 1000,
        duration=(time.time() - began) * 1000,
        status="ERROR" if status >= 400 else "UNSET",
        attributes={"http.request.method": "POST", "url.path": path, "http.response.status_code": status},
    )
