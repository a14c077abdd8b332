"""Publish rows, and say of each outcome what it tells: of the message, of the broker, or of neither for certain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from outbox_relay.repository import DueRow
from rabbitmq import (
    BlockedError,
    BrokerUnavailableError,
    Message,
    PublishError,
    RefusedError,
    UnconfirmedError,
)

PUBLISH_TIMEOUT_S = 5.0

RowOutcome = tuple[DueRow, PublishError | None]


class Publisher(Protocol):
    def publish(self, messages: Sequence[Message], *, timeout_s: float) -> list[PublishError | None]: ...


class BrokerAwayError(Exception):
    """The broker takes nothing now; the run ends, and its failure counts against no row."""


class UnreadableError(PublishError):
    """The row's properties are no JSON that can be read, or too long for a frame."""


def publish(rows: Sequence[DueRow], *, publisher: Publisher) -> list[RowOutcome]:
    """One outcome for each row, None for confirmed."""
    messages = [row.message for row in rows if row.message is not None]
    try:
        given = publisher.publish(messages, timeout_s=PUBLISH_TIMEOUT_S) if messages else []
    except BrokerUnavailableError as error:
        given = [error] * len(messages)
    outcomes = iter(given)
    unreadable = UnreadableError("its properties cannot be read")
    return [(row, unreadable if row.message is None else next(outcomes)) for row in rows]


def is_away(outcome: PublishError | None) -> bool:
    """Nothing was sent, or the broker says that it takes nothing."""
    return isinstance(outcome, BrokerUnavailableError | BlockedError)


def is_doubtful(outcome: PublishError | None) -> bool:
    """Any message of its batch may be the reason, or none."""
    return isinstance(outcome, RefusedError | UnconfirmedError) and not is_away(outcome)
