"""The invocation that an execution environment works on: its deadline, and the one outcome that it gets."""

from __future__ import annotations

import asyncio
import time

from localregion.aws.lambda_.environments.outcome import Outcome


class RunningInvocation:
    """From its start to its outcome."""

    __slots__ = ("deadline", "init_duration_ms", "outcome", "request_id", "started")

    def __init__(self, request_id: str, outcome: asyncio.Future[Outcome], init_duration_ms: float | None) -> None:
        self.request_id = request_id
        self.outcome = outcome
        self.init_duration_ms = init_duration_ms
        self.started = time.monotonic()
        self.deadline: asyncio.TimerHandle | None = None

    def replace_deadline(self, deadline: asyncio.TimerHandle | None) -> None:
        if self.deadline is not None:
            self.deadline.cancel()
        self.deadline = deadline

    def finish(self, outcome: Outcome) -> None:
        self.replace_deadline(None)
        if not self.outcome.done():
            self.outcome.set_result(outcome)
