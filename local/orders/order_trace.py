"""The trace of one order, asked of the console. A failure of the console is printed and does not fail the command."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

from localregion import http_client
from localregion.console.traces.waterfall import Paper, waterfall
from localregion.http_client import HttpError

# Spans leave the functions and the gateway in a moment; a question right after the invoice may be earlier.
_COMPLETE_TIMEOUT_S = 5.0
_POLL_INTERVAL_S = 0.1
_CONSUMERS = {"invoice_consumer", "order_updater"}


class NoTraceError(Exception):
    """The console does not tell."""


def order_trace_lines(endpoints: Mapping[str, Any], order_id: str, paper: Paper) -> list[str]:
    """Return the order's waterfall, or one line that says why there is none."""
    console = endpoints.get("console")
    if console is None:
        return ["no trace: this system has no console"]
    try:
        trace = _trace(console, order_id)
    except NoTraceError as error:
        return [f"no trace: {error}"]
    return [*waterfall(trace, paper), f"more at {console}"]


def terminal() -> Paper:
    """Return the paper that the terminal is."""
    has_blocks = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return Paper(
        width=shutil.get_terminal_size((100, 24)).columns, is_coloured=is_coloured, bar="█" if has_blocks else "#"
    )


def _trace(console: str, order_id: str) -> dict[str, Any]:
    """Return the order's trace, as far as it has come when the time is over. Raises NoTraceError."""
    give_up_at = time.monotonic() + _COMPLETE_TIMEOUT_S
    trace: dict[str, Any] | None = None
    while True:
        order = _get(f"{console}/api/orders/{order_id}")
        if order and order.get("traceId"):
            trace = _get(f"{console}/api/traces/{order['traceId']}")
        if trace is not None and is_complete(trace):
            return trace
        if time.monotonic() > give_up_at:
            break
        time.sleep(_POLL_INTERVAL_S)
    if trace is None:
        raise NoTraceError(f"the console at {console} has none of {order_id}")
    return trace


def is_complete(trace: dict[str, Any]) -> bool:
    """Say whether the consumers' spans of the order and of its payment are there, and none that one names is missing.

    One names its parent, and the message of a payment the request that created it.
    """
    spans = trace["spans"]
    known = {span["spanId"] for span in spans} | {None}
    consumers = {span["service"] for span in spans if span["kind"] == "CONSUMER"}
    makers = {link["spanId"] for span in spans if span["kind"] == "PRODUCER" for link in span.get("links", ())}
    return consumers >= _CONSUMERS and known >= {span.get("parent") for span in spans} | makers


def _get(url: str) -> dict[str, Any] | None:
    try:
        decoded: dict[str, Any] = http_client.call("GET", url, timeout_s=5)
        return decoded
    except HttpError as error:
        if error.status == 404:
            return None
        raise NoTraceError(f"the console does not answer: {error}") from error
