"""EventBridge Scheduler's `rate(…)`, the one kind of expression that is emulated.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#rate-based
"""

from __future__ import annotations

import re

_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)s?\)")
_UNIT_S = {"minute": 60, "hour": 3600, "day": 86_400}


def period_s(expression: str) -> float:
    """Return the period of a `rate(…)`. Raises ValueError for any other expression."""
    match = _RATE.fullmatch(expression.strip())
    if match is None:
        raise ValueError(f"schedule expression {expression!r} is not emulated; supported: rate(N minutes|hours|days)")
    return float(int(match["value"]) * _UNIT_S[match["unit"]])
