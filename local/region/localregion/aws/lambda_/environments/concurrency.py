"""Concurrency: how many invocations are in flight, of a function or of the account, and when one is too many.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from localregion.aws.http.errors import TooManyRequestsError


class Concurrency:
    """How many invocations may be in flight at once, of a function or of the account; `limit` None is no limit."""

    def __init__(self, limit: int | None, reason: str) -> None:
        self.limit = limit
        self.in_flight = 0
        self._reason = reason

    def check(self) -> None:
        if self.limit is not None and self.in_flight >= self.limit:
            raise TooManyRequestsError(self._reason)
