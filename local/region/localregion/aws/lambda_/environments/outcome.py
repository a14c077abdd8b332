"""How an invocation, or the initialisation before it, ended.

A failed initialisation is no answer yet. It becomes the answer, and names the id, of the invocation that waited for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from localregion.aws.lambda_.environments import failure_payloads


class Outcome(NamedTuple):
    """How an invocation ended."""

    payload: bytes
    is_error: bool
    log_tail: bytes


@dataclass(frozen=True, slots=True)
class InitFailure:
    """Why an environment did not become ready: what the runtime posted, or that it exited or took too long."""

    duration_ms: float
    status: str
    error_type: str | None = None
    posted: bytes | None = None
    returncode: int = 0
    log_tail: bytes = b""

    def payload(self, request_id: str, timeout_s: float) -> bytes:
        if self.posted is not None:
            return self.posted
        if self.status == "timeout":
            return failure_payloads.timed_out(request_id, timeout_s)
        return failure_payloads.exited(request_id, self.returncode)
