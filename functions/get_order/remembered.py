"""An answer that is good for a moment: a question in between gets it again, and nothing is asked twice.

An answer counts while both clocks say that it is recent. In a frozen environment the monotonic clock may stand still,
so that an answer of yesterday seems new to it; the wall clock tells, and where that one is set back, it is asked anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")
Clock = Callable[[], float]


class Remembered(Generic[T]):
    """What `ask` returned or raised, for `for_s` seconds from then on."""

    def __init__(
        self, ask: Callable[[], T], *, for_s: float, clocks: tuple[Clock, ...] = (time.monotonic, time.time)
    ) -> None:
        self._ask = ask
        self._for_s = for_s
        self._clocks = clocks
        self._answered_at: tuple[float, ...] | None = None
        self._answer: Callable[[], T] = ask

    def __call__(self) -> T:
        if not self._is_recent():
            self._answer = self._asked()
            self._answered_at = self._now()
        return self._answer()

    def _is_recent(self) -> bool:
        if self._answered_at is None:
            return False
        ages = [now - then for now, then in zip(self._now(), self._answered_at, strict=True)]
        return all(0 <= age < self._for_s for age in ages)

    def _now(self) -> tuple[float, ...]:
        return tuple(clock() for clock in self._clocks)

    def _asked(self) -> Callable[[], T]:
        try:
            answer = self._ask()
        except Exception as error:
            return _raising(error)
        return lambda: answer


def _raising(error: Exception) -> Callable[[], NoReturn]:
    def answer() -> NoReturn:
        raise error.with_traceback(None)

    return answer
