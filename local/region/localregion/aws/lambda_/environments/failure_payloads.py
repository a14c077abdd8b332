"""Pure: what Lambda answers when it, and not the function's own code, has to say that an invocation failed.

Status 200 with `X-Amz-Function-Error: Unhandled`, in the words recorded from AWS in November 2025. They differ from
those of AWS's own open-source interface emulator, which is older.
"""

from __future__ import annotations

import json
import signal

RESPONSE_SIZE_MAX = 6_291_556


def timed_out(request_id: str, timeout_s: float) -> bytes:
    return _payload("Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds")


def exited(request_id: str, returncode: int) -> bytes:
    return _payload("Runtime.ExitError", f"RequestId: {request_id} Error: {exit_reason(returncode)}")


def response_too_large() -> bytes:
    message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_SIZE_MAX} bytes)."
    return _payload("Function.ResponseSizeTooLarge", message)


def exit_reason(returncode: int) -> str:
    """Say why a process ended; `returncode` is negative for a signal, as in subprocess."""
    if returncode == 0:
        return "Runtime exited without providing a reason"
    if returncode > 0:
        return f"Runtime exited with error: exit status {returncode}"
    description = signal.strsignal(-returncode) or f"signal {-returncode}"
    return f"Runtime exited with error: signal: {description.lower()}"


def _payload(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()
