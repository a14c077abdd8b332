"""The OpenAPI 3.1 description of the API, as `make openapi` wrote it: read on first use, sent as it is.

`local/orders/openapi` builds it from pydantic models of the bodies; a test fails when the file is not what it writes.
"""

from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("openapi.json")


@cache
def document() -> str:
    """The description as JSON text."""
    return FILE.read_text(encoding="utf-8")
