"""pika as the publisher imports it: without its adapters, and whole for code that imports more of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LAYERS = Path(__file__).parents[3] / "layers"


def run(program: str) -> str:
    """What it prints, in a process that has imported nothing yet."""
    paths = [str(LAYERS / name / "python") for name in ("loading", "rabbitmq", "sockets")]
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


def test_threads_that_ask_for_the_rest_at_once_all_find_it() -> None:
    program = (
        "import rabbitmq, threading\n"
        "sys.setswitchinterval(1e-6)\n"
        "failures, began = [], threading.Barrier(8)\n"
        "def ask():\n"
        "    began.wait()\n"
        "    try:\n"
        "        import pika\n"
        "        pika.BlockingConnection, pika.SelectConnection, pika.URLParameters\n"
        "    except Exception as error:\n        failures.append(repr(error))\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for thread in threads:\n    thread.start()\n"
        "for thread in threads:\n    thread.join()\n"
        "print(failures)\n"
    )
    assert [run(program) for _ in range(5)] == ["[]"] * 5
