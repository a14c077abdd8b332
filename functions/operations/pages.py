"""Lists that fit into an answer: Lambda refuses one over 6 MB (ResponseSizeTooLarge), however few entries it has.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

PAGE_BYTES_MAX = 4_000_000
# Longer ones are cut by the database, so that a page of them fits into memory as well.
TEXT_LENGTH_MAX = 4_096


def page(entries: Iterable[dict[str, Any]], *, limit: int, bytes_max: int = PAGE_BYTES_MAX) -> tuple[list[Any], bool]:
    """Return the first entries, at least one if there are any, and whether there are more."""
    chosen: list[Any] = []
    size = 0
    for entry in entries:
        # ASCII with escapes: never shorter than what the runtime client sends.
        size += len(json.dumps(entry)) + 2
        if chosen and (len(chosen) == limit or size > bytes_max):
            return chosen, True
        chosen.append(entry)
    return chosen, False
