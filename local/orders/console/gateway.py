"""The console as a customer of the gateway: whether it answers, and a test order sent through it.

A test order has a traceparent of the console's own, so its trace is known before any span of it has arrived.
"""

from __future__ import annotations

import http.client
import json
import os
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from localregion.console.local_system import LocalSystem
from localregion.console.remembered import SourceDownError
from localregion.console.traces.span import Span

_STATE_TIMEOUT_S = 1.5
_ORDER_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gateway answered, and the span of having asked."""

    status: int
    document: Any
    span: Span


def answers(system: LocalSystem) -> bool:
    """Return True when the gateway says anything. Raises SourceDownError."""
    connection = _connection(system, _STATE_TIMEOUT_S)
    try:
        # Not sampled: nobody wants to see the traces of these questions.
        connection.request("GET", "/", headers={"traceparent": _traceparent(_new_ids(), is_sampled=False)})
        connection.getresponse().read()
        return True
    except (OSError, http.client.HTTPException) as error:
        raise SourceDownError(f"the gateway: {error or type(error).__name__}") from error
    finally:
        connection.close()


def send_order(system: LocalSystem, key: str, order: dict[str, Any]) -> Answer:
    """`POST /orders` with a customer's key. Raises SourceDownError."""
    ids = _new_ids()
    headers = {"apikey": key, "Content-Type": "application/json", "traceparent": _traceparent(ids, is_sampled=True)}
    connection = _connection(system, _ORDER_TIMEOUT_S)
    began = time.time()
    try:
        connection.request("POST", "/orders", json.dumps(order), headers)
        response = connection.getresponse()
        document = json.loads(response.read() or b"null")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceDownError(f"the gateway: {error or type(error).__name__}") from error
    finally:
        connection.close()
    span = _span(*ids, began=began, status=response.status)
    return Answer(status=response.status, document=document, span=span)


def _new_ids() -> tuple[str, str]:
    return os.urandom(16).hex(), os.urandom(8).hex()


def _traceparent(ids: tuple[str, str], *, is_sampled: bool) -> str:
    return f"00-{ids[0]}-{ids[1]}-{'01' if is_sampled else '00'}"


def _connection(system: LocalSystem, timeout_s: float) -> http.client.HTTPConnection:
    address = urlsplit(system.endpoint("gateway"))
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)


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
