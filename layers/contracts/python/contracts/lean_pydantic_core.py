"""What we use of pydantic_core, without the schemas' types that its `__init__` imports: half of its import time.

https://github.com/pydantic/pydantic-core/blob/main/python/pydantic_core/__init__.py. The package is registered with its
`__init__` not yet run; the first name that its compiled core does not have runs it.
"""

from __future__ import annotations

import sys
from typing import Any

from loading import register_unrun


def _of_the_core(name: str) -> Any:
    core = sys.modules.get("pydantic_core._pydantic_core")
    if hasattr(core, name):
        return getattr(core, name)
    raise LookupError(name)


register_unrun("pydantic_core", _of_the_core)

from pydantic_core._pydantic_core import SchemaValidator, ValidationError, from_json  # noqa: E402

__all__ = ["SchemaValidator", "ValidationError", "from_json"]
