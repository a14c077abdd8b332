"""A publisher for the use cases that publish right after their commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rabbitmq import Message, PublishError


@dataclass
class Publisher:
    """Confirms, unless it is given an outcome or an error."""

    outcome: PublishError | None = None
    error: Exception | None = None
    published: list[Message] = field(default_factory=list)
    timeout_s: float = 0.0

    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]:
        self.timeout_s = timeout_s
        if self.error is not None:
            raise self.error
        self.published += messages
        return [self.outcome]
