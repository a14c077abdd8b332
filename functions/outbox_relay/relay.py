"""Publish what is due until nothing is, or until the deadline nears; then purge expired idempotency keys.

An event is deleted in the transaction that locked it and after the broker's confirm: a relay that dies in between
publishes it twice and never loses it. Rows that failed before come after all others, so a row that never goes
costs no other row's time. What becomes of a batch that the broker did not confirm is `suspects`' business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox_relay import repository, suspects
from outbox_relay.publishing import (
    PUBLISH_TIMEOUT_S,
    BrokerAwayError,
    Publisher,
    RowOutcome,
    is_away,
    is_doubtful,
    publish,
)

KEYS_PER_PURGE = 500
# A batch, and the first of its rows alone when it was not confirmed.
BATCH_TIME_S = 2 * PUBLISH_TIMEOUT_S


@dataclass(kw_only=True)
class Report:
    """What one run did; `broker_failure` says why it stopped early."""

    published: int = 0
    postponed: int = 0
    purged_keys: int = 0
    broker_failure: str | None = None


def run(connection: psycopg.Connection[Any], *, publisher: Publisher, remaining_s: Callable[[], float]) -> Report:
    """Work until nothing is due. Raises psycopg.Error; what is done is committed and nothing is lost."""
    report = Report()
    for failed_before in (False, True):
        # Also after the first pass gave up: what it took for an outage may be its own rows, and those of the second go.
        try:
            while remaining_s() > BATCH_TIME_S and _relay_batch(
                connection, report, failed_before=failed_before, publisher=publisher, remaining_s=remaining_s
            ):
                pass
        except BrokerAwayError as away:
            report.broker_failure = str(away)
    while remaining_s() > PUBLISH_TIMEOUT_S:
        purged = repository.purge_expired_keys(connection, KEYS_PER_PURGE)
        report.purged_keys += purged
        if purged < KEYS_PER_PURGE:
            break
    return report


def _relay_batch(
    connection: psycopg.Connection[Any],
    report: Report,
    *,
    failed_before: bool,
    publisher: Publisher,
    remaining_s: Callable[[], float],
) -> int:
    """Lock, publish, delete or postpone, then look into what is doubtful. Returns how many rows were due."""
    with connection.transaction():
        due = repository.lock_due(connection, failed_before=failed_before)
        outcomes = publish(due, publisher=publisher) if due else []
        _settle(connection, outcomes, report)
    for _, outcome in outcomes:
        if is_away(outcome):
            raise BrokerAwayError(str(outcome))
    doubtful = [row for row, outcome in outcomes if is_doubtful(outcome)]
    if doubtful:
        done = suspects.relay_singly(
            connection,
            doubtful,
            others_went=any(outcome is None for _, outcome in outcomes),
            publisher=publisher,
            remaining_s=remaining_s,
        )
        report.published += done.published
        report.postponed += done.postponed
        if done.away is not None:
            raise BrokerAwayError(done.away)
    return len(due)


def _settle(connection: psycopg.Connection[Any], outcomes: Sequence[RowOutcome], report: Report) -> None:
    """Delete what was published; postpone what the broker answered for itself."""
    published = [row.outbox_id for row, outcome in outcomes if outcome is None]
    refused = [
        (row.outbox_id, str(outcome))
        for row, outcome in outcomes
        if outcome is not None and not is_away(outcome) and not is_doubtful(outcome)
    ]
    if published:
        repository.delete_published(connection, published)
    if refused:
        repository.postpone(connection, refused)
    report.published += len(published)
    report.postponed += len(refused)
