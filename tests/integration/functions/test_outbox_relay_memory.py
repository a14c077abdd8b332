"""The relay and large messages: a batch is bounded by bytes, so memory does not depend on how many wait."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.integration.functions.conftest import Released
from tests.integration.functions.test_outbox_relay import add_row

ROWS = 30
ROW_BYTES = 4 << 20
# Half of what the function has (`memory_mb` in infra/functions.py).
MEMORY_MAX_KB = 256 << 10
RUN = """
import re, pathlib
from outbox_relay.handler import lambda_handler
class Context:
    aws_request_id, function_name = "c0ffee00-0000-4000-8000-000000000000", "outbox_relay"
    def get_remaining_time_in_millis(self): return 50_000
report = lambda_handler({}, Context())
# Not getrusage: its maximum includes what this process was before exec, a copy of its parent.
print(report["published"], *re.findall(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text()))
"""


def test_many_large_rows_are_published_in_little_memory(empty: Released) -> None:
    for _ in range(ROWS):
        add_row(empty, body=os.urandom(ROW_BYTES))
    environment = {**os.environ, **empty.environment_of("outbox_relay"), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    published, memory_kb = map(int, done.stdout.splitlines()[-1].split())
    assert published == ROWS
    assert memory_kb < MEMORY_MAX_KB
    print(f"{memory_kb} KB")  # noqa: T201 - shown on failure
