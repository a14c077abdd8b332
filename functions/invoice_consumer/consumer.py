"""Work off one batch: everything at once if it is new, with care if it was delivered before.

A message that kills the function (crash, out of memory, time-out) takes its whole batch back to the queue. So messages
that come again are begun in small groups, noted in the database before they are touched; those that an environment
died over are begun alone, in a process of their own first, and parked when that dies. The note becomes a mark as soon
as the messages are decoded: whatever happens while the database works is no message's fault, so an outage counts
nothing. The next delivery does what is marked first and at once: a batch moves on however slow the database is.
Nothing here depends on how the mapping requeues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from invoice_consumer import repository
from invoice_consumer.invoices import Batch, Rejection, sort_out
from invoice_consumer.rabbitmq_event import Delivery

GROUP_SIZE = 100
# Environments also die by themselves, just then and several times in a row; this is for what takes its trial's
# process and the environment at once.
DEATHS_MAX = 5
# What a value can be to blame for. A doubled number or order is never a message's fault: the counter was tampered with.
REFUSED_BY_THE_DATABASE = (psycopg.DataError, psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)
KILLER = f"{DEATHS_MAX} execution environments died over this message; parked without decoding"
DIED_ALONE = "a process died decoding this message and nothing else; parked without decoding"
NEVER_BEGUN = repository.Attempt(deaths=0, is_decoded=False)


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
        if again := [delivery for delivery in deliveries if delivery.is_redelivered]:
            for step in self._steps(again, report):
                if is_deadline_near():
                    raise DeadlineNearError(f"{len(deliveries)} messages, not all of them done")
                step()
            repository.end_attempts(self.connection(), [delivery.fingerprint() for delivery in again])
        if fresh := [delivery for delivery in deliveries if not delivery.is_redelivered]:
            self._finish(sort_out(fresh), report)
        return report

    def _steps(self, deliveries: Sequence[Delivery], report: Report) -> list[Callable[[], None]]:
        """What was decoded before at once, groups for what no environment died over, and each of the others alone."""
        known = repository.attempts(self.connection(), _fingerprints(deliveries), environment=self.environment)
        decoded: list[Delivery] = []
        innocent: list[Delivery] = []
        suspects: dict[bytes, list[Delivery]] = {}
        for delivery, key in zip(deliveries, _fingerprints(deliveries), strict=True):
            attempt = known.get(key, NEVER_BEGUN)
            if attempt.is_decoded:
                decoded.append(delivery)
            elif attempt.deaths:
                # Copies of one message share its fate: parked one by one, each would start with no deaths.
                suspects.setdefault(key, []).append(delivery)
            else:
                innocent.append(delivery)
        if not _survives(decoded):
            # Decoded by other code than this, then: it has to be found which one kills.
            innocent, decoded = decoded + innocent, []
        groups = [innocent[at : at + GROUP_SIZE] for at in range(0, len(innocent), GROUP_SIZE)]
        return [
            *([partial(self._finish_decoded, decoded, report)] if decoded else []),
            *(partial(self._attempt, group, report) for group in groups),
            *(partial(self._attempt_alone, copies, report) for copies in suspects.values()),
        ]

    def _finish_decoded(self, deliveries: list[Delivery], report: Report) -> None:
        """Nearly all of them have their invoice: what an earlier delivery did not store is at most its last group."""
        self._finish(sort_out(deliveries), report)

    def _attempt(self, group: list[Delivery], report: Report) -> None:
        """Note the attempt, committed, before anything looks into these messages; mark them once they are decoded."""
        repository.begin_attempts(self.connection(), _fingerprints(group), environment=self.environment)
        self._decode(group, report)

    def _attempt_alone(self, copies: list[Delivery], report: Report) -> None:
        """The same for one message that an environment died over, and decoded where it can do no harm first."""
        fingerprint = copies[0].fingerprint()
        deaths = repository.begin_attempts(self.connection(), [fingerprint], environment=self.environment)
        if deaths[fingerprint] >= DEATHS_MAX:
            self._store(_parked(copies, KILLER), report, finished=[fingerprint])
        elif not _survives(copies):
            self._store(_parked(copies, DIED_ALONE), report, finished=[fingerprint])
        else:
            self._decode(copies, report)

    def _decode(self, group: list[Delivery], report: Report) -> None:
        batch = sort_out(group)
        repository.mark_decoded(self.connection(), _fingerprints(group))
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
            for half in _halves(batch):
                self._finish(half, report)

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
    return _parked(deliveries, f"refused by the database: {complaint}")


def _parked(deliveries: Sequence[Delivery], reason: str) -> Batch:
    return Batch(rejections=[Rejection(delivery=delivery, reason=reason) for delivery in deliveries])


def _halves(batch: Batch) -> tuple[Batch, Batch]:
    """Of both kinds: whichever is refused, half of the rest is stored at once."""
    orders, rejections = batch.orders, batch.rejections
    if len(orders) <= 1 and len(rejections) <= 1:
        return Batch(orders=orders), Batch(rejections=rejections)
    order, rejection = len(orders) // 2, len(rejections) // 2
    return (
        Batch(orders=orders[:order], rejections=rejections[:rejection]),
        Batch(orders=orders[order:], rejections=rejections[rejection:]),
    )


def _fingerprints(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [delivery.fingerprint() for delivery in deliveries]


def _survives(deliveries: Sequence[Delivery]) -> bool:
    """Whether a process that decodes these messages lives; none is started for nothing."""
    if not deliveries:
        return True
    from invoice_consumer import trial  # hardly ever: no cold start should pay for it

    return trial.survives(deliveries)


def _complaint(error: psycopg.Error) -> str:
    return f"{error.sqlstate} {error.diag.message_primary or type(error).__name__}"
