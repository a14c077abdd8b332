"""Whether the gateway answers, and the trace context of what the console itself asks it."""

from __future__ import annotations

import http.client
import os
from urllib.parse import urlsplit

from localregion.console.sources.local_system import LocalSystem
from localregion.console.sources.remembered import SourceDownError

_TIMEOUT_S = 1.5


def answers(system: LocalSystem) -> bool:
    """Return True when the gateway says anything. Raises SourceDownError."""
    asking = connection(system, _TIMEOUT_S)
    try:
        # Not sampled: nobody wants to see the traces of these questions.
        asking.request("GET", "/", headers={"traceparent": traceparent(*new_ids(), is_sampled=False)})
        asking.getresponse().read()
        return True
    except (OSError, http.client.HTTPException) as error:
        raise SourceDownError(f"the gateway: {error or type(error).__name__}") from error
    finally:
        asking.close()


def connection(system: LocalSystem, timeout_s: float) -> http.client.HTTPConnection:
    address = urlsplit(system.endpoint("gateway"))
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout_s)


def new_ids() -> tuple[str, str]:
    """Return the ids of a new trace and of its first span."""
    return os.urandom(16).hex(), os.urandom(8).hex()


def traceparent(trace_id: str, span_id: str, *, is_sampled: bool) -> str:
    return f"00-{trace_id}-{span_id}-{'01' if is_sampled else '00'}"
