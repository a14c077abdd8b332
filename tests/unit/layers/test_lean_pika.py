"""pika as the publisher imports it: without its adapters, and whole for code that imports more of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LAYERS = Path(__file__).parents[3] / "layers"


def run(program: str) -> str:
    """What it prints, in a process that has imported nothing yet."""
    paths = [str(LAYERS / name / "python") for name in ("rabbitmq", "sockets")]
    program = f"import sys; sys.path[:0] = {paths}\n{program}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_the_publisher_imports_no_adapter() -> None:
    assert run("import rabbitmq; print([name for name in sys.modules if name.startswith('pika.adapters')])") == "[]"


@pytest.mark.parametrize("order", ["rabbitmq, pika", "pika, rabbitmq"])
def test_others_find_the_whole_of_pika(order: str) -> None:
    program = (
        f"import {order}\n"
        "from pika.adapters.blocking_connection import BlockingConnection\n"
        "print(pika.BlockingConnection is BlockingConnection)\n"
        "print(issubclass(rabbitmq.protocol.Protocol, pika.connection.Connection))\n"
        "print(pika.__version__.count('.'), hasattr(pika, 'no_such_name'))\n"
    )
    assert run(program).split() == ["True", "True", "2", "False"]
