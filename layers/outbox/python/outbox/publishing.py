"""Publish an event right after the commit that stored it. What goes wrong is the relay's business, and no failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from rabbitmq import Message, PublishError

# The relay takes over an event when the function that wrote it must be over: its own deadline and this much.
RELAY_MARGIN_S = 5.0
# What the answer still needs after publishing, the export of its spans included.
ANSWER_MARGIN_S = 0.5


class Publisher(Protocol):
    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]: ...


def publish_now(
    message: Message,
    *,
    publisher: Publisher,
    delete_row: Callable[[], object],
    timeout_s: float,
    remaining_s: Callable[[], float],
) -> str | None:
    """Publish the event and delete its outbox row. A failure is returned as text; the relay then publishes the row.

    It takes `timeout_s` at most, and leaves the invocation the time to answer.
    """
    try:
        outcome = publisher.publish([message], timeout_s=min(timeout_s, remaining_s() - ANSWER_MARGIN_S))[0]
        if outcome is not None:
            raise outcome
        delete_row()
    except Exception as error:  # what it tells of is committed: no failure of the publish may fail the request
        return str(error).strip()
    return None
