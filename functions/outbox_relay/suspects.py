"""Find out which rows of a batch the broker does not take, or the relay dies over, one by one (guarantees G3 and G7).

Each is published alone, and its attempt is noted and committed before it is even read: whatever a message does to the
broker, to the connection or to this function, it has its back-off and its neighbours go. What ends without a word (a
connection that ends, an answer that does not come) is held against a row when the broker took another one meanwhile; a
connection that ends also when the rest of the batch went, or when there is no other row. Otherwise it is an outage: the
notes are taken back, and the rows come after others at the next run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from outbox_relay.publishing import PUBLISH_TIMEOUT_S, Publisher, RowOutcome, is_away, publish
from outbox_relay.repository import DueRow, Outbox
from rabbitmq import ConnectionLostError, PublishError, UnconfirmedError

# So long is a broker tried that ends or ignores all that it gets.
SILENCE_MAX_S = 3 * PUBLISH_TIMEOUT_S
# One more row, and what follows from it before the database is hung up on.
ROW_TIME_S = PUBLISH_TIMEOUT_S + 2


@dataclass(kw_only=True)
class Singly:
    """What became of the rows; `away` says why the broker is held to be away."""

    published: int = 0
    postponed: int = 0
    away: str | None = None
    silent: list[RowOutcome] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether the broker took a message, or said what is wrong with one."""
        return bool(self.published or self.postponed)


def relay_singly(
    outbox: Outbox,
    outbox_ids: Sequence[UUID],
    *,
    others_went: bool,
    publisher: Publisher,
    remaining_s: Callable[[], float],
) -> Singly:
    """Publish each row alone, until time runs out or the broker is held to be away. Raises psycopg.Error.

    `others_went`: the broker took other rows of their batch.
    """
    done = Singly()
    began = time.monotonic()
    for outbox_id in outbox_ids:
        is_silent = bool(done.silent) and not done.is_alive and time.monotonic() - began >= SILENCE_MAX_S
        if done.away is not None or is_silent or remaining_s() < ROW_TIME_S:
            break
        rows = outbox.lock([outbox_id]) if outbox.note_attempt(outbox_id) else []
        for row, outcome in publish(rows, publisher=publisher):
            _settle(outbox, row, outcome, done)
    _judge_silent(outbox, done, is_without_others=others_went or len(outbox_ids) == 1)
    return done


def _settle(outbox: Outbox, row: DueRow, outcome: PublishError | None, done: Singly) -> None:
    if outcome is None:
        outbox.delete_published([row.outbox_id])
        done.published += 1
    elif is_away(outcome):
        outbox.take_back([row.outbox_id], str(outcome))
        done.away = str(outcome)
    else:
        outbox.explain(row.outbox_id, str(outcome))
        if isinstance(outcome, UnconfirmedError):
            done.silent.append((row, outcome))
        else:
            done.postponed += 1


def _judge_silent(outbox: Outbox, done: Singly, *, is_without_others: bool) -> None:
    """Leave the notes of the rows that ended without a word, or take them back."""
    if not done.silent:
        return
    last = done.silent[-1][1]
    is_guilty = is_without_others and isinstance(last, ConnectionLostError) and done.away is None
    if done.is_alive or is_guilty:
        done.postponed += len(done.silent)
        return
    outbox.take_back([row.outbox_id for row, _ in done.silent], str(last))
    done.away = done.away or str(last)
