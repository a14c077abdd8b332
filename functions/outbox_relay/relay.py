"""Publish what is due until nothing is, or until the deadline nears; then purge expired idempotency keys.

An event is deleted in the transaction that locked it and after the broker's confirm: a relay that dies in between
publishes it twice and never loses it. A message that the broker refuses gets an attempt and a back-off; a broker that
does not answer ends the run and counts against no message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox_relay import repository
from rabbitmq import BrokerUnavailableError, Message, Publisher, PublishError, RefusedError, UnconfirmedError

ROWS_PER_TRANSACTION = 100
KEYS_PER_PURGE = 500
PUBLISH_TIMEOUT_S = 5.0


@dataclass(kw_only=True)
class Report:
    """What one run did; `broker_failure` says why it stopped early."""

    published: int = 0
    postponed: int = 0
    purged_keys: int = 0
    broker_failure: str | None = None


def run(connection: psycopg.Connection[Any], *, publisher: Publisher, remaining_s: Callable[[], float]) -> Report:
    """Work until nothing is due. Raises psycopg.Error; the open transaction is rolled back and nothing is lost."""
    report = Report()
    while remaining_s() > 2 * PUBLISH_TIMEOUT_S and report.broker_failure is None:
        if run_once(connection, publisher=publisher, report=report) == 0:
            break
    while remaining_s() > PUBLISH_TIMEOUT_S:
        purged = repository.purge_expired_keys(connection, KEYS_PER_PURGE)
        report.purged_keys += purged
        if purged < KEYS_PER_PURGE:
            break
    return report


def run_once(connection: psycopg.Connection[Any], *, publisher: Publisher, report: Report) -> int:
    """One transaction: lock, publish, delete or postpone. Returns how many rows were due."""
    with connection.transaction():
        due = repository.lock_due(connection, ROWS_PER_TRANSACTION)
        outcomes = _publish_readable([message for _, message in due], publisher=publisher)
        published = [outbox_id for (outbox_id, _), outcome in zip(due, outcomes, strict=True) if outcome is None]
        repository.delete_published(connection, published)
        for (outbox_id, _), outcome in zip(due, outcomes, strict=True):
            if isinstance(outcome, BrokerUnavailableError | UnconfirmedError):
                report.broker_failure = str(outcome)
            elif outcome is not None:
                repository.postpone(connection, outbox_id, reason=str(outcome))
                report.postponed += 1
        report.published += len(published)
        return len(due)


def _publish_readable(messages: list[Message | None], *, publisher: Publisher) -> list[PublishError | None]:
    """One outcome for each; None among the messages is a row whose properties cannot be read."""
    outcomes = iter(_publish([message for message in messages if message is not None], publisher=publisher))
    unreadable = RefusedError("its properties cannot be read")
    return [unreadable if message is None else next(outcomes) for message in messages]


def _publish(messages: list[Message], *, publisher: Publisher) -> list[PublishError | None]:
    """One outcome for each; a batch that the broker refused is repeated message by message to find the culprit."""
    if not messages:
        return []
    outcomes = _publish_once(messages, publisher=publisher)
    if len(messages) == 1:
        return outcomes
    away: PublishError | None = None
    for index, outcome in enumerate(outcomes):
        if isinstance(outcome, RefusedError):
            # Once the broker has gone, waiting for it with every single message would use up the invocation.
            outcomes[index] = away or _publish_once([messages[index]], publisher=publisher)[0]
            if isinstance(outcomes[index], BrokerUnavailableError | UnconfirmedError):
                away = outcomes[index]
    return outcomes


def _publish_once(messages: list[Message], *, publisher: Publisher) -> list[PublishError | None]:
    try:
        return publisher.publish(messages, timeout_s=PUBLISH_TIMEOUT_S)
    except BrokerUnavailableError as error:
        return [error] * len(messages)
