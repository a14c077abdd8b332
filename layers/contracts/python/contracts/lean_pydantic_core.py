"""What we use of pydantic_core, without the schemas' types that its `__init__` imports: half of its import time.

https://github.com/pydantic/pydantic-core/blob/main/python/pydantic_core/__init__.py. The package is registered with its
`__init__` not yet run; the first name that its compiled core does not have runs it, so pydantic, where a process has
it, notices nothing. Other threads wait meanwhile.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import Any


def _register_pydantic_core() -> None:
    spec = importlib.util.find_spec("pydantic_core")
    if "pydantic_core" in sys.modules or spec is None or spec.loader is None:
        return
    package: Any = importlib.util.module_from_spec(spec)
    loader = spec.loader
    completing = threading.RLock()
    is_begun = False

    def complete(name: str) -> Any:
        nonlocal is_begun
        core = sys.modules.get("pydantic_core._pydantic_core")
        if hasattr(core, name):
            return getattr(core, name)
        with completing:
            # What `__init__` itself asks for while it runs is there, or is not.
            if not is_begun:
                is_begun = True
                loader.exec_module(package)
                del package.__getattr__
        if name in vars(package):
            return vars(package)[name]
        raise AttributeError(f"module 'pydantic_core' has no attribute {name!r}", name=name, obj=package)

    package.__getattr__ = complete
    sys.modules["pydantic_core"] = package


_register_pydantic_core()

from pydantic_core._pydantic_core import SchemaValidator, ValidationError, from_json  # noqa: E402

__all__ = ["SchemaValidator", "ValidationError", "from_json"]
