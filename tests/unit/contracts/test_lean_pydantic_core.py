"""pydantic_core as the contracts import it: without its schemas' types, and whole for code that imports more of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LAYERS = Path(__file__).parents[3] / "layers"


def run(program: str) -> str:
    """What it prints, in a process that has imported nothing yet."""
    paths = [str(LAYERS / name / "python") for name in ("contracts", "loading")]
    program = f"import sys; sys.path[:0] = {paths}\n{program}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_contracts_import_the_compiled_core_alone() -> None:
    program = (
        "import contracts.events, contracts.orders\n"
        "print(sorted(name for name in sys.modules if name.startswith('pydantic')))\n"
    )
    assert run(program) == "['pydantic_core', 'pydantic_core._pydantic_core']"


def test_what_is_refused_is_told_as_ever() -> None:
    program = (
        "from contracts.lean_pydantic_core import SchemaValidator, ValidationError\n"
        "try:\n    SchemaValidator({'type': 'int', 'ge': 1}).validate_python('x')\n"
        "except ValidationError as error:\n    print(error.errors()[0]['type'], 'valid integer' in str(error))\n"
    )
    assert run(program) == "int_parsing True"


@pytest.mark.parametrize("order", ["contracts.events, pydantic", "pydantic, contracts.events"])
def test_others_find_the_whole_of_it(order: str) -> None:
    program = (
        f"import {order}\n"
        "import pydantic_core\n"
        "from pydantic_core import PydanticUndefined, core_schema, from_json\n"
        "from contracts.lean_pydantic_core import ValidationError\n"
        "print(pydantic_core.ValidationError is ValidationError is pydantic.ValidationError)\n"
        "print(core_schema.int_schema()['type'], from_json('1'), hasattr(pydantic_core, 'no_such_name'))\n"
        "made = pydantic.create_model('Model', number=(int, 1))(number='2')\n"
        "print(made.number, 'to_json' in pydantic_core.__all__)\n"
    )
    assert run(program).split() == ["True", "int", "1", "False", "2", "True"]


def test_threads_that_ask_for_the_rest_at_once_all_find_it() -> None:
    program = (
        "import contracts.events, threading\n"
        "sys.setswitchinterval(1e-6)\n"
        "failures, began = [], threading.Barrier(8)\n"
        "def ask():\n"
        "    began.wait()\n"
        "    try:\n"
        "        from pydantic_core import CoreSchema, ErrorDetails, __version__, core_schema\n"
        "        import pydantic\n"
        "        pydantic.create_model('Model', number=(int, 1))(number='2')\n"
        "    except Exception as error:\n        failures.append(repr(error))\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for thread in threads:\n    thread.start()\n"
        "for thread in threads:\n    thread.join()\n"
        "print(failures)\n"
    )
    assert [run(program) for _ in range(5)] == ["[]"] * 5
