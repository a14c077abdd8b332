"""Work off one batch: everything at once if it is new, with care if it was delivered before.

A message that kills the function (crash, out of memory, time-out) takes its whole batch back to the queue. So messages
that come again are begun in small groups and noted in the database before they are touched. Those that an environment
died over are begun alone; after the second death a message is parked without being decoded. The note is taken back as
soon as the messages are decoded: a later failure is the database's and not a message's, so an outage is never counted
as a death. Nothing here depends on how the mapping requeues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg

from invoice_consumer import repository
from invoice_consumer.invoices import Batch, Rejection, sort_out
from invoice_consumer.rabbitmq_event import Delivery

GROUP_SIZE = 100
DEATHS_MAX = 2
# Errors that a message's values can cause. A unique violation is not among them: it means that the counter was changed.
REFUSED_BY_THE_DATABASE = (psycopg.DataError, psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)
KILLER = f"{DEATHS_MAX} execution environments died over this message; parked without decoding"


class DeadlineNearError(Exception):
    """The rest of the batch has to wait for its next delivery; what is done is committed."""


@dataclass(kw_only=True)
class Report:
    """What one invocation did."""

    messages: int = 0
    issued: int = 0
    duplicates: int = 0
    parked: int = 0


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """`connection` gives a live connection each time; `environment` is this execution environment's own id.

    `on_parked` is called with messages once they are parked for good.
    """

    connection: Callable[[], psycopg.Connection[Any]]
    environment: UUID
    due_days: int
    on_parked: Callable[[Sequence[Rejection]], None] = field(default=lambda _: None)

    def consume(self, deliveries: Sequence[Delivery], *, is_deadline_near: Callable[[], bool]) -> Report:
        """Raises psycopg.Error, or DeadlineNearError; repeating the whole call is harmless."""
        report = Report(messages=len(deliveries))
        again = [delivery for delivery in deliveries if delivery.is_redelivered]
        for group in self._careful_groups(again):
            if is_deadline_near():
                raise DeadlineNearError(f"{len(deliveries)} messages, not all of them done")
            self._attempt(group, report)
        fresh = [delivery for delivery in deliveries if not delivery.is_redelivered]
        if fresh:
            self._finish(sort_out(fresh), report)
        return report

    def _careful_groups(self, deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
        """Groups of the deliveries that no environment died over, and each of the others alone."""
        if not deliveries:
            return []
        fingerprints = [delivery.fingerprint() for delivery in deliveries]
        deaths = repository.deaths(self.connection(), fingerprints, environment=self.environment)
        innocent: list[Delivery] = []
        suspects: dict[bytes, list[Delivery]] = {}
        for delivery, key in zip(deliveries, fingerprints, strict=True):
            # Copies of one message share its fate: parked one by one, each would start with no deaths.
            (suspects.setdefault(key, []) if deaths.get(key) else innocent).append(delivery)
        groups = [innocent[at : at + GROUP_SIZE] for at in range(0, len(innocent), GROUP_SIZE)]
        return [*groups, *suspects.values()]

    def _attempt(self, group: list[Delivery], report: Report) -> None:
        """Note the attempt, committed, before anything looks into these messages; take it back after decoding."""
        fingerprints = [delivery.fingerprint() for delivery in group]
        deaths = repository.begin_attempts(self.connection(), fingerprints, environment=self.environment)
        if len(deaths) == 1 and deaths[fingerprints[0]] >= DEATHS_MAX:
            killers = Batch(rejections=[Rejection(delivery=delivery, reason=KILLER) for delivery in group])
            self._store(killers, report, finished=fingerprints)
            return
        batch = sort_out(group)
        repository.end_attempts(self.connection(), fingerprints)
        self._finish(batch, report)

    def _finish(self, batch: Batch, report: Report) -> None:
        """Invoices and parked messages in one transaction; what only the database refuses is found and parked."""
        try:
            self._store(batch, report)
        except REFUSED_BY_THE_DATABASE as error:
            if len(batch.orders) + len(batch.rejections) <= 1:
                self._store(_unstorable(batch, _complaint(error)), report)
                return
            # The contract lets something through that the database refuses: find it, keep the others.
            for single in _singles(batch):
                self._finish(single, report)

    def _store(self, batch: Batch, report: Report, *, finished: Sequence[bytes] = ()) -> None:
        connection = self.connection()
        issued = 0
        with connection.transaction():
            if batch.orders:
                orders = [order for order, _ in batch.orders]
                issued = repository.issue_invoices(connection, orders, due_days=self.due_days)
            if batch.rejections:
                repository.park(connection, batch.rejections)
            if finished:
                repository.end_attempts(connection, finished)
        report.issued += issued
        report.duplicates += len(batch.orders) - issued
        report.parked += len(batch.rejections)
        self.on_parked(batch.rejections)


def _unstorable(batch: Batch, complaint: str) -> Batch:
    deliveries = [delivery for _, delivery in batch.orders] + [rejection.delivery for rejection in batch.rejections]
    reason = f"refused by the database: {complaint}"
    return Batch(rejections=[Rejection(delivery=delivery, reason=reason) for delivery in deliveries])


def _singles(batch: Batch) -> list[Batch]:
    orders = [Batch(orders=[order]) for order in batch.orders]
    return orders + [Batch(rejections=[rejection]) for rejection in batch.rejections]


def _complaint(error: psycopg.Error) -> str:
    return f"{error.sqlstate} {error.diag.message_primary or type(error).__name__}"
