"""The ids of a batch's invoices: UUIDs of version 7 (RFC 9562, 5.7), as those of orders are.

Made here and not by the column's default: `gen_random_uuid()` asks for randomness once for each row, which took a third
of the statement's time, and random ids lie all over an index.
"""

from __future__ import annotations

import os
import time

_RANDOM_BYTES = 10
_DIGITS = 2 * _RANDOM_BYTES


def ascending_ids(count: int) -> list[str]:
    """New ids as 32 hexadecimal digits: of this millisecond, with 72 bits of the operating system's generator each."""
    moment = f"{time.time_ns() // 1_000_000:012x}"
    random = os.urandom(count * _RANDOM_BYTES).hex()
    starts = range(0, count * _DIGITS, _DIGITS)
    return sorted([f"{moment}7{random[at : at + 3]}8{random[at + 3 : at + 18]}" for at in starts])
