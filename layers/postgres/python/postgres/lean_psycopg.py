"""psycopg without what only its asynchronous half, its versions and its way without libpq import: a fifth of an init.

asyncio and ctypes are registered with their `__init__` not yet run. What psycopg asks of asyncio while it is imported
comes from the submodules that have it; the first other name that anything asks for runs the whole package. A version
stands in the name of the folder that `importlib.metadata` would read. What is not as it is known here is imported as
ever, and only takes longer.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from functools import partial
from types import ModuleType
from typing import Any

from loading import register_unrun, submodule

# Names that are asked for before anything runs a loop, and where they are at home. The last is asked for by each record
# of `logging`, from Python 3.12 on.
_OF_ASYNCIO = {
    "CancelledError": "exceptions",
    "Future": "futures",
    "Lock": "locks",
    "Queue": "queues",
    "Task": "tasks",
    "get_running_loop": "events",
    "sleep": "tasks",
    "current_task": "tasks",
}


def _of_asyncio(name: str) -> Any:
    if name in _OF_ASYNCIO:
        return getattr(submodule("asyncio", _OF_ASYNCIO[name]), name)
    return _part("asyncio", name)


def _part(package: str, name: str) -> Any:
    # What tools and the import system ask of every module is no reason to run one.
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    return submodule(package, name)


def _register_version(package: str) -> None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return
    start, end = f"{package}-", ".dist-info"
    names = os.listdir(os.path.dirname(os.path.dirname(spec.origin)))
    found = [name for name in names if name.startswith(start) and name.endswith(end)]
    if len(found) == 1:
        module: Any = ModuleType(f"{package}.version")
        module.__version__ = found[0][len(start) : -len(end)]
        sys.modules[module.__name__] = module


if "psycopg" not in sys.modules:
    register_unrun("asyncio", _of_asyncio)
    register_unrun("ctypes", partial(_part, "ctypes"))
    register_unrun("ctypes.util", partial(_part, "ctypes.util"))
    for _package in ("psycopg", "psycopg_binary"):
        _register_version(_package)

import psycopg  # noqa: E402

__all__ = ["psycopg"]
