"""Publish what is due until nothing is, or until the deadline nears; then purge what has expired on the side.

An event is deleted in the transaction that locked it and after the broker's confirm: a relay that dies in between
publishes it twice and never loses it. Rows that failed before come after all others, so a row that never goes
costs no other row's time. A batch is as large as goes in a moment (`batch_size`). What becomes of one that the broker
did not confirm is `suspects`' business; so is one that a run died with: what is noted on its rows before they are read
has them published alone, after all else, or in small batches where theirs was a large one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from outbox_relay import suspects
from outbox_relay.batch_size import ROWS_MIN, BatchSize
from outbox_relay.publishing import (
    PUBLISH_TIMEOUT_S,
    BrokerAwayError,
    Publisher,
    RowOutcome,
    is_away,
    is_doubtful,
    publish,
)
from outbox_relay.repository import Outbox

ROWS_PER_PURGE = 500
# A batch, and the first of its rows alone when it was not confirmed.
BATCH_TIME_S = 2 * PUBLISH_TIMEOUT_S


@dataclass(kw_only=True)
class Report:
    """What one run did; `broker_failure` says why it stopped early."""

    published: int = 0
    postponed: int = 0
    purged: int = 0
    broker_failure: str | None = None


def run(outbox: Outbox, *, publisher: Publisher, remaining_s: Callable[[], float]) -> Report:
    """Work until nothing is due. Raises psycopg.Error; what is done is committed and nothing is lost."""
    report = Report()
    work = _Work(outbox, publisher, remaining_s, report)
    for failed_before in (False, True):
        # Also after the first pass gave up: what it took for an outage may be its own rows, and those of the second go.
        work.repeat(partial(work.relay_batch, failed_before=failed_before))
    while remaining_s() > PUBLISH_TIMEOUT_S:
        purged = outbox.purge_expired(ROWS_PER_PURGE)
        report.purged += purged
        if purged < ROWS_PER_PURGE:
            break
    # Last of all: over one of them this run may die, too.
    work.repeat(work.relay_suspects)
    return report


@dataclass(frozen=True)
class _Work:
    """What one run works with."""

    outbox: Outbox
    publisher: Publisher
    remaining_s: Callable[[], float]
    report: Report
    size: BatchSize = field(default_factory=BatchSize)

    def repeat(self, step: Callable[[], int]) -> None:
        """Until a step finds no row, the broker is away or a batch might not be finished in time."""
        try:
            while self.remaining_s() > BATCH_TIME_S and step():
                pass
        except BrokerAwayError as away:
            self.report.broker_failure = str(away)

    def relay_batch(self, *, failed_before: bool) -> int:
        """Note, lock, publish, delete or postpone, then look into what is doubtful. Returns how many rows were due."""
        began_at = time.monotonic()
        begun = self.outbox.begin_batch(rows=self.size.rows, failed_before=failed_before)
        if not begun:
            return 0
        outcomes = self._relay_begun(begun)
        self.size.went(len(begun), seconds=time.monotonic() - began_at)
        self._look_into(outcomes)
        return len(begun)

    def _relay_begun(self, begun: Sequence[UUID]) -> list[RowOutcome]:
        with self.outbox.transaction():
            outcomes = publish(self.outbox.lock(begun), publisher=self.publisher)
            _settle(self.outbox, outcomes, self.report)
        return outcomes

    def _look_into(self, outcomes: Sequence[RowOutcome]) -> None:
        """What is doubtful goes again: alone, or in small batches where it was a large one. Raises BrokerAwayError."""
        for _, outcome in outcomes:
            if is_away(outcome):
                raise BrokerAwayError(str(outcome))
        doubtful = [row.outbox_id for row, outcome in outcomes if is_doubtful(outcome)]
        if doubtful and len(outcomes) > ROWS_MIN:
            self.size.begin_anew()
        elif doubtful:
            self._relay_singly(doubtful, others_went=any(outcome is None for _, outcome in outcomes))

    def relay_suspects(self) -> int:
        """Rows that a run died with: those of a large batch in small ones first, the others alone."""
        found = self.outbox.suspects()
        if of_many := [suspect for suspect in found if suspect.is_of_many]:
            alike = [each.outbox_id for each in of_many if each.failed_before == of_many[0].failed_before]
            self._look_into(self._relay_begun(self.outbox.begin_again(alike)))
        elif found:
            self._relay_singly([suspect.outbox_id for suspect in found], others_went=self.report.published > 0)
        return len(found)

    def _relay_singly(self, outbox_ids: Sequence[UUID], *, others_went: bool) -> None:
        done = suspects.relay_singly(
            self.outbox,
            outbox_ids,
            others_went=others_went,
            publisher=self.publisher,
            remaining_s=self.remaining_s,
        )
        self.report.published += done.published
        self.report.postponed += done.postponed
        if done.away is not None:
            raise BrokerAwayError(done.away)


def _settle(outbox: Outbox, outcomes: Sequence[RowOutcome], report: Report) -> None:
    """Delete what was published; postpone what the broker answered for itself; of the others nothing is known."""
    published = [row.outbox_id for row, outcome in outcomes if outcome is None]
    refused = [
        (row.outbox_id, str(outcome))
        for row, outcome in outcomes
        if outcome is not None and not is_away(outcome) and not is_doubtful(outcome)
    ]
    unknown = [(row.outbox_id, str(outcome)) for row, outcome in outcomes if is_away(outcome) or is_doubtful(outcome)]
    if published:
        outbox.delete_published(published)
    if refused:
        outbox.postpone(refused)
    if unknown:
        outbox.forget_batch([outbox_id for outbox_id, _ in unknown], unknown[0][1])
    report.published += len(published)
    report.postponed += len(refused)
