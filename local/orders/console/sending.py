"""A test order, sent through the gateway as a customer's.

It has a traceparent of the console's own, so its trace is known before any span of it has arrived.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from localregion import http_client
from localregion.console.sources import gateway
from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import SourceDownError
from localregion.console.traces.span import Span
from localregion.http_client import HttpError

_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gateway answered, and the span of having asked."""

    status: int
    document: Any
    span: Span


def send_order(system: LocalSystem, key: str, order: dict[str, Any]) -> Answer:
    """`POST /orders` with a customer's key. Raises SourceDownError."""
    ids = gateway.new_ids()
    headers = {"apikey": key, "traceparent": gateway.traceparent(*ids, is_sampled=True)}
    url = f"{system.endpoint('gateway')}/orders"
    began = time.time()
    try:
        response = http_client.request("POST", url, order, headers=headers, timeout_s=_TIMEOUT_S)
        document = response.json()
    except HttpError as error:
        raise SourceDownError(f"the gateway: {error.reason}") from error
    span = _span(*ids, began=began, status=response.status)
    return Answer(status=response.status, document=document, span=span)


def _span(trace_id: str, span_id: str, *, began: float, status: int) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent=None,
        name="POST /orders",
        kind="CLIENT",
        service="console",
        start=began * 1000,
        duration=(time.time() - began) * 1000,
        status="ERROR" if status >= 400 else "UNSET",
        attributes={"http.request.method": "POST", "url.path": "/orders", "http.response.status_code": status},
    )
