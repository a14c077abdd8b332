"""UUID version 7 (RFC 9562, 5.7): ordered by time, so that new rows land at the end of an index.

The standard library has it from Python 3.14 on.
"""

import os
import time
from datetime import datetime
from uuid import UUID


def uuid7(moment: datetime | None = None) -> UUID:
    """A new identifier: 48 bits of Unix time in milliseconds, 74 bits from the operating system's generator.

    The time is `moment`, an aware one in whole milliseconds, or now.
    """
    milliseconds = time.time_ns() // 1_000_000 if moment is None else round(moment.timestamp() * 1000)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)
