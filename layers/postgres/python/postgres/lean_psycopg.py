"""psycopg without what only its asynchronous half, its versions and its way without libpq import: a fifth of an init.

asyncio and ctypes are registered with their `__init__` not yet run, as the contracts register pydantic_core. What
psycopg asks of asyncio while it is imported comes from the submodules that have it; the first other name that anything
asks for runs the whole package. A version stands in the name of the folder that `importlib.metadata` would read. What
is not as it is known here is imported as ever, and only takes longer.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import threading
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any

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
_NO_HOMES: Mapping[str, str] = MappingProxyType({})


def _register_unrun(name: str, homes: Mapping[str, str] = _NO_HOMES) -> None:
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    module: Any = importlib.util.module_from_spec(spec)
    loader, lock = spec.loader, threading.RLock()
    running: list[bool] = []

    def complete(wanted: str) -> Any:
        if wanted in homes:
            return getattr(importlib.import_module(f"{name}.{homes[wanted]}"), wanted)
        if wanted.startswith("__") and wanted != "__all__":
            raise AttributeError(wanted)
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.import_module(f"{name}.{wanted}")
        with lock:
            if not running:
                running.append(True)
                loader.exec_module(module)
                if vars(module).get("__getattr__") is complete:
                    del module.__getattr__
        if vars(module).get("__getattr__") is complete:  # the package itself asks, in the middle of its `__init__`
            raise AttributeError(f"module {name!r} has no attribute {wanted!r}")
        return getattr(module, wanted)

    module.__getattr__ = complete
    sys.modules[name] = module
    package, _, submodule = name.rpartition(".")
    if package:
        # As importing does it: an import that finds the submodule registered does not.
        setattr(sys.modules[package], submodule, module)


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
    _register_unrun("asyncio", _OF_ASYNCIO)
    _register_unrun("ctypes")
    _register_unrun("ctypes.util")
    for _package in ("psycopg", "psycopg_binary"):
        _register_version(_package)

import psycopg  # noqa: E402

__all__ = ["psycopg"]
