"""A package that is registered with its `__init__` not yet run, so that importing it costs next to nothing.

Whatever else uses it notices nothing: the first name that only the whole package has runs it, once, and other threads
wait meanwhile.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from collections.abc import Callable
from typing import Any


def register_unrun(name: str, known: Callable[[str], Any]) -> None:
    """Register a package, or a module, unless it is imported already or is not there.

    `known` is asked first for each of its names: it returns what there is without running it, raises LookupError for
    what only the whole has, and AttributeError for what is not to run it.
    """
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    module: Any = importlib.util.module_from_spec(spec)
    loader, running = spec.loader, threading.RLock()
    is_begun = False

    def complete(wanted: str) -> Any:
        nonlocal is_begun
        with contextlib.suppress(LookupError):
            return known(wanted)
        with running:
            # What `__init__` itself asks for while it runs is there, or is not.
            if not is_begun:
                is_begun = True
                loader.exec_module(module)
                if vars(module)["__getattr__"] is complete:
                    del module.__getattr__
        if wanted in vars(module):
            return vars(module)[wanted]
        if (its_own := vars(module).get("__getattr__", complete)) is not complete:
            return its_own(wanted)
        raise AttributeError(f"module {name!r} has no attribute {wanted!r}", name=wanted, obj=module)

    module.__getattr__ = complete
    sys.modules[name] = module
    package, _, last = name.rpartition(".")
    if package:
        # As importing does it: an import that finds the submodule registered does not.
        setattr(sys.modules[package], last, module)


def submodule(package: str, name: str) -> Any:
    """Import a submodule. Raises LookupError when there is none."""
    try:
        return importlib.import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        raise LookupError(name) from error
