"""Work off one batch: everything at once if it is new, with care if it was delivered before.

A message that kills the function (crash, out of memory, time-out) takes its whole batch back to the queue. So messages
that come again are begun in small groups, noted in the database before they are touched; those that an environment
died over are begun alone, in a process of their own first, and parked when that dies. The note becomes a mark as soon
as the messages are decoded: whatever happens while the database works is no message's fault, so an outage counts
nothing. The next delivery does what is marked first and at once: a batch moves on however slow the database is.
Nothing here depends on how the mapping requeues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from deliveries.batches import Batch, Decode, DecodeAll, Rejection, sort_out
from deliveries.event import Delivery
from deliveries.parking import Attempt, Parking
from postgres.lean_psycopg import psycopg

T = TypeVar("T")
Connection = psycopg.Connection[Any]

GROUP_SIZE = 100
# Environments also die by themselves, just then and several times in a row; this is for what takes its trial's
# process and the environment at once.
DEATHS_MAX = 5
# What a value can be to blame for. A doubled number or order is never a message's fault: the counter was tampered with.
REFUSED_BY_THE_DATABASE = (psycopg.DataError, psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)
KILLER = f"{DEATHS_MAX} execution environments died over this message; parked without decoding"
DIED_ALONE = "a process died decoding this message and nothing else; parked without decoding"
NEVER_BEGUN = Attempt(deaths=0, is_decoded=False)


class DeadlineNearError(Exception):
    """The rest of the batch has to wait for its next delivery; what is done is committed."""


class Report(Counter[str]):
    """What one invocation did: `messages`, `parked`, and what the function counts."""


@dataclass(frozen=True, kw_only=True)
class Consumer(Generic[T]):
    """`connection` gives a live connection each time; `environment` is this execution environment's own id.

    `decode` raises InvalidEventError for a message to park; `store` is called with events inside a transaction, is
    harmless to repeat and returns what it counts: `counts` names that for a report of nothing stored. `on_parked` is
    called with messages once they are parked for good. `decode_all` is a quicker way for many good ones.
    """

    connection: Callable[[], Connection]
    environment: UUID
    parking: Parking
    decode: Decode[T]
    store: Callable[[Connection, Sequence[tuple[T, Delivery]]], Mapping[str, int]]
    counts: Sequence[str] = ()
    on_parked: Callable[[Sequence[Rejection]], None] = field(default=lambda _: None)
    decode_all: DecodeAll[T] | None = None

    def consume(self, deliveries: Sequence[Delivery], *, is_deadline_near: Callable[[], bool]) -> Report:
        """Raises psycopg.Error, or DeadlineNearError; repeating the whole call is harmless."""
        report = Report({"messages": len(deliveries), **dict.fromkeys(self.counts, 0), "parked": 0})
        if again := [delivery for delivery in deliveries if delivery.is_redelivered]:
            for step in self._steps(again, report):
                if is_deadline_near():
                    raise DeadlineNearError(f"{len(deliveries)} messages, not all of them done")
                step()
            self.parking.end_attempts(self.connection(), [delivery.fingerprint() for delivery in again])
        if fresh := [delivery for delivery in deliveries if not delivery.is_redelivered]:
            self._finish(sort_out(fresh, self.decode, self.decode_all), report)
        return report

    def _steps(self, deliveries: Sequence[Delivery], report: Report) -> list[Callable[[], None]]:
        """What was decoded before at once, groups for what no environment died over, and each of the others alone."""
        known = self.parking.attempts(self.connection(), _fingerprints(deliveries), environment=self.environment)
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
        if not self._survives(decoded):
            # Decoded by other code than this, then: it has to be found which one kills.
            innocent, decoded = decoded + innocent, []
        groups = [innocent[at : at + GROUP_SIZE] for at in range(0, len(innocent), GROUP_SIZE)]
        return [
            *([partial(self._finish_decoded, decoded, report)] if decoded else []),
            *(partial(self._attempt, group, report) for group in groups),
            *(partial(self._attempt_alone, copies, report) for copies in suspects.values()),
        ]

    def _finish_decoded(self, deliveries: list[Delivery], report: Report) -> None:
        """Nearly all of them are stored: what an earlier delivery did not store is at most its last group."""
        self._finish(sort_out(deliveries, self.decode, self.decode_all), report)

    def _attempt(self, group: list[Delivery], report: Report) -> None:
        """Note the attempt, committed, before anything looks into these messages; mark them once they are decoded."""
        self.parking.begin_attempts(self.connection(), _fingerprints(group), environment=self.environment)
        self._decode(group, report)

    def _attempt_alone(self, copies: list[Delivery], report: Report) -> None:
        """The same for one message that an environment died over, and decoded where it can do no harm first."""
        fingerprint = copies[0].fingerprint()
        deaths = self.parking.begin_attempts(self.connection(), [fingerprint], environment=self.environment)
        if deaths[fingerprint] >= DEATHS_MAX:
            self._keep(_parked(copies, KILLER), report, finished=[fingerprint])
        elif not self._survives(copies):
            self._keep(_parked(copies, DIED_ALONE), report, finished=[fingerprint])
        else:
            self._decode(copies, report)

    def _decode(self, group: list[Delivery], report: Report) -> None:
        batch = sort_out(group, self.decode)
        self.parking.mark_decoded(self.connection(), _fingerprints(group))
        self._finish(batch, report)

    def _survives(self, deliveries: Sequence[Delivery]) -> bool:
        """Whether a process that decodes these messages lives; none is started for nothing."""
        if not deliveries:
            return True
        from deliveries import trial  # hardly ever: no cold start should pay for it

        return trial.survives(deliveries, self.decode)

    def _finish(self, batch: Batch[T], report: Report) -> None:
        """Events and parked messages in one transaction; what only the database refuses is found and parked."""
        try:
            self._keep(batch, report)
        except REFUSED_BY_THE_DATABASE as error:
            if len(batch.events) + len(batch.rejections) <= 1:
                self._keep(_unstorable(batch, _complaint(error)), report)
                return
            # The contract lets something through that the database refuses: find it, keep the others.
            for half in _halves(batch):
                self._finish(half, report)

    def _keep(self, batch: Batch[T], report: Report, *, finished: Sequence[bytes] = ()) -> None:
        connection = self.connection()
        counts: Mapping[str, int] = {}
        with connection.transaction():
            if batch.events:
                counts = self.store(connection, batch.events)
            if batch.rejections:
                self.parking.park(connection, batch.rejections)
            if finished:
                self.parking.end_attempts(connection, finished)
        report.update(counts)
        report.update(parked=len(batch.rejections))
        self.on_parked(batch.rejections)


def _unstorable(batch: Batch[Any], complaint: str) -> Batch[Any]:
    deliveries = [delivery for _, delivery in batch.events] + [rejection.delivery for rejection in batch.rejections]
    return _parked(deliveries, f"refused by the database: {complaint}")


def _parked(deliveries: Sequence[Delivery], reason: str) -> Batch[Any]:
    return Batch(rejections=[Rejection(delivery=delivery, reason=reason) for delivery in deliveries])


def _halves(batch: Batch[T]) -> tuple[Batch[T], Batch[T]]:
    """Of both kinds: whichever is refused, half of the rest is stored at once."""
    events, rejections = batch.events, batch.rejections
    if len(events) <= 1 and len(rejections) <= 1:
        return Batch(events=events), Batch(rejections=rejections)
    event, rejection = len(events) // 2, len(rejections) // 2
    return (
        Batch(events=events[:event], rejections=rejections[:rejection]),
        Batch(events=events[event:], rejections=rejections[rejection:]),
    )


def _fingerprints(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [delivery.fingerprint() for delivery in deliveries]


def _complaint(error: psycopg.Error) -> str:
    return f"{error.sqlstate} {error.diag.message_primary or type(error).__name__}"
