"""What we use of pydantic_core, without the schemas' types that its `__init__` imports: half of its import time.

https://github.com/pydantic/pydantic-core/blob/main/python/pydantic_core/__init__.py. The package is registered with its
`__init__` not yet run; the first name that its compiled core does not have runs it, so pydantic, where a process has
it, notices nothing.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any


def _register_pydantic_core() -> None:
    spec = importlib.util.find_spec("pydantic_core")
    if "pydantic_core" in sys.modules or spec is None or spec.loader is None:
        return
    package: Any = importlib.util.module_from_spec(spec)
    loader = spec.loader

    def complete(name: str) -> Any:
        core = sys.modules.get("pydantic_core._pydantic_core")
        if hasattr(core, name):
            return getattr(core, name)
        del package.__getattr__
        loader.exec_module(package)
        return getattr(package, name)

    package.__getattr__ = complete
    sys.modules["pydantic_core"] = package


_register_pydantic_core()

from pydantic_core._pydantic_core import SchemaValidator, ValidationError, from_json  # noqa: E402

__all__ = ["SchemaValidator", "ValidationError", "from_json"]
