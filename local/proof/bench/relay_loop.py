"""The process behind row `relay`: one environment of `outbox_relay` empties the outbox that it finds.

Started with the function's own environment and the layers and functions of the checkout that is measured. It writes to
the file that it is given how many events went, in how many seconds, and its own processor time.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from outbox_relay.bootstrap import dependencies
from outbox_relay.handler import lambda_handler

FUNCTION_TIMEOUT_S = 60.0


class Context:
    """What of Lambda's context the function looks at."""

    aws_request_id = "bench"
    function_name = "outbox_relay"

    def __init__(self) -> None:
        self._ends_at = time.monotonic() + FUNCTION_TIMEOUT_S

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._ends_at - time.monotonic()))


def main(out: Path) -> None:
    dependencies().database.connection()
    began, began_cpu = time.perf_counter(), time.process_time()
    report = lambda_handler({}, Context())
    took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    out.write_text(json.dumps({"published": report["published"], "seconds": took, "cpu_s": cpu}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
