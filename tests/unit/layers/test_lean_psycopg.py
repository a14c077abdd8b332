"""psycopg as the layer imports it: lean, and asyncio and ctypes whole for code that wants them."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOTS = [*sorted(ROOT.glob("layers/*/python")), ROOT / "functions"]
# Which are lean: `operations` and `release` are on nobody's way.
FUNCTIONS = [
    "cancel_order",
    "create_order",
    "get_order",
    "invoice_consumer",
    "order_updater",
    "outbox_relay",
    "record_payment",
]
LEFT_OUT = ["asyncio.base_events", "asyncio.streams", "_ctypes", "importlib.metadata"]
LEAN = "from postgres.lean_psycopg import psycopg\n"


def run(program: str, **environment: str) -> list[str]:
    """What it prints, in a process that has imported nothing yet."""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, ROOTS)), **environment}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_imports_neither_a_loop_nor_ctypes_nor_metadata(name: str) -> None:
    program = (
        f"import {name}.handler, sys\n"
        f"print(*[each for each in {LEFT_OUT} if each in sys.modules], 'psycopg' in sys.modules)\n"
    )

    assert run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318") == ["True"]


def test_versions_are_those_of_the_installed_packages() -> None:
    program = LEAN + "import psycopg_binary\nprint(psycopg.__version__, psycopg_binary.__version__)"

    assert run(program) == [metadata.version("psycopg"), metadata.version("psycopg-binary")]


def test_what_psycopg_took_of_asyncio_is_asyncios_own() -> None:
    program = LEAN + (
        "from psycopg import _acompat, errors, waiting\n"
        "import asyncio\n"
        "asyncio.run\n"
        "print(errors.CancelledError is asyncio.CancelledError, _acompat.ALock is asyncio.Lock,\n"
        "      issubclass(_acompat.AQueue, asyncio.Queue), _acompat.AWorker == asyncio.Task[None],\n"
        "      waiting.Future is asyncio.Future, waiting.sleep is asyncio.sleep,\n"
        "      waiting.get_running_loop is asyncio.get_running_loop, hasattr(asyncio, '__getattr__'))\n"
    )

    *same, is_left = run(program)
    assert set(same) == {"True"}
    assert is_left == str(sys.version_info >= (3, 14))


def test_asyncio_is_whole_for_whatever_uses_it() -> None:
    program = LEAN + (
        "import sys\n"
        "print('asyncio.base_events' in sys.modules)\n"
        "from asyncio import *\n"
        "import asyncio, asyncio.subprocess\n"
        "async def program():\n"
        "    process = await asyncio.create_subprocess_exec('echo', 'said', stdout=asyncio.subprocess.PIPE)\n"
        "    async with asyncio.timeout(20):\n"
        "        return (await process.communicate())[0].decode().strip()\n"
        "print(asyncio.run(program()), Semaphore is asyncio.Semaphore)\n"
        "print(asyncio.events is sys.modules['asyncio.events'], hasattr(asyncio, 'no_such_name'))\n"
    )

    assert run(program) == ["False", "said", "True", "True", "False"]


def test_threads_that_ask_at_once_find_all_of_it() -> None:
    program = LEAN + (
        "import asyncio, threading\n"
        "start = threading.Barrier(8)\n"
        "found = []\n"
        "def ask():\n"
        "    start.wait()\n"
        "    found.append(asyncio.new_event_loop().close())\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[each.start() for each in threads], [each.join() for each in threads]\n"
        "print(len(found))\n"
    )

    assert run(program) == ["8"]


def test_ctypes_is_whole_for_whatever_uses_it() -> None:
    program = LEAN + (
        "import sys\n"
        "print('_ctypes' in sys.modules)\n"
        "import ctypes.util\n"
        "print(bool(ctypes.util.find_library('c')), ctypes.c_int(3).value, 'cdll' in vars(ctypes))\n"
        "print(psycopg.pq.misc.find_libpq_full_path.__name__)\n"
    )

    assert run(program) == ["False", "True", "3", "True", "find_libpq_full_path"]


def test_a_log_record_asks_for_no_more_of_it() -> None:
    """From Python 3.12 on a record asks asyncio for the current task."""
    program = LEAN + (
        "import asyncio, logging, sys\n"
        "logging.warning('said')\n"
        "print(callable(asyncio.current_task), 'asyncio.base_events' in sys.modules)\n"
    )

    assert run(program) == ["True", "False"]


@pytest.mark.parametrize("first", ["psycopg", "asyncio, ctypes.util"])
def test_what_is_imported_already_stays_as_it_is(first: str) -> None:
    program = (
        f"import {first}, sys\n"
        "known = {name: sys.modules.get(name) for name in ('asyncio', 'ctypes', 'ctypes.util', 'psycopg')}\n"
        f"{LEAN}"
        "print(*[sys.modules[name] is module for name, module in known.items() if module is not None])\n"
        "import asyncio\n"
        "print('run' in vars(asyncio))\n"
    )

    assert set(run(program)) == {"True"}


def test_a_version_that_no_folder_tells_is_asked_for_as_ever() -> None:
    program = (
        "import os\n"
        "plain = os.listdir\n"
        "os.listdir = lambda folder: [name for name in plain(folder) if not name.endswith('.dist-info')]\n"
        f"{LEAN}import sys\n"
        "print(psycopg.__version__, 'importlib.metadata' in sys.modules)\n"
    )

    # `importlib.metadata` finds none either.
    assert run(program) == [".".join("0000"), "True"]
