"""`make smoke` against the whole local system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.live_system import LiveSystem

ROOT = Path(__file__).parents[2]


def smoke(url: str, key: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "local"), "KEY": key}
    command = [sys.executable, "-m", "orders.smoke", url]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_the_local_system_passes(live: LiveSystem) -> None:
    done = smoke(live.endpoints["gateway"], live.endpoints["keys"]["demo"])

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("all good\n")
    order_id = next(line.split()[-1] for line in done.stdout.splitlines() if "an order is accepted" in line)
    with live.client() as client:
        order = client.get(f"/orders/{order_id}").json()
    assert (order["status"], order["invoice"]["status"]) == ("canceled", "canceled")
    assert order["invoice"]["creditNote"]["number"] >= 1


def test_a_key_that_nobody_has_fails(live: LiveSystem) -> None:
    done = smoke(live.endpoints["gateway"], "nobodys")

    assert done.returncode == 1
    assert "answered 401 instead of 422" in done.stderr
