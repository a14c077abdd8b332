"""Whether the gateway answers, and the trace context of what the console itself asks it."""

from __future__ import annotations

import os

from localregion import http_client
from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import SourceDownError
from localregion.http_client import HttpError

_TIMEOUT_S = 1.5


def answers(system: LocalSystem) -> bool:
    """Return True when the gateway answers, with any status. Raises SourceDownError."""
    # Not sampled: traces of these questions would hide the others.
    headers = {"traceparent": traceparent(*new_ids(), is_sampled=False)}
    try:
        http_client.request("GET", f"{system.endpoint('gateway')}/", headers=headers, timeout_s=_TIMEOUT_S)
    except HttpError as error:
        raise SourceDownError(f"the gateway: {error.reason}") from error
    return True


def new_ids() -> tuple[str, str]:
    """Return the ids of a new trace and of its first span."""
    return os.urandom(16).hex(), os.urandom(8).hex()


def traceparent(trace_id: str, span_id: str, *, is_sampled: bool) -> str:
    return f"00-{trace_id}-{span_id}-{'01' if is_sampled else '00'}"
