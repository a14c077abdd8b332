"""Wait until the system is released: schema, logins, topology and users exist, event source mappings are enabled.

When `release` runs is part of the plan, as in AWS: the emulator invokes the function when it boots, again when its code
or input changed, and tries until it succeeds. Services that need the outcome wait for it here.
"""

from __future__ import annotations

import time

from localregion.system.status import emulator_status, unhealthy_reason

_POLL_INTERVAL_S = 0.5


class ReleaseError(Exception):
    """The release did not succeed in time; the text is what it failed with last."""


def wait(emulator: str, *, timeout_s: float) -> None:
    """Print each new reason why it is not done yet. Raises ReleaseError."""
    deadline = time.monotonic() + timeout_s
    shown = ""
    while (reason := unhealthy_reason(emulator_status(emulator))) is not None:
        if time.monotonic() > deadline:
            raise ReleaseError(f"not released within {timeout_s:g} s: emulator {reason}")
        if reason != shown:
            print(f"waiting: emulator {reason}", flush=True)
            shown = reason
        time.sleep(_POLL_INTERVAL_S)
    print("released, mappings enabled", flush=True)
